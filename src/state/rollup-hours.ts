import type { Sql } from '../sql/port.ts';

/** How far a rollup has seen; instants in ms. `gaps` is the ledger's own JSON. */
export interface RollupProgress {
  readonly sealedTo: number;
  readonly newestId: string | null;
  readonly gaps: string;
  readonly seenAt: number;
}

/** An hour of one cube, packed as text. */
export interface StoredHour {
  readonly cube: string;
  readonly hour: number;
  readonly cells: string;
}

/** An hour to be kept, or (null) no more: what is there of it lacks rows. */
export interface ChangedHour extends Omit<StoredHour, 'cells'> {
  readonly cells: string | null;
}

/** Keeps what a rollup has sealed, so that a restart reads none of it again. `basis` parts different mappings and prices. */
export interface RollupHours {
  progress(): Promise<RollupProgress | null>;
  /** All hours of a cube, ascending, a batch at a time. */
  load(cube: string, take: (hours: readonly StoredHour[]) => void): Promise<void>;
  /**
   * Keeps hours and progress in one transaction; an hour whose cells are null is removed. Nothing is kept, and false returned, when another process has seen
   * more since: its hours may hold rows that these lack.
   */
  keep(hours: readonly ChangedHour[], progress: RollupProgress): Promise<boolean>;
  /** Removes what is kept of other cubes, of other bases, and of hours before `oldest` (ms), where that is given. */
  prune(cubes: readonly string[], oldest: number | null): Promise<void>;
}

const BATCH = 200;

export function openRollupHours(sql: Sql, basis: string): RollupHours {
  return {
    async progress() {
      const [row] = await sql.query<{
        sealed_to: Date;
        newest_id: string | null;
        gaps: string;
        seen_at: Date;
      }>('SELECT sealed_to, newest_id, gaps, seen_at FROM spendwatch.rollup_progress WHERE basis = $1', [
        basis,
      ]);
      if (row === undefined) return null;
      const { sealed_to, newest_id, gaps, seen_at } = row;
      return { sealedTo: sealed_to.getTime(), newestId: newest_id, gaps, seenAt: seen_at.getTime() };
    },
    async load(cube, take) {
      for (let next: Date | null = new Date(0); next !== null; ) {
        const rows: { hour: Date; cells: string }[] = await sql.query<{ hour: Date; cells: string }>(
          `SELECT hour, cells FROM spendwatch.rollup_hour WHERE basis = $1 AND cube = $2 AND hour >= $3
           ORDER BY hour LIMIT ${BATCH}`,
          [basis, cube, next],
        );
        take(rows.map(({ hour, cells }) => ({ cube, hour: hour.getTime(), cells })));
        const last = rows.at(-1);
        next = rows.length < BATCH || last === undefined ? null : new Date(last.hour.getTime() + 1);
      }
    },
    keep: (hours, progress) =>
      sql.transaction({}, async (session) => {
        const moved = await session.query(
          `INSERT INTO spendwatch.rollup_progress AS kept (basis, sealed_to, newest_id, gaps, seen_at)
           VALUES ($1, $2, $3, $4, $5)
           ON CONFLICT (basis) DO UPDATE SET sealed_to = EXCLUDED.sealed_to, newest_id = EXCLUDED.newest_id,
             gaps = EXCLUDED.gaps, seen_at = EXCLUDED.seen_at
           WHERE kept.seen_at <= EXCLUDED.seen_at
           RETURNING basis`,
          [basis, new Date(progress.sealedTo), progress.newestId, progress.gaps, new Date(progress.seenAt)],
        );
        if (moved.length === 0) return false;
        for (let from = 0; from < hours.length; from += BATCH) {
          const rows = hours.slice(from, from + BATCH).map(({ cube, hour, cells }) => ({
            cube,
            hour: new Date(hour).toISOString(),
            cells,
          }));
          await session.query(
            `DELETE FROM spendwatch.rollup_hour AS kept
             USING jsonb_to_recordset($2::text::jsonb) AS r (cube text, hour timestamptz, cells text)
             WHERE kept.basis = $1 AND kept.cube = r.cube AND kept.hour = r.hour AND r.cells IS NULL`,
            [basis, JSON.stringify(rows.filter((row) => row.cells === null))],
          );
          await session.query(
            `INSERT INTO spendwatch.rollup_hour (basis, cube, hour, cells)
             SELECT $1, cube, hour, cells FROM jsonb_to_recordset($2::text::jsonb) AS r (cube text, hour timestamptz, cells text)
             WHERE cells IS NOT NULL
             ON CONFLICT (basis, cube, hour) DO UPDATE SET cells = EXCLUDED.cells`,
            [basis, JSON.stringify(rows)],
          );
        }
        return true;
      }),
    async prune(cubes, oldest) {
      await sql.query(
        `DELETE FROM spendwatch.rollup_hour
         WHERE basis <> $1 OR cube NOT IN (SELECT jsonb_array_elements_text($2::text::jsonb)) OR hour < $3::timestamptz`,
        [basis, JSON.stringify(cubes), oldest === null || !Number.isFinite(oldest) ? null : new Date(oldest)],
      );
      await sql.query('DELETE FROM spendwatch.rollup_progress WHERE basis <> $1', [basis]);
    },
  };
}
