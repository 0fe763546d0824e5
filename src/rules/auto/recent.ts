// Values by hour or day, of which only the latest are kept.

/** Keeps the values of the latest `count` numbers that were asked for, which are asked for in ascending order over time. */
export class Recent<T> {
  readonly #count: number;
  /** Made when first needed: of most groups no hour is ever looked at closely. */
  #numbers: Float64Array | null = null;
  readonly #values: T[] = [];

  constructor(count: number) {
    this.#count = count;
  }

  /** The value of an hour or day, made where it is not kept. */
  of(number: number, make: () => T): T {
    this.#numbers ??= new Float64Array(this.#count).fill(Number.NaN);
    const place = ((number % this.#count) + this.#count) % this.#count;
    if (this.#numbers[place] !== number) {
      const value = make();
      this.#numbers[place] = number;
      this.#values[place] = value;
    }
    return this.#values[place] as T;
  }
}
