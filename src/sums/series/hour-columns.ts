// The sums of single hours, which move along with the newest one.

import type { Measure } from '../../model/measure.ts';
import type { Window } from '../../model/window.ts';
import { doubleOf } from './exact.ts';
import { HOUR } from './grid.ts';
import type { Layout } from './layout.ts';

/** The rows of an hour, numbered as the groups of a series are. Adding those of one group gives its sum. */
export interface HourRows {
  /** Calls `take` for each row: its group, and where its numbers begin in `values`. */
  forEach(take: (group: number, values: Float64Array, at: number) => void): void;
}

/** Where hours come from. */
export interface HourSource {
  readonly layout: Layout;
  /** How many groups there are. */
  groupCount(): number;
  /** What an hour is made of, to be compared with what it was made of before; null where it is not known. */
  partsOf(hour: number): object | null;
  rowsOf(hour: number): HourRows;
}

/**
 * The sums of each hour of a span by group, as doubles. When the span moves on, only new hours are added up, and those that
 * are made of something else than before.
 */
export class HourColumns {
  readonly #source: HourSource;
  readonly #measures: readonly Measure[];
  /** By group, one array a measure. */
  #columns: Float64Array[][] = [];
  #pasts: object[] = [];
  #parts: (object | null)[] = [];
  #from = 0;

  /** The beginning of the first hour, ms. */
  get from(): number {
    return this.#from;
  }

  constructor(source: HourSource, measures: readonly Measure[]) {
    this.#source = source;
    this.#measures = measures;
  }

  /** Moves to the hours of a span (ms); false where one of them is not known. */
  moveTo({ from, to }: Window): boolean {
    this.#slide(from, (to - from) / HOUR);
    const count = this.#source.groupCount();
    while (this.#columns.length < count) {
      this.#columns.push(this.#measures.map(() => new Float64Array(this.#parts.length)));
      this.#pasts.push({});
    }
    for (let place = 0; place < this.#parts.length; place += 1) {
      const hour = from + place * HOUR;
      const parts = this.#source.partsOf(hour);
      if (parts === null) return false;
      const before = this.#parts[place];
      if (before === parts) continue;
      this.#take(place, hour, before !== null);
      this.#parts[place] = parts;
    }
    return true;
  }

  of(group: number, measure: Measure): Float64Array {
    return this.#columns[group]?.[this.#measures.indexOf(measure)] ?? new Float64Array(this.#parts.length);
  }

  past(group: number): object {
    return this.#pasts[group] as object;
  }

  /** Keeps the hours that both spans have. */
  #slide(from: number, length: number): void {
    const shift = (from - this.#from) / HOUR;
    this.#from = from;
    if (shift === 0 && length === this.#parts.length) return;
    const parts = this.#parts;
    this.#parts = Array.from({ length }, (_, place) => parts[place + shift] ?? null);
    this.#columns = this.#columns.map((columns) =>
      columns.map((column) => {
        const moved = new Float64Array(length);
        for (let place = 0; place < length; place += 1) moved[place] = column[place + shift] ?? 0;
        return moved;
      }),
    );
  }

  /** Adds up an hour. Groups whose sum is another one than before have another past. */
  #take(place: number, hour: number, wasKnown: boolean): void {
    const { layout } = this.#source;
    const columns = this.#measures.map(
      (measure) => layout.columnOf.get(measure) as Layout['columns'][number],
    );
    const before = this.#columns.map((own) => own.map((column) => column[place] as number));
    for (const own of this.#columns) for (const column of own) column[place] = 0;
    this.#source.rowsOf(hour).forEach((group, values, at) => {
      const own = this.#columns[group] as Float64Array[];
      columns.forEach(({ units, parts }, i) => {
        const whole = values[at + units] as number;
        const column = own[i] as Float64Array;
        column[place] =
          (column[place] as number) +
          (parts === null ? whole : doubleOf(whole, values[at + parts] as number));
      });
    });
    if (!wasKnown) return;
    this.#columns.forEach((own, group) => {
      if (own.some((column, i) => column[place] !== before[group]?.[i])) this.#pasts[group] = {};
    });
  }
}
