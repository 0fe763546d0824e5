// Keeps the rollup's sealed cells, one lineage of them.

import type { Sql, SqlSession } from '../sql/port.ts';

/** How far a rollup has seen; instants in ms. `gaps` is the ledger's own JSON. */
export interface RollupProgress {
  readonly sealedTo: number;
  readonly newestId: string | null;
  readonly gaps: string;
}

/** The cells of an hour (1) or a day (24) of one cube, packed as text. */
export interface StoredCells {
  readonly cube: string;
  readonly hours: number;
  /** ms */
  readonly begins: number;
  readonly cells: string;
}

/** Cells to be kept, or (null) no more: they are not needed, or what is there of them lacks rows. */
export interface ChangedCells extends Omit<StoredCells, 'cells'> {
  readonly cells: string | null;
}

/**
 * Keeps what a rollup has sealed, so that a restart reads none of it again. `basis` parts different mappings and prices.
 *
 * Several processes may keep the same cells, yet only one lineage is written: every keeping raises the generation, and
 * is refused to whoever has not read or written the latest one. So what is there is always what one process has seen,
 * and an older view never overwrites a newer one, whatever the clocks say.
 */
export interface RollupCells {
  /** How far was seen, and in which generation; null where nothing is kept. */
  progress(): Promise<(RollupProgress & { readonly generation: number }) | null>;
  /** All cells of a cube, a batch at a time. */
  load(cube: string, take: (cells: readonly StoredCells[]) => void): Promise<void>;
  /**
   * Keeps cells and progress in one transaction as the generation after `generation` (0 where nothing was kept); cells
   * that are null are removed. False when another process has kept meanwhile: then nothing is.
   */
  keep(changed: readonly ChangedCells[], progress: RollupProgress, generation: number): Promise<boolean>;
  /** Removes what is kept of other cubes and of other bases. */
  retain(cubes: readonly string[]): Promise<void>;
}

const BATCH = 200;

export function openRollupCells(sql: Sql, basis: string): RollupCells {
  return {
    async progress() {
      const [row] = await sql.query<{
        generation: string;
        sealed_to: Date;
        newest_id: string | null;
        gaps: string;
      }>('SELECT generation, sealed_to, newest_id, gaps FROM spendwatch.rollup_progress WHERE basis = $1', [
        basis,
      ]);
      if (row === undefined) return null;
      const { generation, sealed_to, newest_id, gaps } = row;
      return { generation: Number(generation), sealedTo: sealed_to.getTime(), newestId: newest_id, gaps };
    },
    async load(cube, take) {
      let last = { hours: 0, begins: new Date(0) };
      for (let isMore = true; isMore; ) {
        const rows = await sql.query<{ hours: number; begins: Date; cells: string }>(
          `SELECT hours, begins, cells FROM spendwatch.rollup_cells
           WHERE basis = $1 AND cube = $2 AND (hours, begins) > ($3::smallint, $4::timestamptz)
           ORDER BY hours, begins LIMIT ${BATCH}`,
          [basis, cube, last.hours, last.begins],
        );
        take(rows.map(({ hours, begins, cells }) => ({ cube, hours, begins: begins.getTime(), cells })));
        last = rows.at(-1) ?? last;
        isMore = rows.length === BATCH;
      }
    },
    keep: (changed, progress, generation) =>
      sql.transaction({}, async (session) => {
        const { sealedTo, newestId, gaps } = progress;
        const moved = await session.query(
          `INSERT INTO spendwatch.rollup_progress AS kept (basis, generation, sealed_to, newest_id, gaps)
           VALUES ($1, $2::bigint + 1, $3, $4, $5)
           ON CONFLICT (basis) DO UPDATE SET generation = EXCLUDED.generation, sealed_to = EXCLUDED.sealed_to,
             newest_id = EXCLUDED.newest_id, gaps = EXCLUDED.gaps
           WHERE kept.generation = $2::bigint
           RETURNING basis`,
          [basis, generation, new Date(sealedTo), newestId, gaps],
        );
        if (moved.length === 0) return false;
        for (let from = 0; from < changed.length; from += BATCH) {
          await keepBatch(session, basis, changed.slice(from, from + BATCH));
        }
        return true;
      }),
    async retain(cubes) {
      await sql.query(
        `DELETE FROM spendwatch.rollup_cells
         WHERE basis <> $1 OR cube NOT IN (SELECT jsonb_array_elements_text($2::text::jsonb))`,
        [basis, JSON.stringify(cubes)],
      );
      await sql.query('DELETE FROM spendwatch.rollup_progress WHERE basis <> $1', [basis]);
    },
  };
}

const CHANGED =
  'jsonb_to_recordset($2::text::jsonb) AS r (cube text, hours smallint, begins timestamptz, cells text)';

async function keepBatch(
  session: SqlSession,
  basis: string,
  changed: readonly ChangedCells[],
): Promise<void> {
  const rows = changed.map(({ begins, ...rest }) => ({ ...rest, begins: new Date(begins).toISOString() }));
  await session.query(
    `DELETE FROM spendwatch.rollup_cells AS kept USING ${CHANGED}
     WHERE kept.basis = $1 AND kept.cube = r.cube AND kept.hours = r.hours AND kept.begins = r.begins
       AND r.cells IS NULL`,
    [basis, JSON.stringify(rows.filter(({ cells }) => cells === null))],
  );
  await session.query(
    `INSERT INTO spendwatch.rollup_cells (basis, cube, hours, begins, cells)
     SELECT $1, cube, hours, begins, cells FROM ${CHANGED} WHERE cells IS NOT NULL
     ON CONFLICT (basis, cube, hours, begins) DO UPDATE SET cells = EXCLUDED.cells`,
    [basis, JSON.stringify(rows)],
  );
}
