// Looks for sums that a worker keeps, for a check to read.

import type { Config } from '../config/config.ts';
import { sumsBasis } from '../config/sums-basis.ts';
import { isPostgresUrl } from '../model/database-url.ts';
import { openSql } from '../sql/open.ts';
import type { Sql } from '../sql/port.ts';
import type { AggregateBuckets } from '../state/aggregate-buckets.ts';
import { readKeptSums } from '../state/open.ts';

/** Sums that are kept, and what closes their database. */
export interface KeptSums {
  readonly sums: AggregateBuckets;
  /** As AggregateWatermark says. */
  readonly reconciledAt: number | null;
  close(): Promise<void>;
}

/** A check does not wait longer for a state store that does not answer. */
const PATIENCE_MS = 3_000;

/**
 * The sums that a worker keeps for a configuration; null where there are none or the state store cannot be reached.
 * Never throws. An embedded state store is only looked at where it holds the calls, too: opening another one would
 * keep a worker from starting meanwhile.
 */
export async function findKeptSums(config: Config, auditSql: Sql): Promise<KeptSums | null> {
  const { url } = config.state;
  const basis = sumsBasis(config);
  const close = async (sql: Sql): Promise<void> => (sql === auditSql ? undefined : sql.close());
  if (url !== null && !isPostgresUrl(url.reveal())) return null;
  try {
    const sql = url === null ? auditSql : await openSql(url.reveal(), { baseDir: config.dir });
    const sums = await orNull(readKeptSums(sql, basis));
    if (sums !== null) {
      const reconciledAt = (await sums.watermark())?.reconciledAt ?? null;
      return { sums, reconciledAt, close: () => close(sql) };
    }
    void close(sql).catch(() => undefined);
  } catch {
    // The check asks the audit store then; `validate --connect` tells what is wrong with the state store.
  }
  return null;
}

function orNull<T>(reading: Promise<T | null>): Promise<T | null> {
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<null>((resolve) => {
    timer = setTimeout(resolve, PATIENCE_MS, null);
  });
  return Promise.race([reading.catch(() => null), tooLate]).finally(() => clearTimeout(timer));
}
