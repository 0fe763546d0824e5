import type { AuditSnapshot, CubeCell } from '../stores/audit-store.ts';
import { type CubeCells, takeDetails } from './cube-cells.ts';
import { hourOf, minuteEdges } from './grid.ts';
import { unionOf } from './plan.ts';

/** The digest of each minute whose cells are known, by its beginning (ms). */
export type SeenMinutes = ReadonlyMap<number, string>;

/** Nothing is known, so that every minute is read. */
export const UNSEEN: SeenMinutes = new Map();

/** What a look at the young rows found. */
export interface YoungRows {
  /** What the next look may take for known, as long as nobody takes the cells away. */
  readonly seen: SeenMinutes;
  /** Null where there are no young rows. */
  readonly newestRow: number | null;
  readonly rowsRead: number;
}

const NO_ROWS = '';

/**
 * Brings the minutes of [from, to) in all cubes up to date. All their rows are looked at, as a cost may be filled in
 * and a row may go, but only minutes that are not as they were `seen` are grouped and sent. `to` may cut a minute.
 */
export async function readYoung(
  snapshot: AuditSnapshot,
  owners: readonly CubeCells[],
  seen: SeenMinutes,
  from: number,
  to: number,
): Promise<YoungRows> {
  const cubes = owners.map(({ cube }) => cube);
  const edges = minuteEdges(from, to);
  const minutes = edges.slice(0, -1);
  const digests = await snapshot.digests(cubes, edges);
  const now = new Map(minutes.map((minute) => [minute, NO_ROWS]));
  for (const { segment, digest } of digests) now.set(edges[segment] as number, digest);

  const changed = new Set(minutes.filter((minute) => now.get(minute) !== seen.get(minute)));
  const ranges = minutes.flatMap((minute, i) =>
    changed.has(minute) && now.get(minute) !== NO_ROWS ? [{ from: minute, to: edges[i + 1] as number }] : [],
  );
  const cells = await snapshot.cells(cubes, edges, unionOf(ranges));
  const hours = [...new Set([...changed].map(hourOf))];
  // What lies at or after `to`, where the clock went back, may stay: it is not `seen`, and so read when its time comes.
  const isKept = (minute: number): boolean => !changed.has(minute);
  for (const [i, own] of owners.entries()) takeDetails(own, cells[i] as CubeCell[], edges, hours, isKept);

  return {
    seen: now,
    newestRow: digests.length === 0 ? null : Math.max(...digests.map(({ newestRow }) => newestRow)),
    rowsRead: digests.reduce((rows, { calls }) => rows + calls, 0),
  };
}
