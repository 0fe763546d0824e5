// Sums by group, to which buckets are added and from which they are taken away.

import type { Measure } from '../../model/measure.ts';
import type { Bucket, Buckets } from './buckets.ts';
import { CARRY_AFTER, carry } from './exact.ts';
import { type Layout, layoutOf } from './layout.ts';

/** The sums of a window or a span: the row of group g begins at `values[g × width]`. */
export interface Totals {
  values: Float64Array;
  /** How many numbers may have been added to one of them since parts were carried. */
  uncarried: number;
  /** Whether some of what was added lacks a measure, so that its sums are too small. */
  isShort: boolean;
}

/** Some measures of buckets that have more. */
export interface Projection {
  readonly layout: Layout;
  /** The place of each measure among those of the buckets. */
  readonly places: readonly number[];
  /** For each number of the layout, where it stands in a row of the buckets. */
  readonly offsets: Int32Array;
  /** How many numbers a row of the buckets has. */
  readonly rowWidth: number;
}

/** Rows of buckets, from one up to another, which are added or (sign -1) taken away. */
export interface RowRange {
  readonly from: number;
  readonly to: number;
  readonly sign?: 1 | -1;
}

/** Mostly a query needs two measures of all that are kept: less is added, and less is fetched from memory. */
export function projectionOf(measures: readonly Measure[], ofBuckets: Layout): Projection {
  const layout = layoutOf(measures);
  const offsets = new Int32Array(layout.width);
  for (const [place, { units, parts }] of layout.columns.entries()) {
    const source = ofBuckets.columnOf.get(measures[place] as Measure);
    if (source === undefined) throw new RangeError(`there are no sums of ${measures[place]}`);
    offsets[units] = source.units;
    if (parts !== null && source.parts !== null) offsets[parts] = source.parts;
  }
  const places = measures.map((measure) => ofBuckets.measures.indexOf(measure));
  return { layout, places, offsets, rowWidth: ofBuckets.width };
}

export function emptyTotals(size: number): Totals {
  return { values: new Float64Array(size), uncarried: 0, isShort: false };
}

/** Sets all sums to 0. */
export function clearTotals(totals: Totals): void {
  totals.values.fill(0);
  totals.uncarried = 0;
  totals.isShort = false;
}

/**
 * Adds rows to the totals of other groups: `groupOf` has the number of each of the buckets' groups, -1 for one that is left
 * out. All rows may fall into one group, so each counts as an addition.
 */
export function addProjected(
  totals: Totals,
  { groups, values: rows }: Omit<Buckets, 'starts'>,
  groupOf: Int32Array,
  { layout, offsets, rowWidth }: Projection,
  { from, to, sign = 1 }: RowRange,
): void {
  const { values } = totals;
  for (let begin = from; begin < to; begin += CARRY_AFTER) {
    const end = Math.min(to, begin + CARRY_AFTER);
    makeRoom(totals, layout, end - begin);
    for (let row = begin; row < end; row += 1) {
      const group = groupOf[groups[row] as number] as number;
      if (group < 0) continue;
      const at = group * layout.width;
      const source = row * rowWidth;
      for (let i = 0; i < offsets.length; i += 1) {
        values[at + i] =
          (values[at + i] as number) + sign * (rows[source + (offsets[i] as number)] as number);
      }
    }
  }
}

/** Adds sums of the same groups, which may be fewer. Their parts must be carried. */
export function addTotals(totals: Totals, more: Totals, { layout }: Projection): void {
  makeRoom(totals, layout, 1);
  for (let i = 0; i < more.values.length; i += 1) {
    totals.values[i] = (totals.values[i] as number) + (more.values[i] as number);
  }
}

export function carryTotals(totals: Totals, layout: Layout): void {
  carry(totals.values, layout);
  totals.uncarried = 0;
}

/** Makes the totals `size` numbers long at least; new ones are 0. */
export function grow(totals: Totals, size: number): void {
  if (totals.values.length >= size) return;
  const larger = new Float64Array(size);
  larger.set(totals.values);
  totals.values = larger;
}

/** Whether buckets lack one of the measures that are summed. */
export function isShortOf({ lacks }: Pick<Bucket, 'lacks'>, { places }: Projection): boolean {
  return lacks.length > 0 && lacks.some((place) => places.includes(place));
}

/** Carries where so many additions more would not be exact. */
function makeRoom(totals: Totals, layout: Layout, additions: number): void {
  if (totals.uncarried + additions > CARRY_AFTER) carryTotals(totals, layout);
  totals.uncarried += additions;
}
