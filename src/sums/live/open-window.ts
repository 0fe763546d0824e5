// The open window: the newest minutes, whose rows may still come or change.

import type { Aggregate } from '../../model/aggregate.ts';
import type { CallColumns, CallRead } from '../../model/call-columns.ts';
import { largestOf } from '../../model/extremes.ts';
import type { Window } from '../../model/window.ts';
import type { AuditSnapshot, SegmentDigest } from '../../stores/audit-store.ts';
import { unionOf } from '../direct/plan.ts';
import { hourOf, minuteEdges } from '../series/grid.ts';
import type { LiveAggregate } from './live-aggregate.ts';
import { rowsIn } from './read-buckets.ts';
import { takeMinutes } from './take-lines.ts';

/** The digest of each minute whose sums are known, by its beginning (ms). */
export type SeenMinutes = ReadonlyMap<number, string>;

/** Nothing is known, so that every minute is read. */
export const UNSEEN: SeenMinutes = new Map();

/** What was found in the open window. */
export interface OpenWindow {
  /** What the next refresh may take for known, as long as these sums are kept. */
  readonly seen: SeenMinutes;
  /** The time of its newest row, ms; null where it has none, or the store did not say. */
  readonly newestRow: number | null;
  readonly rowsRead: number;
}

const NO_ROWS = '';
/**
 * Up to this many calls are sent as they are and summed here for each aggregate. The store would take longer to group them in
 * several ways: 2,000 calls in eight aggregates took 14 ms in all as calls, and 67 ms as sums; at 10,000 calls a minute a
 * poll took a fifth less of the store's time. More calls are often alike, and their sums may be far fewer.
 */
const FEW_CALLS = 20_000;

/**
 * Brings the minutes of [from, to) in all aggregates up to date; `to` may fall into a minute. The store goes through all their
 * rows, as a cost may be filled in and a row may be deleted, but only minutes that are not as `seen` are grouped and sent.
 */
export async function readOpenWindow(
  snapshot: AuditSnapshot,
  aggregates: readonly LiveAggregate[],
  seen: SeenMinutes,
  from: number,
  to: number,
): Promise<OpenWindow> {
  const edges = minuteEdges(from, to);
  if (snapshot.changes === null) {
    // An hour holds minutes besides those that are read.
    const read = new Set(edges.slice(0, -1));
    const rowsRead = await readBuckets(snapshot, aggregates, {
      edges,
      ranges: [{ from, to }],
      isKept: (minute) => !read.has(minute),
    });
    return { seen: UNSEEN, newestRow: null, rowsRead };
  }
  const minutes = edges.slice(0, -1);
  const digests = await snapshot.changes.digests(aggregates, edges);
  const now = new Map(minutes.map((minute) => [minute, NO_ROWS]));
  for (const { segment, digest } of digests) now.set(edges[segment] as number, digest);
  const changed = new Set(minutes.filter((minute) => now.get(minute) !== seen.get(minute)));
  const ranges = minutes.flatMap((minute, i) =>
    changed.has(minute) && now.get(minute) !== NO_ROWS ? [{ from: minute, to: edges[i + 1] as number }] : [],
  );
  // What lies at or after `to`, where the clock went back, may stay: it is not `seen`, and so read when its time comes.
  const isKept = (minute: number): boolean => !changed.has(minute);
  const read = fewCalls(aggregates, edges, ranges, digests);
  const calls = read === null ? null : await readCalls(snapshot, read);
  if (read !== null && calls !== null) takeMinutes(aggregates, calls, read.edges, hoursOf(changed), isKept);
  else await readBuckets(snapshot, aggregates, { edges, ranges: unionOf(ranges), isKept });
  return {
    seen: now,
    newestRow: digests.length === 0 ? null : largestOf(digests.map(({ newestRow }) => newestRow)),
    rowsRead: digests.reduce((rows, { calls }) => rows + calls, 0),
  };
}

/** Minutes to be read as sums, of which those that are kept stay as they are. */
interface MinutesToRead {
  readonly edges: readonly number[];
  readonly ranges: readonly Window[];
  readonly isKept: (minute: number) => boolean;
}

async function readBuckets(
  snapshot: AuditSnapshot,
  aggregates: readonly LiveAggregate[],
  { edges, ranges, isKept }: MinutesToRead,
): Promise<number> {
  const hours = hoursOf(edges.slice(0, -1).filter((minute) => !isKept(minute)));
  const answers = await snapshot.buckets(aggregates, edges, ranges);
  for (const [i, aggregate] of aggregates.entries()) {
    takeMinutes([aggregate], answers[i] as CallColumns, edges, hours, isKept);
  }
  return rowsIn(answers);
}

function hoursOf(minutes: Iterable<number>): number[] {
  return [...new Set([...minutes].map(hourOf))];
}

/** What to ask for the calls from the first of some minutes to the last; null where there are none or many. */
function fewCalls(
  aggregates: readonly Aggregate[],
  edges: readonly number[],
  minutes: readonly Window[],
  digests: readonly SegmentDigest[],
): CallRead | null {
  const [first, last] = [minutes[0], minutes.at(-1)];
  if (first === undefined || last === undefined) return null;
  if (callsIn(digests, edges, { from: first.from, to: last.to }) > FEW_CALLS) return null;
  return callsFor(
    aggregates,
    edges.filter((edge) => edge >= first.from && edge <= last.to),
  );
}

function callsIn(digests: readonly SegmentDigest[], edges: readonly number[], { from, to }: Window): number {
  return digests.reduce((sum, { segment, calls }) => {
    const minute = edges[segment] as number;
    return minute >= from && minute < to ? sum + calls : sum;
  }, 0);
}

/** What must be known of calls so that the sums of all these aggregates follow from it. */
function callsFor(aggregates: readonly Aggregate[], edges: readonly number[]): CallRead {
  const measures = new Set(aggregates.flatMap((aggregate) => aggregate.measures));
  measures.delete('calls');
  return {
    dimensions: [...new Set(aggregates.flatMap(({ dimensions }) => dimensions))],
    measures: [...measures],
    sketches: [...new Set(aggregates.flatMap(({ sketch }) => sketch ?? []))],
    edges,
    // What few calls have in common saves less than it costs the store to find out.
    together: false,
  };
}

/** Null where a number of a single call is finer than 10^-12. Its sums are then read from the store, which truncates them. */
async function readCalls(snapshot: AuditSnapshot, read: CallRead): Promise<CallColumns | null> {
  try {
    return await snapshot.calls(read);
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}
