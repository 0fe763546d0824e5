// The open window: the newest minutes, whose rows may still come or change.

import type { CallColumns, CallRead } from '../../model/call-columns.ts';
import type { Cube } from '../../model/cube.ts';
import { largestOf } from '../../model/extremes.ts';
import type { Window } from '../../model/window.ts';
import type { AuditSnapshot, CubeCell, SegmentDigest } from '../../stores/audit-store.ts';
import { unionOf } from '../direct/plan.ts';
import { hourOf, minuteEdges } from '../series/grid.ts';
import { callsFor, takeCalls } from './call-cells.ts';
import { type CubeCells, takeDetails } from './cube-cells.ts';
import { rowsIn } from './read-cells.ts';

/** The digest of each minute whose sums are known, by its beginning (ms). */
export type SeenMinutes = ReadonlyMap<number, string>;

/** Nothing is known, so that every minute is read. */
export const UNSEEN: SeenMinutes = new Map();

/** What was found in the open window. */
export interface OpenWindow {
  /** What the next refresh may take for known, as long as nobody takes the sums away. */
  readonly seen: SeenMinutes;
  /** The time of its newest row, ms; null where it has none, or the store did not say. */
  readonly newestRow: number | null;
  readonly rowsRead: number;
}

const NO_ROWS = '';
/**
 * Up to this many calls are sent as they are, and summed here for each cube; the store would take longer to group them
 * in several ways. As the client sees it, a minute of 77 calls takes 1.3 ms and 0.5 ms to sum, its 349 cells in eight
 * cubes 2.8 ms and 0.6 ms; 2,000 calls take 10 and 4 ms, their cells 57 and 10 ms. Of more calls, which are often
 * alike, there may be far fewer cells. At most 9,000.
 */
const FEW_CALLS = 5_000;

/**
 * Brings the minutes of [from, to) in all cubes up to date; `to` may cut a minute. The store goes through all their rows, as
 * a cost may be filled in and a row may go, but only minutes that are not as they were `seen` are grouped and sent.
 */
export async function readOpenWindow(
  snapshot: AuditSnapshot,
  owners: readonly CubeCells[],
  seen: SeenMinutes,
  from: number,
  to: number,
): Promise<OpenWindow> {
  const cubes = owners.map(({ cube }) => cube);
  const edges = minuteEdges(from, to);
  if (snapshot.changes === null) {
    const rowsRead = await readCells(snapshot, owners, {
      edges,
      ranges: [{ from, to }],
      isKept: () => false,
    });
    return { seen: UNSEEN, newestRow: null, rowsRead };
  }
  const minutes = edges.slice(0, -1);
  const digests = await snapshot.changes.digests(cubes, edges);
  const now = new Map(minutes.map((minute) => [minute, NO_ROWS]));
  for (const { segment, digest } of digests) now.set(edges[segment] as number, digest);
  const changed = new Set(minutes.filter((minute) => now.get(minute) !== seen.get(minute)));
  const ranges = minutes.flatMap((minute, i) =>
    changed.has(minute) && now.get(minute) !== NO_ROWS ? [{ from: minute, to: edges[i + 1] as number }] : [],
  );
  // What lies at or after `to`, where the clock went back, may stay: it is not `seen`, and so read when its time comes.
  const isKept = (minute: number): boolean => !changed.has(minute);
  const read = fewCalls(cubes, edges, ranges, digests);
  const calls = read === null ? null : await readCalls(snapshot, read);
  if (read !== null && calls !== null) takeCalls(owners, calls, read.edges, hoursOf(changed), isKept);
  else await readCells(snapshot, owners, { edges, ranges: unionOf(ranges), isKept });
  return {
    seen: now,
    newestRow: digests.length === 0 ? null : largestOf(digests.map(({ newestRow }) => newestRow)),
    rowsRead: digests.reduce((rows, { calls: own }) => rows + own, 0),
  };
}

/** Minutes to be read as cells, of which those that are kept stay as they are. */
interface MinutesToRead {
  readonly edges: readonly number[];
  readonly ranges: readonly Window[];
  readonly isKept: (minute: number) => boolean;
}

async function readCells(
  snapshot: AuditSnapshot,
  owners: readonly CubeCells[],
  { edges, ranges, isKept }: MinutesToRead,
): Promise<number> {
  const cubes = owners.map(({ cube }) => cube);
  const hours = hoursOf(edges.slice(0, -1).filter((minute) => !isKept(minute)));
  const cells = await snapshot.cells(cubes, edges, ranges);
  for (const [i, own] of owners.entries()) takeDetails(own, cells[i] as CubeCell[], edges, hours, isKept);
  return rowsIn(cubes, cells);
}

function hoursOf(minutes: Iterable<number>): number[] {
  return [...new Set([...minutes].map(hourOf))];
}

/** What to ask for the calls from the first of some minutes to the last; null where there are none or many. */
function fewCalls(
  cubes: readonly Cube[],
  edges: readonly number[],
  minutes: readonly Window[],
  digests: readonly SegmentDigest[],
): CallRead | null {
  const [first, last] = [minutes[0], minutes.at(-1)];
  if (first === undefined || last === undefined) return null;
  if (callsIn(digests, edges, { from: first.from, to: last.to }) > FEW_CALLS) return null;
  return callsFor(
    cubes,
    edges.filter((edge) => edge >= first.from && edge <= last.to),
  );
}

function callsIn(digests: readonly SegmentDigest[], edges: readonly number[], { from, to }: Window): number {
  return digests.reduce((sum, { segment, calls }) => {
    const minute = edges[segment] as number;
    return minute >= from && minute < to ? sum + calls : sum;
  }, 0);
}

/** Null where a number of a single call is finer than can be told, which its sum need not be. */
async function readCalls(snapshot: AuditSnapshot, read: CallRead): Promise<CallColumns | null> {
  try {
    return await snapshot.calls(read);
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}
