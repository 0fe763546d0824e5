// Lines of calls in columns -> the number of each line's group.

import { type CallColumns, NO_BIN, type TextColumn } from '../../model/call-columns.ts';
import type { Measure } from '../../model/measure.ts';
import type { Dimension, GroupKey, Where } from '../../model/series.ts';
import { holdsFor } from './filter.ts';
import { type BinIndex, GroupIndex } from './group-index.ts';

/** A column of lines: line i has `values[places[i]]`, and no two values are the same. */
export interface LineColumn {
  readonly values: ArrayLike<unknown>;
  readonly places: Int32Array;
}

/** Numbers as such a column. */
export function columnOfNumbers(numbers: Int32Array): LineColumn {
  const values = [...new Set(numbers)];
  const placeOf = new Map(values.map((value, place) => [value, place]));
  return { values, places: numbers.map((value) => placeOf.get(value) as number) };
}

/** A number for each line. `numberOf` is asked once for each combination of values that lines have, with one of these lines. */
export function numbersOfLines(
  columns: readonly LineColumn[],
  length: number,
  numberOf: (line: number) => number,
): Int32Array {
  const { ids, firsts } = combinations(columns, length);
  const numbers = firsts.map(numberOf);
  return ids.map((id) => numbers[id] as number);
}

/** The groups of lines that pass a filter, by some of their dimensions. */
export interface LineGroups {
  /** By number. */
  readonly keys: readonly GroupKey[];
  /** The group of each line, -1 for one that the filter leaves out. */
  of(columns: CallColumns): Int32Array;
}

export function openLineGroups(groupBy: readonly Dimension[], where: Where): LineGroups {
  const index = new GroupIndex();
  const names = [...new Set([...groupBy, ...Object.keys(where)])];
  const conditions = Object.entries(where).map(([name, condition]) => ({ name, holds: holdsFor(condition) }));
  return {
    keys: index.keys,
    of({ length, dimensions }) {
      const valueAt = (name: string, line: number): string | null => {
        const { values, places } = dimensions.get(name) as TextColumn;
        return values[places[line] as number] ?? null;
      };
      const columns = names.map((name) => dimensions.get(name) as TextColumn);
      return numbersOfLines(columns, length, (line) => {
        if (!conditions.every(({ name, holds }) => holds(valueAt(name, line)))) return -1;
        return index.numberOf(groupBy.map((name) => valueAt(name, line)));
      });
    },
  };
}

/** The bin of each line's group in which a line counts, -1 for one without. */
export function binsOfLines(
  { bins: allBins }: CallColumns,
  sketch: Measure,
  groupOf: Int32Array,
  index: BinIndex,
): Int32Array {
  const bins = allBins.get(sketch) as Int32Array;
  return groupOf.map((group, line) => {
    const bin = bins[line] as number;
    return group < 0 || bin === NO_BIN ? -1 : index.numberOf(group, bin);
  });
}

/** How many lines the first `length` would be if those that agree in segment, dimensions and bins were one. */
export function distinctLines({ segments, dimensions, bins }: CallColumns, length: number): number {
  const columns = [...dimensions.values(), ...[...bins.values(), segments].map(columnOfNumbers)];
  return combinations(columns, length).firsts.length;
}

/** A number for each combination of values, by line, and a line that has each of them. */
function combinations(
  columns: readonly LineColumn[],
  length: number,
): { readonly ids: Int32Array; readonly firsts: number[] } {
  let ids = new Int32Array(length);
  let firsts = length === 0 ? [] : [0];
  for (const column of columns) ({ ids, firsts } = combinedWith(column, ids, firsts.length));
  return { ids, firsts };
}

/** A table of all pairs is faster than a map, as long as it has no more members than this for each line. */
const PAIRS_A_LINE = 8;

function combinedWith(
  { values, places }: LineColumn,
  ids: Int32Array,
  count: number,
): { ids: Int32Array<ArrayBuffer>; firsts: number[] } {
  const pairs = count * values.length;
  const table = pairs <= PAIRS_A_LINE * ids.length ? new Int32Array(pairs).fill(-1) : null;
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
