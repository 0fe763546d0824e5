// Cells -> the answer to a query.

import { isSketch, type Measure } from '../../model/measure.ts';
import type { Fixed } from '../../model/money.ts';
import type { Cell, GroupKey, Query, Series } from '../../model/series.ts';
import { quantileOf, type Sketch, sketchOf } from '../../model/sketch.ts';
import type { Window } from '../../model/window.ts';
import type { GroupBuckets } from '../series/bucket-index.ts';
import { memberOf } from '../series/grid.ts';
import { estimateAt, type Layout, type Place } from '../series/layout.ts';
import { fixedOf } from '../series/packed-cells.ts';
import type { Totals } from '../series/totals.ts';
import type { CubeCells } from './cube-cells.ts';
import type { CubeView } from './cube-view.ts';
import type { MovingWindow } from './moving-window.ts';
import { NO_GROUPS, type RecentGroups, sameOrNew } from './recent-groups.ts';

/** The views of the cubes that answer a query. */
export interface QueryViews {
  readonly sums: CubeView;
  readonly sketches: readonly { readonly measure: Measure; readonly view: CubeView }[];
}

/**
 * Answers a query from cells at one look after the other, as seriesOf would give it from the store: null when a cell that
 * it needs is missing. Only its windows may differ from look to look, and they should move by little.
 */
export interface Answer {
  to(windows: readonly Window[], at: number): Series | null;
}

export function openAnswer({ measures }: Query, { sums, sketches }: QueryViews): Answer {
  const additive = measures.filter((measure) => !isSketch(measure));
  const sumsOf = openColumns(sums);
  const sketched = sketches.map(({ measure, view }) => ({
    measure,
    columnsOf: openColumns(view),
    bucketsOf: openBuckets(view),
  }));
  let recent = NO_GROUPS;

  return {
    to(windows, at) {
      const columns = sumsOf.to(windows, at);
      if (columns === null) return null;
      const counted: CountedSketch[] = [];
      for (const { measure, columnsOf, bucketsOf } of sketched) {
        const own = columnsOf.to(windows, at);
        if (own === null) return null;
        counted.push({ measure, columns: own, bucketsOf });
      }
      recent = groupsWithRows(columns, sums, recent);
      return new LookSeries(sums, additive, recent, columns, counted);
    },
  };
}

/**
 * The answer of one look. A class, as functions that are made anew at every poll lose the code that was compiled for them
 * whenever memory is collected, and compiling them again costs more than the poll.
 */
class LookSeries implements Series {
  readonly keys: readonly GroupKey[];
  readonly #own: CubeCells;
  readonly #layout: Layout;
  readonly #additive: readonly Measure[];
  readonly #groups: Int32Array;
  readonly #columns: readonly Totals[];
  readonly #counted: readonly CountedSketch[];
  readonly #looks: number;

  constructor(
    { own, shape: { layout } }: CubeView,
    additive: readonly Measure[],
    { numbers, keys }: RecentGroups,
    columns: readonly Totals[],
    counted: readonly CountedSketch[],
  ) {
    this.keys = keys;
    this.#own = own;
    this.#layout = layout;
    this.#additive = additive;
    this.#groups = numbers;
    this.#columns = columns;
    this.#counted = counted;
    this.#looks = own.looks;
  }

  has(group: number, window: number): boolean {
    return Boolean(this.#column(window)[this.#at(group) + callsIn(this.#layout)]);
  }

  cell(group: number, window: number): Cell | null {
    if (!this.has(group, window)) return null;
    const values = this.#column(window);
    const at = this.#at(group);
    const sums: Partial<Record<Measure, Fixed>> = {};
    for (const measure of this.#additive) {
      const { units, parts } = this.#place(measure);
      sums[measure] = fixedOf(
        values[at + units] as number,
        parts === null ? 0 : (values[at + parts] as number),
      );
    }
    return { sums, sketches: sketchesOf(this.#counted, this.keys[group] as GroupKey, window) };
  }

  estimate(group: number, window: number, measure: Measure): number {
    return estimateAt(this.#column(window), this.#at(group), this.#place(measure));
  }

  estimates(window: number, measures: readonly Measure[]): Float64Array {
    const values = this.#column(window);
    const sums = new Float64Array(this.#groups.length);
    for (const measure of measures) {
      const place = this.#place(measure);
      for (let group = 0; group < sums.length; group += 1) {
        sums[group] = (sums[group] as number) + estimateAt(values, this.#at(group), place);
      }
    }
    return sums;
  }

  quantile(group: number, window: number, measure: Measure, q: number): number | null {
    this.#column(window);
    for (const { measure: own, columns, bucketsOf } of this.#counted) {
      if (own !== measure) continue;
      const { buckets, ids } = bucketsOf(this.keys[group] as GroupKey);
      const { values } = columns[window] as Totals;
      return quantileOf(buckets, countsIn(values, ids), q);
    }
    return null;
  }

  #at(group: number): number {
    return (this.#groups[group] as number) * this.#layout.width;
  }

  #place(measure: Measure): Place {
    return this.#layout.places.get(measure) as Place;
  }

  /** The sums are written over by the next look; who kept the answer must not be told of another instant. */
  #column(window: number): Float64Array {
    if (this.#own.looks !== this.#looks) throw new RangeError('an answer of an earlier look was asked');
    return (this.#columns[window] as Totals).values;
  }
}

/** The sums of a query's windows in one view. */
interface Columns {
  /** Null where one of them is not known, or without a measure. */
  to(windows: readonly Window[], at: number): Totals[] | null;
}

function openColumns(view: CubeView): Columns {
  const moving: MovingWindow[] = [];
  const movingTo = (window: Window, i: number): MovingWindow => {
    const known = moving[i];
    // Windows that were the same for a while part: `today` and a rolling day after midnight.
    if (known?.isFree(window) === true) return known;
    const opened = view.open(window);
    moving[i] = opened;
    return opened;
  };
  return {
    to(windows, at) {
      const columns: Totals[] = [];
      for (let i = 0; i < windows.length; i += 1) {
        const window = windows[i] as Window;
        const totals = movingTo(window, i).totals(window, at);
        if (totals === null) return null;
        columns.push(totals);
      }
      return columns;
    },
  };
}

function callsIn({ places }: Layout): number {
  return (places.get('calls') as Place).units;
}

/** The groups of a view that have a row in one of the windows. */
function groupsWithRows(
  columns: readonly Totals[],
  { groups, shape: { layout } }: CubeView,
  recent: RecentGroups,
): RecentGroups {
  const numbers = new Int32Array(groups.length);
  const calls = callsIn(layout);
  let found = 0;
  for (let group = 0; group < groups.length; group += 1) {
    if (!hasRows(columns, group * layout.width + calls)) continue;
    numbers[found] = group;
    found += 1;
  }
  return sameOrNew(recent, numbers, found, groups);
}

function hasRows(columns: readonly Totals[], place: number): boolean {
  for (let i = 0; i < columns.length; i += 1) if ((columns[i] as Totals).values[place]) return true;
  return false;
}

/** A sketch's counts in each window: the sums of its view are counts of calls alone. */
interface CountedSketch {
  readonly measure: Measure;
  readonly columns: readonly Totals[];
  readonly bucketsOf: BucketsOf;
}

/** Which groups of a view by bucket are the buckets of a group: the view has a group for every bucket. */
type BucketsOf = (key: GroupKey) => GroupBuckets;

function openBuckets({ split }: CubeView): BucketsOf {
  const numbers = new Map<GroupKey, number>();
  return (key) => split.buckets.ofGroup(memberOf(numbers, key, () => split.numberOf(key)));
}

function countsIn(values: Float64Array, ids: readonly number[]): Float64Array {
  const counts = new Float64Array(ids.length);
  for (let i = 0; i < ids.length; i += 1) {
    const id = ids[i] as number;
    // A group may be newer than the sums.
    if (id < values.length) counts[i] = values[id] as number;
  }
  return counts;
}

const NO_SKETCHES: Cell['sketches'] = {};

function sketchesOf(
  counted: readonly CountedSketch[],
  key: GroupKey,
  window: number,
): Readonly<Partial<Record<Measure, Sketch>>> {
  if (counted.length === 0) return NO_SKETCHES;
  const sketches: Partial<Record<Measure, Sketch>> = {};
  for (const { measure, columns, bucketsOf } of counted) {
    const { buckets, ids } = bucketsOf(key);
    const { values } = columns[window] as Totals;
    const sketch = sketchOf(buckets, countsIn(values, ids));
    if (sketch.size > 0) sketches[measure] = sketch;
  }
  return sketches;
}
