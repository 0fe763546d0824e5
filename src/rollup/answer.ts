import { isSketch, type Measure } from '../model/measure.ts';
import { type Fixed, ONE } from '../model/money.ts';
import type { Cell, GroupKey, Query, Series } from '../model/series.ts';
import { quantileOf, type Sketch } from '../model/sketch.ts';
import type { Window } from '../model/window.ts';
import type { GroupBuckets } from './bucket-index.ts';
import type { CubeCells } from './cube-cells.ts';
import type { CubeView } from './cube-view.ts';
import { memberOf } from './grid.ts';
import type { MovingWindow } from './moving-window.ts';
import { fixedOf } from './packed-cells.ts';
import { NO_GROUPS, type RecentGroups, sameOrNew } from './recent-groups.ts';
import type { Totals } from './totals.ts';

/** The views of the cubes that answer a query. */
export interface QueryViews {
  readonly sums: CubeView;
  readonly sketches: readonly { readonly measure: Measure; readonly view: CubeView }[];
}

/**
 * Answers a query from cells at one look after the other, as seriesOf would give it from the store: null when a cell that
 * it needs is missing. Only its windows may differ from look to look, and they should move by little.
 */
export type Answer = (windows: readonly Window[], at: number) => Series | null;

export function openAnswer({ measures }: Query, { sums, sketches }: QueryViews): Answer {
  const all = sums.own.cube.measures;
  const shape: Shape = {
    own: sums.own,
    width: all.length,
    calls: all.indexOf('calls'),
    places: new Map(all.map((measure, place) => [measure, place])),
    additive: measures.filter((measure) => !isSketch(measure)),
  };
  const sumsIn = openColumns(
    sums,
    measures.map((measure) => all.indexOf(measure)),
  );
  const sketched = sketches.map(({ measure, view }) => ({
    measure,
    columnsIn: openColumns(view, []),
    counts: openCounts(view),
  }));
  let recent = NO_GROUPS;

  return (windows, at) => {
    const columns = sumsIn(windows, at);
    if (columns === null) return null;
    const counted: CountedSketch[] = [];
    for (const { measure, columnsIn, counts } of sketched) {
      const own = columnsIn(windows, at);
      if (own === null) return null;
      counted.push({ measure, columns: own, counts });
    }
    recent = groupsWithRows(columns, sums.groups, shape, recent);
    return new LookSeries(shape, recent, columns, counted);
  };
}

/** What stays the same of a query's answers from look to look. */
interface Shape {
  readonly own: CubeCells;
  /** Measures of the cube, and the place of `calls` among them. */
  readonly width: number;
  readonly calls: number;
  readonly places: ReadonlyMap<Measure, number>;
  readonly additive: readonly Measure[];
}

/**
 * The answer of one look. A class, as functions that are made anew at every poll lose the code that was compiled for them
 * whenever memory is collected, and compiling them again costs more than the poll.
 */
class LookSeries implements Series {
  readonly keys: readonly GroupKey[];
  readonly #shape: Shape;
  readonly #groups: Int32Array;
  readonly #columns: readonly Totals[];
  readonly #counted: readonly CountedSketch[];
  readonly #looks: number;

  constructor(
    shape: Shape,
    { numbers, keys }: RecentGroups,
    columns: readonly Totals[],
    counted: readonly CountedSketch[],
  ) {
    this.keys = keys;
    this.#shape = shape;
    this.#groups = numbers;
    this.#columns = columns;
    this.#counted = counted;
    this.#looks = shape.own.looks;
  }

  has(group: number, window: number): boolean {
    const { width, calls } = this.#shape;
    return Boolean(this.#column(window).units[(this.#groups[group] as number) * width + calls]);
  }

  cell(group: number, window: number): Cell | null {
    if (!this.has(group, window)) return null;
    const { width, places, additive } = this.#shape;
    const { units, parts } = this.#column(window);
    const from = (this.#groups[group] as number) * width;
    const sums: Partial<Record<Measure, Fixed>> = {};
    for (const measure of additive) {
      const at = from + (places.get(measure) as number);
      sums[measure] = fixedOf(units[at] as number, parts[at] as number);
    }
    return { sums, sketches: sketchesOf(this.#counted, this.keys[group] as GroupKey, window) };
  }

  estimate(group: number, window: number, measure: Measure): number {
    const { width, places } = this.#shape;
    const at = (this.#groups[group] as number) * width + (places.get(measure) as number);
    return estimateAt(this.#column(window), at);
  }

  estimates(window: number, measure: Measure): Float64Array {
    const { width, places } = this.#shape;
    const totals = this.#column(window);
    const place = places.get(measure) as number;
    const groups = this.#groups;
    const estimates = new Float64Array(groups.length);
    for (let i = 0; i < groups.length; i += 1) {
      estimates[i] = estimateAt(totals, (groups[i] as number) * width + place);
    }
    return estimates;
  }

  quantile(group: number, window: number, measure: Measure, q: number): number | null {
    this.#column(window);
    for (const { measure: own, columns, counts } of this.#counted) {
      if (own !== measure) continue;
      const { buckets, ids } = counts.ofGroup(this.keys[group] as GroupKey);
      const { units } = columns[window] as Totals;
      const countAt = (i: number): number => counts.in(units, ids[i] as number);
      return quantileOf(ids.length, (i) => buckets[i] as number, countAt, q);
    }
    return null;
  }

  /** The sums are written over by the next look; who kept the answer must not be told of another instant. */
  #column(window: number): Totals {
    if (this.#shape.own.looks !== this.#looks) throw new RangeError('an answer of an earlier look was asked');
    return this.#columns[window] as Totals;
  }
}

/** The sums of a query's windows in one view; null where one of them is not known, or without a measure. */
function openColumns(
  view: CubeView,
  needed: readonly number[],
): (windows: readonly Window[], at: number) => Totals[] | null {
  const moving: MovingWindow[] = [];
  const movingTo = (window: Window, i: number): MovingWindow => {
    const known = moving[i];
    // Windows that were the same for a while part: `today` and a rolling day after midnight.
    if (known?.isFree(window) === true) return known;
    const opened = view.open(window);
    moving[i] = opened;
    return opened;
  };
  return (windows, at) => {
    const columns: Totals[] = [];
    for (let i = 0; i < windows.length; i += 1) {
      const window = windows[i] as Window;
      const totals = movingTo(window, i).totals(window, at);
      if (totals === null) return null;
      if (totals.lacks.length > 0 && totals.lacks.some((place) => needed.includes(place))) return null;
      columns.push(totals);
    }
    return columns;
  };
}

const UNIT = Number(ONE);

/** In parts, as units and parts may have different signs and nearly meet. */
function estimateAt({ units, parts }: Totals, at: number): number {
  return ((units[at] ?? 0) * UNIT + (parts[at] ?? 0)) / UNIT;
}

/** The groups of a view that have a row in one of the windows. */
function groupsWithRows(
  columns: readonly Totals[],
  allKeys: readonly GroupKey[],
  { width, calls }: Shape,
  recent: RecentGroups,
): RecentGroups {
  const numbers = new Int32Array(allKeys.length);
  let found = 0;
  for (let group = 0; group < allKeys.length; group += 1) {
    if (!hasRows(columns, group * width + calls)) continue;
    numbers[found] = group;
    found += 1;
  }
  return sameOrNew(recent, numbers, found, allKeys);
}

function hasRows(columns: readonly Totals[], place: number): boolean {
  for (let i = 0; i < columns.length; i += 1) if ((columns[i] as Totals).units[place]) return true;
  return false;
}

/** A sketch's counts in each window. */
interface CountedSketch {
  readonly measure: Measure;
  readonly columns: readonly Totals[];
  readonly counts: Counts;
}

/** Counts by bucket. A view by bucket has a group for every bucket. */
interface Counts {
  ofGroup(key: GroupKey): GroupBuckets;
  in(units: Float64Array, id: number): number;
}

function openCounts({ own, split }: CubeView): Counts {
  const numbers = new Map<GroupKey, number>();
  const [width, calls] = [own.cube.measures.length, own.cube.measures.indexOf('calls')];
  return {
    ofGroup(key) {
      return split.buckets.ofGroup(memberOf(numbers, key, () => split.numberOf(key)));
    },
    // A group may be newer than the sums.
    in: (units, id) => units[id * width + calls] ?? 0,
  };
}

const NO_SKETCHES: Cell['sketches'] = {};

function sketchesOf(
  counted: readonly CountedSketch[],
  key: GroupKey,
  window: number,
): Readonly<Partial<Record<Measure, Sketch>>> {
  if (counted.length === 0) return NO_SKETCHES;
  const sketches: Partial<Record<Measure, Sketch>> = {};
  for (const { measure, columns, counts } of counted) {
    const { buckets, ids } = counts.ofGroup(key);
    const { units } = columns[window] as Totals;
    const sketch = new Map<number, number>();
    ids.forEach((id, i) => {
      const count = counts.in(units, id);
      if (count > 0) sketch.set(buckets[i] as number, count);
    });
    if (sketch.size > 0) sketches[measure] = sketch;
  }
  return sketches;
}
