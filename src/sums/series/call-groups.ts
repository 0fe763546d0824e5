// Calls in columns -> the groups they fall into.

import { type CallColumns, NO_BUCKET, type TextColumn } from '../../model/call-columns.ts';
import type { Measure } from '../../model/measure.ts';
import type { Dimension, GroupKey, Where } from '../../model/series.ts';
import { type GroupBuckets, openBucketIndex } from './bucket-index.ts';
import { holdsFor } from './filter.ts';
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

export function openBucketGroups(): BucketGroups {
  let size = 0;
  const index = openBucketIndex();
  const idOf = (group: number, bucket: number): number => {
    const known = index.get(group, bucket);
    if (known !== undefined) return known;
    index.set(group, bucket, size);
    size += 1;
    return size - 1;
  };
  return {
    count: () => size,
    of(columns, groupOf, sketch) {
      const buckets = columns.buckets.get(sketch) as Int32Array;
      return groupOf.map((group, line) => {
        const bucket = buckets[line] as number;
        return group < 0 || bucket === NO_BUCKET ? -1 : idOf(group, bucket);
      });
    },
    ofGroup: index.ofGroup,
  };
}

/** How many lines the first `length` would be if those that agree in segment, dimensions and buckets were one. */
export function linesTogether({ segments, dimensions, buckets }: CallColumns, length: number): number {
  const columns = [...dimensions.values(), ...[...buckets.values(), segments].map(numbered)];
  return combined(columns, length).firsts.length;
}

/** Numbers by the places of `values`, each of which is there once. */
export interface NumberColumn {
  readonly values: readonly number[];
  readonly places: Int32Array;
}

/** Numbers as a column to be combined with others. */
export function numbered(numbers: Int32Array): NumberColumn {
  const values = [...new Set(numbers)];
  const placeOf = new Map(values.map((value, place) => [value, place]));
  return { values, places: numbers.map((value) => placeOf.get(value) as number) };
}

interface Column {
  readonly values: ArrayLike<unknown>;
  readonly places: Int32Array;
}

/** Numbers for the combinations of values that lines have, and a line that has each. */
export function combined(
  columns: readonly Column[],
  length: number,
): { readonly ids: Int32Array; readonly firsts: number[] } {
  let ids = new Int32Array(length);
  let firsts = length === 0 ? [] : [0];
  for (const column of columns) ({ ids, firsts } = combinedWith(column, ids, firsts.length));
  return { ids, firsts };
}

/** Above it, a table of all pairs would be larger than the lines are many. */
const LARGEST_TABLE = 1_000_000;

function combinedWith(
  { values, places }: Column,
  ids: Int32Array,
  count: number,
): { ids: Int32Array<ArrayBuffer>; firsts: number[] } {
  const pairs = count * values.length;
  const table = pairs <= LARGEST_TABLE ? new Int32Array(pairs).fill(-1) : null;
  const known = new Map<number, number>();
  const next = new Int32Array(ids.length);
  const firsts: number[] = [];
  for (let line = 0; line < ids.length; line += 1) {
    const pair = (ids[line] as number) * values.length + (places[line] as number);
    let id = table === null ? (known.get(pair) ?? -1) : (table[pair] as number);
    if (id < 0) {
      id = firsts.push(line) - 1;
      if (table === null) known.set(pair, id);
      else table[pair] = id;
    }
    next[line] = id;
  }
  return { ids: next, firsts };
}
