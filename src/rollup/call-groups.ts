import { firstNotBelow } from '../model/ascending.ts';
import { type CallColumns, NO_BUCKET, type TextColumn } from '../model/call-columns.ts';
import type { Measure } from '../model/measure.ts';
import type { Dimension, GroupKey, Where } from '../model/series.ts';
import { holdsFor } from './cube-view.ts';
import { KeyDictionary } from './packed-cells.ts';

/** The groups that some calls fall into: filtered, and by some dimensions. */
export interface CallGroups {
  /** By number. */
  readonly keys: readonly GroupKey[];
  /** The group of each line, -1 for one that the filter leaves out. */
  of(columns: CallColumns): Int32Array;
}

export function openCallGroups(groupBy: readonly Dimension[], where: Where): CallGroups {
  const groups = new KeyDictionary();
  const names = [...new Set([...groupBy, ...Object.keys(where)])];
  const places = groupBy.map((name) => names.indexOf(name));
  const filters = Object.entries(where).map(([name, condition]) => ({
    place: names.indexOf(name),
    holds: holdsFor(condition),
  }));
  return {
    keys: groups.keys,
    of({ length, dimensions }) {
      const columns = names.map((name) => dimensions.get(name) as TextColumn);
      const { ids, firsts } = combined(columns, length);
      const groupOf = firsts.map((line) => {
        const values = columns.map(({ values: texts, places: at }) => texts[at[line] as number] ?? null);
        if (!filters.every(({ place, holds }) => holds(values[place] ?? null))) return -1;
        return groups.numberOf(places.map((place) => values[place] ?? null));
      });
      return ids.map((id) => groupOf[id] as number);
    },
  };
}

/** Groups by bucket: a number for each bucket that a group had. */
export interface BucketGroups {
  /** How many numbers there are. */
  count(): number;
  of(columns: CallColumns, groupOf: Int32Array, sketch: Measure): Int32Array;
  /** The buckets of a group, ascending, and the number of each. */
  ofGroup(group: number): GroupBuckets;
}

interface GroupBuckets {
  readonly buckets: readonly number[];
  readonly ids: readonly number[];
}

const NO_BUCKETS: GroupBuckets = { buckets: [], ids: [] };

export function openBucketGroups(): BucketGroups {
  const ids = new Map<number, number>();
  const byGroup: { buckets: number[]; ids: number[] }[] = [];
  const idOf = (group: number, bucket: number): number => {
    // Buckets are 32-bit numbers, so that no two pairs share a name.
    const name = group * 2 ** 32 + bucket;
    const known = ids.get(name);
    if (known !== undefined) return known;
    const id = ids.size;
    ids.set(name, id);
    const own = byGroup[group] ?? { buckets: [], ids: [] };
    byGroup[group] = own;
    const place = firstNotBelow(own.buckets, bucket);
    own.buckets.splice(place, 0, bucket);
    own.ids.splice(place, 0, id);
    return id;
  };
  return {
    count: () => ids.size,
    of(columns, groupOf, sketch) {
      const buckets = columns.buckets.get(sketch) as Int32Array;
      return groupOf.map((group, line) => {
        const bucket = buckets[line] as number;
        return group < 0 || bucket === NO_BUCKET ? -1 : idOf(group, bucket);
      });
    },
    ofGroup: (group) => byGroup[group] ?? NO_BUCKETS,
  };
}

/** How many lines the first `length` would be if those that agree in segment, dimensions and buckets were one. */
export function linesTogether({ segments, dimensions, buckets }: CallColumns, length: number): number {
  const columns = [...dimensions.values(), ...[...buckets.values(), segments].map(numbered)];
  return combined(columns, length).firsts.length;
}

function numbered(numbers: Int32Array): { readonly values: readonly number[]; readonly places: Int32Array } {
  const values = [...new Set(numbers)];
  const placeOf = new Map(values.map((value, place) => [value, place]));
  return { values, places: numbers.map((value) => placeOf.get(value) as number) };
}

/** Numbers for the combinations of values that lines have, and a line that has each. */
function combined(
  columns: readonly { readonly values: ArrayLike<unknown>; readonly places: Int32Array }[],
  length: number,
): { readonly ids: Int32Array; readonly firsts: number[] } {
  let ids = new Int32Array(length);
  let firsts = length === 0 ? [] : [0];
  for (const { values, places } of columns) {
    const known = new Map<number, number>();
    const next = new Int32Array(length);
    firsts = [];
    for (let line = 0; line < length; line += 1) {
      const name = (ids[line] as number) * values.length + (places[line] as number);
      let id = known.get(name);
      if (id === undefined) {
        id = firsts.push(line) - 1;
        known.set(name, id);
      }
      next[line] = id;
    }
    ids = next;
  }
  return { ids, firsts };
}
