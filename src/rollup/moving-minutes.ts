import type { PackedCells } from './packed-cells.ts';
import { addCells, carryTotals, emptyTotals, grown, type Totals } from './totals.ts';

/** The sums of some minutes of an hour, moved along instead of being summed anew. */
export interface MovingMinutes {
  /** The cells by the minute that are summed. */
  readonly detail: PackedCells;
  /** Of the minutes that it was moved to last; carried. */
  readonly totals: Totals;
  /** Makes it the sums of minutes [from, to), of so many groups as there are now. */
  moveTo(from: number, to: number, groupOf: Int32Array, measures: number, groups: number): void;
}

/** Begins with no minute. Sums are whole numbers, so that taking away is as exact as adding. */
export function openMovingMinutes(detail: PackedCells, none: Totals): MovingMinutes {
  const minutes = detail.minutes as Int32Array;
  let totals = none;
  let [first, end] = [0, 0];
  const moving = {
    detail,
    get totals(): Totals {
      return totals;
    },
    moveTo(from: number, to: number, groupOf: Int32Array, measures: number, groups: number): void {
      totals = grown(totals, groups * measures);
      const cellsIn = (a: number, b: number): number => (minutes[b] as number) - (minutes[a] as number);
      const change = (a: number, b: number, sign: 1 | -1): void => {
        if (a >= b) return;
        const range = { from: minutes[a] as number, to: minutes[b] as number, sign };
        addCells(totals, detail, groupOf, measures, range);
      };
      const overlaps = Math.max(from, first) < Math.min(to, end);
      const moved =
        cellsIn(Math.min(from, first), Math.max(from, first)) + cellsIn(Math.min(to, end), Math.max(to, end));
      if (!overlaps || moved > cellsIn(from, to)) {
        totals = emptyTotals(groups * measures);
        change(from, to, 1);
      } else {
        change(from, first, 1);
        change(first, from, -1);
        change(end, to, 1);
        change(to, end, -1);
      }
      [first, end] = [from, to];
      carryTotals(totals);
    },
  };
  return moving;
}
