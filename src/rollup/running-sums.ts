import { carryParts, type Layout } from './layout.ts';
import type { StepCells } from './step-cells.ts';

/** The sums of all calls before a step, group after group: the sums between two steps are a difference. */
export interface RunningTotals {
  readonly values: Float64Array;
}

/** One end of one window, which goes from step to step. */
export interface Edge {
  readonly own: Cursor;
  /** Where it stood last: at its own cursor, or at that of another edge that stood at the same step. */
  latest: Cursor | null;
  /** The round in which it was asked last; -1 before the first. */
  round: number;
}

interface Cursor extends RunningTotals {
  /** The step before which everything is summed. */
  at: number;
  /** The piece that was looked at last: the next step mostly lies in it. */
  piece: StepCells | null;
  values: Float64Array;
  /** Steps that were added since parts were carried. */
  uncarried: number;
}

/**
 * Sums over windows that slide, from the step `origin` on. Every end of a window has running totals that follow it, so that a window costs the
 * steps that enter and leave it, however long it is. Whole numbers in doubles: adding and taking away is exact.
 */
export interface RunningSums {
  edge(): Edge;
  /**
   * The totals before a step, until the next round; null where steps are not known. Edges go forward, and back by no
   * more than the slack. An edge is asked once a round.
   */
  at(edge: Edge, step: number): RunningTotals | null;
  /** A new round: edges that were at one place need not be any more. */
  nextRound(): void;
  /** The steps that follow those taken before. Throws a RangeError when sums grow beyond what doubles count exactly. */
  take(cells: StepCells, groupCount: number): void;
  /** Lets go of steps that no edge of the latest round can need any more. */
  forget(): void;
  /** Numbers that are held. */
  size(): number;
}

/** Steps before which parts are carried: those of two ends may differ by twice as many, and 9,000 are exact. */
const CARRY_AFTER = 4_000;
/** Sums of absolute values up to here leave every sum and difference exact. */
const EXACT = 2 ** 52;

export function openRunningSums(
  layout: Layout,
  { origin, slack }: { readonly origin: number; readonly slack: number },
): RunningSums {
  const { places, width } = layout;
  const edges: Edge[] = [];
  const pieces: StepCells[] = [];
  const unitPlaces = [...places.values()].map(({ units }) => units);
  let absolute = 0;
  let groups = 0;
  let round = 0;
  let shared = new Map<number, Cursor>();

  const grow = (cursor: Cursor): void => {
    if (cursor.values.length >= groups * width) return;
    const larger = new Float64Array(Math.max(groups * width, cursor.values.length * 2));
    larger.set(cursor.values);
    cursor.values = larger;
  };

  const carryAll = (cursor: Cursor): void => {
    carryParts(cursor.values, layout);
    cursor.uncarried = 0;
  };

  const add = (cursor: Cursor, piece: StepCells, from: number, to: number, sign: 1 | -1): void => {
    for (let begin = from; begin < to; begin += CARRY_AFTER) {
      const end = Math.min(to, begin + CARRY_AFTER);
      if (cursor.uncarried + end - begin > CARRY_AFTER) carryAll(cursor);
      cursor.uncarried += end - begin;
      addCells(cursor.values, piece, width, piece.starts[begin] as number, piece.starts[end] as number, sign);
    }
  };

  /** An edge that is new begins beside the one that is nearest behind: long windows have thousands of steps. */
  const begin = (cursor: Cursor, step: number): void => {
    let nearest = cursor;
    for (const { own } of edges) if (own.at <= step && own.at > nearest.at) nearest = own;
    if (nearest !== cursor) copy(nearest, cursor);
  };

  const pieceOf = (cursor: Cursor, step: number): StepCells | null => {
    const { piece } = cursor;
    if (piece === null || step < piece.from || step >= piece.to) cursor.piece = pieceAt(pieces, step);
    return cursor.piece;
  };

  /** Whether the cursor could be moved. */
  const move = (cursor: Cursor, to: number): boolean => {
    if (cursor.at === to) return true;
    grow(cursor);
    while (cursor.at !== to) {
      const forward = cursor.at < to;
      const piece = pieceOf(cursor, forward ? cursor.at : cursor.at - 1);
      if (piece === null) return false;
      const next = forward ? Math.min(to, piece.to) : Math.max(to, piece.from);
      if (forward) add(cursor, piece, cursor.at - piece.from, next - piece.from, 1);
      else add(cursor, piece, next - piece.from, cursor.at - piece.from, -1);
      cursor.at = next;
    }
    return true;
  };

  return {
    edge() {
      const values = new Float64Array(groups * width);
      const edge: Edge = { own: { at: origin, piece: null, values, uncarried: 0 }, latest: null, round: -1 };
      edges.push(edge);
      return edge;
    },
    at(edge, step) {
      let cursor = shared.get(step);
      if (cursor === undefined) {
        cursor = edge.own;
        if (edge.latest === null) begin(cursor, step);
        if (!move(cursor, step)) return null;
        shared.set(step, cursor);
      }
      grow(cursor);
      edge.latest = cursor;
      edge.round = round;
      return cursor;
    },
    nextRound() {
      round += 1;
      shared = new Map();
    },
    take(cells, groupCount) {
      groups = groupCount;
      pieces.push(cells);
      absolute += largestSum(cells.values, width, unitPlaces);
      if (absolute > EXACT) throw new RangeError('sums are too large to be counted in doubles');
    },
    forget() {
      let needed = Number.POSITIVE_INFINITY;
      for (const { own, latest, round: asked } of edges) {
        if (asked >= 0 && asked < round) continue;
        // One that stood beside another has been left behind.
        if (latest !== null && latest !== own) copy(latest, own);
        needed = Math.min(needed, own.at);
      }
      while (pieces[0] !== undefined && pieces[0].to <= needed - slack) pieces.shift();
    },
    size() {
      const held = pieces.reduce((sum, { groups: cells, values }) => sum + cells.length + values.length, 0);
      return held + edges.length * groups * width;
    },
  };
}

function addCells(
  sums: Float64Array,
  { groups, values }: StepCells,
  width: number,
  first: number,
  end: number,
  sign: 1 | -1,
): void {
  let from = first * width;
  for (let cell = first; cell < end; cell += 1) {
    const to = (groups[cell] as number) * width;
    for (let m = 0; m < width; m += 1) {
      sums[to + m] = (sums[to + m] as number) + sign * (values[from + m] as number);
    }
    from += width;
  }
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

function copy(from: Cursor, to: Cursor): void {
  to.at = from.at;
  to.piece = from.piece;
  to.uncarried = from.uncarried;
  to.values = from.values.slice();
}

function pieceAt(pieces: readonly StepCells[], step: number): StepCells | null {
  let low = 0;
  let high = pieces.length - 1;
  while (low <= high) {
    const middle = (low + high) >>> 1;
    const piece = pieces[middle] as StepCells;
    if (step < piece.from) high = middle - 1;
    else if (step >= piece.to) low = middle + 1;
    else return piece;
  }
  return null;
}
