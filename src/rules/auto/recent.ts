// Values by hour or day, of which only the latest are kept.

/** Keeps the values of the latest `count` numbers that were asked for, which are asked for in ascending order over time. */
export class Recent<T> {
  readonly #numbers: Float64Array;
  readonly #values: T[] = [];

  constructor(count: number) {
    this.#numbers = new Float64Array(count).fill(Number.NaN);
  }

  /** The value of an hour or day, made where it is not kept. */
  of(number: number, make: () => T): T {
    const { length } = this.#numbers;
    const place = ((number % length) + length) % length;
    if (this.#numbers[place] !== number) {
      const value = make();
      this.#numbers[place] = number;
      this.#values[place] = value;
    }
    return this.#values[place] as T;
  }
}
