// Sums of windows by group -> the answer to a query.

import { binsOf, isSketch, type Measure } from '../../model/measure.ts';
import type { Fixed } from '../../model/money.ts';
import type { Cell, GroupKey, HourSums, Series } from '../../model/series.ts';
import { quantileOf, type Sketch, sketchOf } from '../../model/sketch.ts';
import { doubleOf, fixedOf } from './exact.ts';
import type { GroupBins } from './group-index.ts';
import type { HourColumns } from './hour-columns.ts';
import type { Column, Layout } from './layout.ts';
import type { Totals } from './totals.ts';

/** A measure that is kept as a sketch: in each window the count of calls in each bin, by the number of the bin. */
export interface SketchCounts {
  readonly measure: Measure;
  /** The bins of a group, by the number of the group. */
  binsOf(group: number): GroupBins;
  readonly windows: readonly Totals[];
}

/** What a query is answered from: its measures, and the sums of each of its windows, as a layout with `calls` says. */
export interface SeriesColumns {
  readonly measures: readonly Measure[];
  readonly layout: Layout;
  /** By window. */
  readonly windows: readonly Totals[];
  readonly sketches: readonly SketchCounts[];
}

/**
 * The answer to a query at one evaluation time after the other. Its sums are those of moving windows, which others change:
 * `moved` must be called after that, and what the series was asked before is void. A class, so that its compiled code is
 * shared by all queries: a replay asks a million times.
 */
export class ColumnSeries implements Series {
  readonly #additive: readonly Measure[];
  readonly #layout: Layout;
  readonly #windows: readonly Totals[];
  readonly #sketches: readonly SketchCounts[];
  readonly #calls: number;
  #allKeys: readonly GroupKey[] = [];
  /** The numbers of the groups that have a row in one of the windows, ascending. */
  #groups: Int32Array = new Int32Array(0);
  /** Made when they are asked for: of thousands of groups, most are never named. */
  #keys: readonly GroupKey[] | null = [];
  /** Where estimates are written, by window and by measures: new memory each time costs as much as to fill it. */
  readonly #buffers: WeakMap<readonly Measure[], Float64Array>[] = [];
  /** The measure that was asked for last, as it is asked for many times over, and its column. */
  #latest: Measure = 'calls';
  #column: Column;

  #hours: HourColumns | null = null;

  constructor({ measures, layout, windows, sketches }: SeriesColumns) {
    this.#additive = measures.filter((measure) => !isSketch(measure));
    this.#layout = layout;
    this.#windows = windows;
    this.#sketches = sketches;
    this.#column = layout.columnOf.get('calls') as Column;
    this.#calls = this.#column.units;
  }

  /**
   * The sums have changed: finds the groups that have a row in one of the windows, out of all of these. `hours` is null where
   * the query asks for no single hours.
   */
  moved(allKeys: readonly GroupKey[], hours: HourColumns | null): void {
    this.#hours = hours;
    const place = { width: this.#layout.width, calls: this.#calls };
    const groups = groupsWithRows(this.#windows, place, allKeys.length, this.#groups);
    if (groups === this.#groups) return;
    this.#allKeys = allKeys;
    this.#groups = groups;
    this.#keys = null;
  }

  get keys(): readonly GroupKey[] {
    this.#keys ??= Array.from(this.#groups, (group) => this.#allKeys[group] as GroupKey);
    return this.#keys;
  }

  has(group: number, window: number): boolean {
    return this.#values(window)[this.#rowOf(group) + this.#calls] !== 0;
  }

  cell(group: number, window: number): Cell | null {
    if (!this.has(group, window)) return null;
    const sumsOf = () => this.#sumsOf(group, window);
    const sketchesOf = () => this.#sketchesOf(group, window);
    // A percentile is known from its sketch alone, and exact sums cost more than it does.
    return {
      get sums() {
        return sumsOf();
      },
      get sketches() {
        return sketchesOf();
      },
    };
  }

  estimate(group: number, window: number, measure: Measure): number {
    const values = this.#values(window);
    const { units, parts } = this.#columnOf(measure);
    const row = this.#rowOf(group);
    const whole = values[row + units] as number;
    return parts === null ? whole : doubleOf(whole, values[row + parts] as number);
  }

  estimates(window: number, measures: readonly Measure[]): Float64Array {
    const sums = this.#buffer(window, measures);
    const values = this.#values(window);
    let isFirst = true;
    for (const measure of measures) {
      addEstimates(isFirst, sums, values, this.#groups, this.#layout.width, this.#columnOf(measure));
      isFirst = false;
    }
    return sums;
  }

  quantile(group: number, window: number, measure: Measure, q: number): number | null {
    const sketch = this.#sketches.find((one) => one.measure === measure);
    if (sketch === undefined) return null;
    const { bins, numbers } = sketch.binsOf(this.#groups[group] as number);
    return quantileOf(bins, countsOf(sketch.windows[window] as Totals, numbers), q, binsOf(measure));
  }

  get hours(): HourSums | undefined {
    const columns = this.#hours;
    if (columns === null) return undefined;
    return {
      to: columns.to,
      of: (group, measure) => columns.of(this.#groups[group] as number, measure),
      past: (group) => columns.past(this.#groups[group] as number),
    };
  }

  #buffer(window: number, measures: readonly Measure[]): Float64Array {
    const { length } = this.#groups;
    let buffers = this.#buffers[window];
    if (buffers === undefined) {
      buffers = new WeakMap();
      this.#buffers[window] = buffers;
    }
    let buffer = buffers.get(measures);
    if (buffer === undefined || buffer.length < length) {
      buffer = new Float64Array(this.#allKeys.length);
      buffers.set(measures, buffer);
    }
    return buffer.length === length ? buffer : buffer.subarray(0, length);
  }

  #values(window: number): Float64Array {
    return (this.#windows[window] as Totals).values;
  }

  #rowOf(group: number): number {
    return (this.#groups[group] as number) * this.#layout.width;
  }

  #columnOf(measure: Measure): Column {
    if (measure !== this.#latest) {
      this.#latest = measure;
      this.#column = this.#layout.columnOf.get(measure) as Column;
    }
    return this.#column;
  }

  #sumsOf(group: number, window: number): Cell['sums'] {
    const values = this.#values(window);
    const row = this.#rowOf(group);
    const sums: Partial<Record<Measure, Fixed>> = {};
    for (const measure of this.#additive) {
      const { units, parts } = this.#layout.columnOf.get(measure) as Column;
      sums[measure] = fixedOf(
        values[row + units] as number,
        parts === null ? 0 : (values[row + parts] as number),
      );
    }
    return sums;
  }

  #sketchesOf(group: number, window: number): Cell['sketches'] {
    const own: Partial<Record<Measure, Sketch>> = {};
    for (const { measure, binsOf, windows } of this.#sketches) {
      const { bins, numbers } = binsOf(this.#groups[group] as number);
      own[measure] = sketchOf(bins, countsOf(windows[window] as Totals, numbers));
    }
    return own;
  }
}

/** The counts of some bins. One that is newer than the counts has none. */
function countsOf({ values }: Totals, numbers: readonly number[]): Float64Array {
  const counts = new Float64Array(numbers.length);
  for (let i = 0; i < numbers.length; i += 1) {
    const number = numbers[i] as number;
    if (number < values.length) counts[i] = values[number] as number;
  }
  return counts;
}

/** Adds a measure of some groups to their sums, or sets it where it is the first. A replay spends most of its time here. */
function addEstimates(
  isFirst: boolean,
  sums: Float64Array,
  values: Float64Array,
  groups: Int32Array,
  width: number,
  { units, parts }: Column,
): void {
  for (let i = 0; i < sums.length; i += 1) {
    const row = (groups[i] as number) * width;
    const whole = values[row + units] as number;
    const estimate = parts === null ? whole : doubleOf(whole, values[row + parts] as number);
    sums[i] = isFirst ? estimate : (sums[i] as number) + estimate;
  }
}

/** The groups with a row in one of the windows, ascending: `recent` itself where they are the same, as they mostly are. */
function groupsWithRows(
  windows: readonly Totals[],
  { width, calls }: { readonly width: number; readonly calls: number },
  count: number,
  recent: Int32Array,
): Int32Array {
  const first = (windows[0] as Totals).values;
  let groups: Int32Array | null = null;
  let found = 0;
  for (let group = 0, at = calls; group < count; group += 1, at += width) {
    if (first[at] === 0 && !hasRow(windows, at)) continue;
    if (groups === null && recent[found] !== group) {
      groups = new Int32Array(count);
      groups.set(recent.subarray(0, found));
    }
    if (groups !== null) groups[found] = group;
    found += 1;
  }
  const all = groups ?? recent;
  return all.length === found ? all : all.slice(0, found);
}

function hasRow(windows: readonly Totals[], at: number): boolean {
  for (let i = 1; i < windows.length; i += 1) if ((windows[i] as Totals).values[at] !== 0) return true;
  return false;
}
