import { carry } from './packed-cells.ts';
import type { StepCells } from './step-cells.ts';

/** The sums of all calls before an instant, by measure and group: the sums between two instants are a difference. */
export interface RunningTotals {
  readonly units: readonly Float64Array[];
  /** Null where no sum of the measure has any. */
  readonly parts: readonly (Float64Array | null)[];
}

/** One end of one window, which goes from instant to instant of a replay. */
export interface Edge {
  readonly own: Cursor;
  /** Where it stood last: at its own cursor, or at that of another edge that stood at the same instant. */
  latest: Cursor | null;
  /** The round in which it was asked last; -1 before the first. */
  round: number;
}

interface Cursor extends RunningTotals {
  at: number;
  readonly units: Float64Array[];
  readonly parts: (Float64Array | null)[];
  /** Steps that were added since parts were carried. */
  uncarried: number;
}

/**
 * Sums over windows that slide. Every end of a window has running totals that follow it, so that a window costs the
 * steps that enter and leave it, however long it is. Whole numbers in doubles: adding and taking away is exact.
 */
export interface RunningSums {
  edge(): Edge;
  /**
   * The totals at an instant, until the next round; null where steps are not known. Ends go forward, but for an hour
   * where clocks change. An edge is asked once a round.
   */
  at(edge: Edge, instant: number): RunningTotals | null;
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
/** A local time that is skipped is taken for a later one: an edge may go back by as much as a zone ever skipped. */
const SLACK_MS = 25 * 3_600_000;

export function openRunningSums(measures: number, origin: number, stepMs: number): RunningSums {
  const edges: Edge[] = [];
  const pieces: StepCells[] = [];
  const absolute = new Float64Array(measures);
  let groups = 0;
  let round = 0;
  let shared = new Map<number, Cursor>();

  const grow = (cursor: Cursor): void => {
    for (let m = 0; m < measures; m += 1) {
      const units = cursor.units[m] as Float64Array;
      if (units.length >= groups) return;
      const size = Math.max(groups, units.length * 2);
      cursor.units[m] = grown(units, size);
      const parts = cursor.parts[m] ?? null;
      if (parts !== null) cursor.parts[m] = grown(parts, size);
    }
  };

  const add = (cursor: Cursor, piece: StepCells, from: number, to: number, sign: 1 | -1): void => {
    for (let begin = from; begin < to; begin += CARRY_AFTER) {
      const end = Math.min(to, begin + CARRY_AFTER);
      if (cursor.uncarried + end - begin > CARRY_AFTER) carryAll(cursor);
      cursor.uncarried += end - begin;
      addSteps(cursor, piece, begin, end, sign);
    }
  };

  /** An edge that is new begins beside the one that is nearest behind: long windows have thousands of steps. */
  const begin = (cursor: Cursor, instant: number): void => {
    let nearest = cursor;
    for (const { own } of edges) if (own.at <= instant && own.at > nearest.at) nearest = own;
    if (nearest !== cursor) copy(nearest, cursor);
  };

  /** Whether the cursor could be moved. */
  const move = (cursor: Cursor, to: number): boolean => {
    if (cursor.at === to) return true;
    grow(cursor);
    while (cursor.at !== to) {
      const forward = cursor.at < to;
      const piece = pieces[pieceAt(pieces, forward ? cursor.at : cursor.at - 1)];
      if (piece === undefined) return false;
      const next = forward ? Math.min(to, piece.to) : Math.max(to, piece.from);
      const [from, end] = [(cursor.at - piece.from) / stepMs, (next - piece.from) / stepMs];
      if (!Number.isInteger(end)) return false;
      if (forward) add(cursor, piece, from, end, 1);
      else add(cursor, piece, end, from, -1);
      cursor.at = next;
    }
    return true;
  };

  return {
    edge() {
      const cursor: Cursor = {
        at: origin,
        units: Array.from({ length: measures }, () => new Float64Array(groups)),
        parts: new Array<null>(measures).fill(null),
        uncarried: 0,
      };
      const edge: Edge = { own: cursor, latest: null, round: -1 };
      edges.push(edge);
      return edge;
    },
    at(edge, instant) {
      let cursor = shared.get(instant);
      if (cursor === undefined) {
        cursor = edge.own;
        if (edge.latest === null) begin(cursor, instant);
        if (!move(cursor, instant)) return null;
        shared.set(instant, cursor);
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
      for (const [m, units] of cells.units.entries()) {
        let sum = absolute[m] as number;
        for (const unit of units) sum += Math.abs(unit) + 1;
        if (sum > EXACT) throw new RangeError('sums are too large to be counted in doubles');
        absolute[m] = sum;
      }
    },
    forget() {
      let needed = Number.POSITIVE_INFINITY;
      for (const { own, latest, round: asked } of edges) {
        if (asked >= 0 && asked < round) continue;
        // One that stood beside another has been left behind.
        if (latest !== null && latest !== own) copy(latest, own);
        needed = Math.min(needed, own.at);
      }
      while (pieces[0] !== undefined && pieces[0].to <= needed - SLACK_MS) pieces.shift();
    },
    size() {
      const held = pieces.reduce(
        (sum, { groups: cells, parts }) => sum + cells.length * (1 + parts.length),
        0,
      );
      return held + edges.length * measures * groups * 2;
    },
  };
}

function addSteps(cursor: Cursor, piece: StepCells, from: number, to: number, sign: 1 | -1): void {
  const first = piece.starts[from] as number;
  const end = piece.starts[to] as number;
  if (first === end) return;
  for (let m = 0; m < piece.units.length; m += 1) {
    addTo(
      cursor.units[m] as Float64Array,
      piece.groups,
      piece.units[m] as Int32Array | Float64Array,
      first,
      end,
      sign,
    );
    const parts = piece.parts[m] ?? null;
    if (parts === null) continue;
    const own = cursor.parts[m] ?? new Float64Array((cursor.units[m] as Float64Array).length);
    cursor.parts[m] = own;
    addTo(own, piece.groups, parts, first, end, sign);
  }
}

function addTo(
  sums: Float64Array,
  groups: Int32Array,
  values: Int32Array | Float64Array,
  first: number,
  end: number,
  sign: 1 | -1,
): void {
  for (let i = first; i < end; i += 1) {
    const group = groups[i] as number;
    sums[group] = (sums[group] as number) + sign * (values[i] as number);
  }
}

function carryAll(cursor: Cursor): void {
  for (const [m, parts] of cursor.parts.entries()) {
    if (parts !== null) carry(cursor.units[m] as Float64Array, parts);
  }
  cursor.uncarried = 0;
}

function copy(from: Cursor, to: Cursor): void {
  to.at = from.at;
  to.uncarried = from.uncarried;
  for (const [m, units] of from.units.entries()) to.units[m] = units.slice();
  for (const [m, parts] of from.parts.entries()) to.parts[m] = parts?.slice() ?? null;
}

function grown(values: Float64Array, size: number): Float64Array {
  const larger = new Float64Array(size);
  larger.set(values);
  return larger;
}

/** The place of the piece that holds an instant; one that is not there where none does. */
function pieceAt(pieces: readonly StepCells[], instant: number): number {
  let low = 0;
  let high = pieces.length - 1;
  while (low <= high) {
    const middle = (low + high) >>> 1;
    const { from, to } = pieces[middle] as StepCells;
    if (instant < from) high = middle - 1;
    else if (instant >= to) low = middle + 1;
    else return middle;
  }
  return -1;
}
