// Stores the closed buckets of an aggregate, written by one process at a time.

import type { Sql, SqlSession } from '../sql/port.ts';

/**
 * Up to where an aggregate is closed, ms. `newestId` and `gaps` (the aggregate's own JSON) follow the insert order of rows.
 */
export interface AggregateWatermark {
  /** Buckets that end by then are complete. */
  readonly closedTo: number;
  readonly newestId: string | null;
  readonly gaps: string;
  /** Each bucket was read from the store or compared with it at or after this instant, ms; null where that is unknown. */
  readonly reconciledAt: number | null;
}

/** A bucket of one hour (1) or one day (24) of UTC for one set of dimensions, its sums packed as text. */
export interface StoredBucket {
  /** The name of the set of dimensions. */
  readonly dimensions: string;
  readonly hours: number;
  /** ms */
  readonly begins: number;
  readonly sums: string;
}

/** A bucket to be stored, or with null sums to be removed: nothing needs it any more, or its stored sums lack rows. */
export interface ChangedBucket extends Omit<StoredBucket, 'sums'> {
  readonly sums: string | null;
}

/**
 * Stores the closed buckets of an aggregate, so that a restart reads none of them again. `basis` separates sums that were
 * made with different mappings or prices.
 *
 * Several processes may use the same buckets, but only one lineage is written: each write raises the generation, and is
 * refused to a process that has not read or written the latest one. So the stored buckets are always one process's view, and
 * an older view never overwrites a newer one, whatever the clocks say.
 */
export interface AggregateBuckets {
  /** Up to where the stored buckets go, and their generation; null where nothing is stored. */
  watermark(): Promise<(AggregateWatermark & { readonly generation: number }) | null>;
  /** All buckets of a set of dimensions, a batch at a time. */
  load(dimensions: string, take: (buckets: readonly StoredBucket[]) => void): Promise<void>;
  /**
   * Writes buckets and watermark in one transaction, as the generation after `generation` (0 where nothing was stored).
   * Returns false and writes nothing when another process has written since.
   */
  keep(
    changed: readonly ChangedBucket[],
    watermark: AggregateWatermark,
    generation: number,
  ): Promise<boolean>;
  /** Removes what is stored for other sets of dimensions, and other bases that no process has kept for two days. */
  retain(dimensions: readonly string[]): Promise<void>;
}

const BATCH = 200;
/** Another file's worker may be away for a weekend's repair; what an older mapping left is small. */
const ABANDONED_AFTER = '2 days';

export function openAggregateBuckets(sql: Sql, basis: string): AggregateBuckets {
  return {
    async watermark() {
      const [row] = await sql.query<{
        generation: string;
        closed_to: Date;
        newest_id: string | null;
        gaps: string;
        reconciled_at: Date | null;
      }>(
        `SELECT generation, closed_to, newest_id, gaps, reconciled_at
         FROM spendwatch.aggregate_watermark WHERE basis = $1`,
        [basis],
      );
      if (row === undefined) return null;
      const { generation, closed_to, newest_id, gaps, reconciled_at } = row;
      return {
        generation: Number(generation),
        closedTo: closed_to.getTime(),
        newestId: newest_id,
        gaps,
        reconciledAt: reconciled_at?.getTime() ?? null,
      };
    },
    async load(dimensions, take) {
      let last = { hours: 0, begins: new Date(0) };
      for (let isMore = true; isMore; ) {
        const rows = await sql.query<{ hours: number; begins: Date; sums: string }>(
          `SELECT hours, begins, sums FROM spendwatch.aggregate_bucket
           WHERE basis = $1 AND dimensions = $2 AND (hours, begins) > ($3::smallint, $4::timestamptz)
           ORDER BY hours, begins LIMIT ${BATCH}`,
          [basis, dimensions, last.hours, last.begins],
        );
        take(rows.map(({ hours, begins, sums }) => ({ dimensions, hours, begins: begins.getTime(), sums })));
        last = rows.at(-1) ?? last;
        isMore = rows.length === BATCH;
      }
    },
    keep: (changed, watermark, generation) =>
      sql.transaction({}, async (session) => {
        const { closedTo, newestId, gaps, reconciledAt } = watermark;
        const moved = await session.query(
          `INSERT INTO spendwatch.aggregate_watermark AS kept
             (basis, generation, closed_to, newest_id, gaps, reconciled_at)
           SELECT $1, $2::bigint + 1, $3::timestamptz, $4, $5, $6::timestamptz
           -- What was removed meanwhile is not there to be continued.
           WHERE $2::bigint = 0 OR EXISTS (SELECT FROM spendwatch.aggregate_watermark WHERE basis = $1)
           ON CONFLICT (basis) DO UPDATE SET generation = EXCLUDED.generation, closed_to = EXCLUDED.closed_to,
             newest_id = EXCLUDED.newest_id, gaps = EXCLUDED.gaps, reconciled_at = EXCLUDED.reconciled_at
           WHERE kept.generation = $2::bigint
           RETURNING basis`,
          [
            basis,
            generation,
            new Date(closedTo),
            newestId,
            gaps,
            reconciledAt === null ? null : new Date(reconciledAt),
          ],
        );
        if (moved.length === 0) return false;
        for (let from = 0; from < changed.length; from += BATCH) {
          await keepBatch(session, basis, changed.slice(from, from + BATCH));
        }
        return true;
      }),
    async retain(dimensions) {
      await sql.query(
        `DELETE FROM spendwatch.aggregate_watermark
         WHERE basis <> $1
           AND closed_to < (SELECT max(closed_to) FROM spendwatch.aggregate_watermark) - interval '${ABANDONED_AFTER}'`,
        [basis],
      );
      await sql.query(
        `DELETE FROM spendwatch.aggregate_bucket
         WHERE basis NOT IN (SELECT basis FROM spendwatch.aggregate_watermark)
           OR (basis = $1 AND dimensions NOT IN (SELECT jsonb_array_elements_text($2::text::jsonb)))`,
        [basis, JSON.stringify(dimensions)],
      );
    },
  };
}

const CHANGED =
  'jsonb_to_recordset($2::text::jsonb) AS r (dimensions text, hours smallint, begins timestamptz, sums text)';

async function keepBatch(
  session: SqlSession,
  basis: string,
  changed: readonly ChangedBucket[],
): Promise<void> {
  const rows = changed.map(({ begins, ...rest }) => ({ ...rest, begins: new Date(begins).toISOString() }));
  await session.query(
    `DELETE FROM spendwatch.aggregate_bucket AS kept USING ${CHANGED}
     WHERE kept.basis = $1 AND kept.dimensions = r.dimensions AND kept.hours = r.hours AND kept.begins = r.begins
       AND r.sums IS NULL`,
    [basis, JSON.stringify(rows.filter(({ sums }) => sums === null))],
  );
  await session.query(
    `INSERT INTO spendwatch.aggregate_bucket (basis, dimensions, hours, begins, sums)
     SELECT $1, dimensions, hours, begins, sums FROM ${CHANGED} WHERE sums IS NOT NULL
     ON CONFLICT (basis, dimensions, hours, begins) DO UPDATE SET sums = EXCLUDED.sums`,
    [basis, JSON.stringify(rows)],
  );
}
