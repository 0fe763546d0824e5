// Sums up to each end of windows that slide.

import type { Layout } from '../series/layout.ts';
import type { StepCells } from '../series/step-cells.ts';
import {
  addSteps,
  enlarged,
  openTotals,
  type RunningTotals,
  type SummedSteps,
  sizeOf,
  withSteps,
} from './prefix-sums.ts';

/** One end of one window, which goes from step to step. */
export interface Edge {
  /** Where it was asked for last. */
  at: number;
  /** The steps around it; null where they are not known, and before it is first asked for. */
  around: SummedSteps | null;
  /** It has not been asked for yet, or has been since steps were let go of: those from it on may be needed. */
  isNeeded: boolean;
  /** Totals that are looked up, and those that follow it where they must be added up. */
  readonly found: ReturnType<typeof openTotals>;
  readonly cursor: Cursor;
}

interface Cursor {
  readonly totals: ReturnType<typeof openTotals>;
  /** Its totals are those before this step of `within`. */
  at: number;
  /** It stands there as of this instant, and may move on as of another. */
  instant: number;
  within: SummedSteps | null;
}

/**
 * Sums over windows that slide, from the step `origin` on: a window costs no more than the steps that enter and leave it,
 * however long it is. Whole numbers in doubles: adding and taking away is exact.
 */
export interface RunningSums {
  edge(): Edge;
  /**
   * The totals before a step, as of an instant: until an edge is asked as of another; null where steps are not known. Edges
   * go forward, and back by no more than the slack. Each is asked once as of an instant.
   */
  at(edge: Edge, step: number, instant: number): RunningTotals | null;
  /** The steps that follow those taken before. Throws a RangeError when sums grow beyond what doubles count exactly. */
  take(cells: StepCells, groupCount: number): void;
  /** Lets go of steps that no edge can need any more which has been asked for since the last time. */
  forget(): void;
  /** Numbers that are held. */
  size(): number;
}

/** Sums of absolute values up to here leave every sum and difference exact. */
const EXACT = 2 ** 52;

/** Before the first call. */
export const NO_TOTALS: RunningTotals = openTotals();

export function openRunningSums(
  layout: Layout,
  { origin, slack }: { readonly origin: number; readonly slack: number },
): RunningSums {
  const { places, width } = layout;
  const edges: Edge[] = [];
  const unitPlaces = [...places.values()].map(({ units }) => units);
  let stretches: SummedSteps[] = [];
  /** Behind the last step. */
  let totals: Float64Array = new Float64Array(0);
  let absolute = 0;
  /** By the step that they stand at: edges that meet as of an instant need one cursor. */
  const standing = new Map<number, Cursor>();

  const aroundOf = (edge: Edge, step: number): SummedSteps | null => {
    const { around } = edge;
    if (around === null || step < around.from || step > around.to) edge.around = stretchAt(stretches, step);
    return edge.around;
  };

  const standAt = (own: Cursor, around: SummedSteps, step: number, instant: number): RunningTotals => {
    const known = standing.get(step);
    if (known?.instant === instant) return known.totals;
    if (standing.get(own.at) === own) standing.delete(own.at);
    moveTo(own, around, step, width);
    own.instant = instant;
    standing.set(step, own);
    return own.totals;
  };

  return {
    edge() {
      const edge: Edge = {
        at: origin,
        around: null,
        isNeeded: true,
        found: openTotals(),
        cursor: { totals: openTotals(), at: origin, instant: Number.NaN, within: null },
      };
      edges.push(edge);
      return edge;
    },
    at(edge, step, instant) {
      const around = aroundOf(edge, step);
      if (around === null) return step === origin && totals.length === 0 ? NO_TOTALS : null;
      edge.at = step;
      edge.isNeeded = true;
      if (around.cells !== null) return standAt(edge.cursor, around, step, instant);
      const { found } = edge;
      found.values = around.totals;
      found.start = (step - around.from) * around.length;
      found.length = around.length;
      return found;
    },
    take(cells, groupCount) {
      absolute += largestSum(cells.values, width, unitPlaces);
      if (absolute > EXACT) throw new RangeError('sums are too large to be counted in doubles');
      totals = enlarged(totals, groupCount * width);
      stretches = withSteps(stretches, cells, totals, layout);
    },
    forget() {
      let needed = Number.POSITIVE_INFINITY;
      for (const edge of edges) {
        if (edge.isNeeded) needed = Math.min(needed, edge.at);
        // From now on, save for one that was never asked for and waits at the origin.
        edge.isNeeded = edge.around === null;
      }
      stretches = stretches.filter(({ to }) => to > needed - slack);
    },
    size() {
      const held = stretches.reduce((sum, stretch) => sum + sizeOf(stretch, width), 0);
      return edges.reduce((sum, { cursor }) => sum + cursor.totals.values.length, held);
    },
  };
}

/** Moves a cursor to a step: on from where it is, or from the beginning of the stretch that the step lies in. */
function moveTo(cursor: Cursor, around: SummedSteps, step: number, width: number): void {
  const cells = around.cells as StepCells;
  const { totals } = cursor;
  if (cursor.within !== around) {
    totals.values = enlarged(totals.values, around.length);
    totals.values.set(around.totals);
    totals.length = around.length;
    cursor.within = around;
    cursor.at = around.from;
  }
  if (cursor.at < step) addSteps(totals, cells, width, { from: cursor.at, to: step, sign: 1 });
  else addSteps(totals, cells, width, { from: step, to: cursor.at, sign: -1 });
  cursor.at = step;
}

/** No sum of any of these cells is larger. */
function largestSum(values: Float64Array, width: number, unitPlaces: readonly number[]): number {
  let largest = 0;
  for (const place of unitPlaces) {
    let sum = 0;
    for (let at = place; at < values.length; at += width) sum += Math.abs(values[at] as number) + 1;
    largest = Math.max(largest, sum);
  }
  return largest;
}

function stretchAt(stretches: readonly SummedSteps[], step: number): SummedSteps | null {
  let low = 0;
  let high = stretches.length - 1;
  while (low <= high) {
    const middle = (low + high) >>> 1;
    const stretch = stretches[middle] as SummedSteps;
    if (step < stretch.from) high = middle - 1;
    else if (step > stretch.to) low = middle + 1;
    else return stretch;
  }
  return null;
}
