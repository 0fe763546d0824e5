// The hours of a query, put together from reads of half a day each.

import { largestOf } from '../../model/extremes.ts';
import { ONE } from '../../model/money.ts';
import {
  type CellRead,
  type GroupKey,
  type HourSums,
  type HoursBack,
  hourCount,
  type Query,
  type SegmentCell,
} from '../../model/series.ts';
import { HOUR } from '../series/grid.ts';
import { memberOf } from '../series/member.ts';

/** A cell takes a hundred times the memory of its sums, and thousands of groups may have one in each hour. */
const HOURS_A_PART = 12;

/** How many parts the hours of some queries have. */
export function hourParts(queries: readonly Query[]): number {
  return Math.ceil(
    largestOf(
      queries.map(({ hours }) => hourCount(hours)),
      0,
    ) / HOURS_A_PART,
  );
}

/** What a query asks about its hours in a part, 0 being the newest; null for nothing. */
export function partOfHours({ hours, ...query }: Query, part: number): Query | null {
  const [first, end] = [part * HOURS_A_PART, Math.min(hourCount(hours), (part + 1) * HOURS_A_PART)];
  if (hours === undefined || first >= end) return null;
  const measures = hours.counts.flatMap(({ measure, count }) => (count > first ? [measure] : []));
  const windows = Array.from({ length: end - first }, (_, i) => {
    const to = hours.to - (first + i) * HOUR;
    return { from: to - HOUR, to };
  });
  return { ...query, measures, windows };
}

/** Takes the hours of all groups, and gives those of a series. */
export class HourTable {
  readonly #hours: HoursBack;
  /** By group and then by measure. */
  readonly #columns = new Map<string, readonly Float64Array[]>();

  constructor(hours: HoursBack) {
    this.#hours = hours;
  }

  /**
   * Takes the cells of a read of a part, whose segments lie within hours. Queries whose hours end elsewhere share reads: what lies
   * beyond the part comes with another one.
   */
  add({ edges }: CellRead, cells: readonly SegmentCell[], part: number): void {
    const { to, counts } = this.#hours;
    for (const { segment, key, cell } of cells) {
      const back = Math.ceil((to - (edges[segment] as number)) / HOUR);
      if (Math.floor((back - 1) / HOURS_A_PART) !== part) continue;
      const columns = memberOf(this.#columns, JSON.stringify(key), () => this.#emptyColumns());
      for (const [i, { measure, count }] of counts.entries()) {
        const column = columns[i] as Float64Array;
        if (back <= count)
          column[count - back] =
            (column[count - back] as number) + Number(cell.sums[measure] ?? 0n) / Number(ONE);
      }
    }
  }

  /** The hours of the groups of a series. Nothing is kept from one read to the next: each series has a past of its own. */
  sumsOf(keys: readonly GroupKey[]): HourSums {
    const { to, counts } = this.#hours;
    const columns = keys.map((key) => this.#columns.get(JSON.stringify(key)) ?? this.#emptyColumns());
    const pasts = keys.map(() => ({}));
    return {
      to,
      of: (group, measure) => {
        const place = counts.findIndex((one) => one.measure === measure);
        return columns[group]?.[place] ?? new Float64Array(0);
      },
      past: (group) => pasts[group] as object,
    };
  }

  #emptyColumns(): Float64Array[] {
    return this.#hours.counts.map(({ count }) => new Float64Array(count));
  }
}
