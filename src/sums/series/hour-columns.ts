// The sums of single hours, which move along with the newest one.

import type { Measure } from '../../model/measure.ts';
import { type HoursBack, hourCount } from '../../model/series.ts';
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
  /** Another number as soon as an hour is closed, or a closed one changes. */
  version(): number;
  /** Whether an hour is closed: it changes only with the version. */
  isClosed(hour: number): boolean;
  /** What an hour is made of, to be compared with what it was made of before; null where it is not known. */
  partsOf(hour: number): object | null;
  rowsOf(hour: number): HourRows;
}

/** The column of a measure: its last hours, by group. */
interface MeasureColumn {
  readonly measure: Measure;
  readonly count: number;
  readonly groups: Float64Array[];
}

/**
 * The sums of the last hours by group, as doubles, of each measure as many as are asked for. When time moves on, only new hours
 * are added up, and those that are made of something else than before.
 */
export class HourColumns {
  readonly #source: HourSource;
  #columns: readonly MeasureColumn[] = [];
  #pasts: object[] = [];
  #parts: (object | null)[] = [];
  #to = 0;
  /** So many hours from the first on are as they were at this version. */
  #settled = 0;
  #version = Number.NaN;

  constructor(source: HourSource) {
    this.#source = source;
  }

  /** The end of the last hour, ms. */
  get to(): number {
    return this.#to;
  }

  /** Moves to these hours, of the same measures as before; false where one of them is not known. */
  moveTo({ to, counts }: HoursBack): boolean {
    this.#slide(to, counts);
    for (let group = this.#pasts.length; group < this.#source.groupCount(); group += 1) {
      this.#pasts.push({});
      for (const { groups, count } of this.#columns) groups.push(new Float64Array(count));
    }
    const version = this.#source.version();
    if (version !== this.#version) this.#settled = 0;
    this.#version = version;
    let settled = this.#settled;
    for (let place = settled; place < this.#parts.length; place += 1) {
      const hour = to - (this.#parts.length - place) * HOUR;
      if (place === settled && this.#source.isClosed(hour)) settled += 1;
      const parts = this.#source.partsOf(hour);
      if (parts === null) return false;
      const before = this.#parts[place] ?? null;
      if (before === parts) continue;
      this.#take(place, hour, before !== null);
      this.#parts[place] = parts;
    }
    this.#settled = settled;
    return true;
  }

  of(group: number, measure: Measure): Float64Array {
    const column = this.#columns.find((one) => one.measure === measure);
    return column?.groups[group] ?? new Float64Array(column?.count ?? 0);
  }

  past(group: number): object {
    return this.#pasts[group] as object;
  }

  /** Keeps the hours that there were before, where time goes on. They stay where they are in memory, of which there may be much. */
  #slide(to: number, counts: HoursBack['counts']): void {
    const shift = (to - this.#to) / HOUR;
    this.#to = to;
    if (shift < 0 || !counts.every(({ count }, i) => this.#columns[i]?.count === count)) {
      this.#begin(counts);
      return;
    }
    if (shift === 0) return;
    this.#settled = Math.max(0, this.#settled - shift);
    const parts = this.#parts;
    this.#parts = parts.map((_, place) => parts[place + shift] ?? null);
    for (const { groups } of this.#columns) {
      for (const column of groups) column.copyWithin(0, shift).fill(0, -Math.min(shift, column.length));
    }
  }

  #begin(counts: HoursBack['counts']): void {
    this.#pasts = [];
    this.#settled = 0;
    this.#columns = counts.map(({ measure, count }) => ({ measure, count, groups: [] }));
    this.#parts = Array.from({ length: hourCount({ to: this.#to, counts }) }, () => null);
  }

  /** Adds up an hour. Groups whose sum is another one than before have another past. */
  #take(place: number, hour: number, wasKnown: boolean): void {
    const { layout } = this.#source;
    const columns = this.#columns.flatMap(({ measure, count, groups }) => {
      const own = place - (this.#parts.length - count);
      const { units, parts } = layout.columnOf.get(measure) as Layout['columns'][number];
      return own < 0 ? [] : [{ groups, own, units, parts }];
    });
    const before = wasKnown ? columns.map(({ groups, own }) => groups.map((column) => column[own])) : [];
    for (const { groups, own } of columns) for (const column of groups) column[own] = 0;
    this.#source.rowsOf(hour).forEach((group, values, at) => {
      for (const { groups, own, units, parts } of columns) {
        const whole = values[at + units] as number;
        const column = groups[group] as Float64Array;
        column[own] =
          (column[own] as number) + (parts === null ? whole : doubleOf(whole, values[at + parts] as number));
      }
    });
    before.forEach((sums, i) => {
      const { groups, own } = columns[i] as (typeof columns)[number];
      sums.forEach((sum, group) => {
        if (groups[group]?.[own] !== sum) this.#pasts[group] = {};
      });
    });
  }
}
