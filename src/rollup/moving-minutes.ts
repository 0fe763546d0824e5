import { MINUTES } from './grid.ts';
import type { PackedCells } from './packed-cells.ts';
import { addCells, carryTotals, clearTotals, emptyTotals, grown, type Totals } from './totals.ts';

/** How a view puts cells together: the group of each key, and how many measures and groups there are. */
export interface Grouping {
  readonly groupOf: Int32Array;
  readonly measures: number;
  readonly groups: number;
}

/** The sums of some minutes of an hour, moved along instead of being summed anew. */
export interface MovingMinutes {
  /** Of the minutes that it was moved to last; carried. */
  readonly totals: Totals;
  /** Makes it the sums of minutes [from, to) of these cells, which may have changed in some minutes since. */
  moveTo(detail: PackedCells, from: number, to: number, grouping: Grouping): void;
}

/** Begins with no minute. Sums are whole numbers, so that taking away is as exact as adding. */
export function openMovingMinutes(): MovingMinutes {
  let totals = emptyTotals(0);
  let [detail, first, end]: [PackedCells | null, number, number] = [null, 0, 0];
  return {
    get totals(): Totals {
      return totals;
    },
    moveTo(next, from, to, { groupOf, measures, groups }) {
      totals = grown(totals, groups * measures);
      const held = detail;
      const isHeld = (minute: number): boolean => held !== null && minute >= first && minute < end;
      const isWanted = (minute: number): boolean => minute >= from && minute < to;
      const isSame = (minute: number): boolean => held?.origins?.[minute] === next.origins?.[minute];

      const leaving: number[] = [];
      const entering: number[] = [];
      let moved = 0;
      for (let minute = Math.min(from, first); minute < Math.max(to, end); minute += 1) {
        if (isHeld(minute) && isWanted(minute) && isSame(minute)) continue;
        if (isHeld(minute)) {
          leaving.push(minute);
          moved += cellsIn(held as PackedCells, minute, minute + 1);
        }
        if (isWanted(minute)) {
          entering.push(minute);
          moved += cellsIn(next, minute, minute + 1);
        }
      }
      if (held === null || moved > cellsIn(next, from, to) || held.lacks.join() !== next.lacks.join()) {
        clearTotals(totals);
        addCells(totals, next, groupOf, measures, rangeOf(next, from, to, 1));
      } else {
        for (const minute of entering) {
          addCells(totals, next, groupOf, measures, rangeOf(next, minute, minute + 1, 1));
        }
        for (const minute of leaving) {
          addCells(totals, held, groupOf, measures, rangeOf(held, minute, minute + 1, -1));
        }
      }
      [detail, first, end] = [next, from, to];
      carryTotals(totals);
    },
  };
}

function rangeOf({ minutes }: PackedCells, from: number, to: number, sign: 1 | -1) {
  return { from: minutes?.[from] ?? 0, to: minutes?.[Math.min(to, MINUTES)] ?? 0, sign };
}

function cellsIn(cells: PackedCells, from: number, to: number): number {
  const range = rangeOf(cells, from, to, 1);
  return range.to - range.from;
}
