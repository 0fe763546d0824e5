// Finds the sums that a worker keeps, for a check to read.

import type { Config } from '../config/config.ts';
import { sumsBasis } from '../config/sums-basis.ts';
import { isPostgresUrl } from '../model/database-url.ts';
import { withLimit } from '../model/time-limit.ts';
import { openSql } from '../sql/open.ts';
import type { Sql } from '../sql/port.ts';
import { type KeptSums, readKeptSums } from '../state/open.ts';

/** Kept sums, with a function that closes their database. */
export interface FoundSums extends KeptSums {
  close(): Promise<void>;
}

/** How long a check waits for a state store that does not answer. */
const PATIENCE_MS = 3_000;

/**
 * The sums that a worker keeps for a configuration; null where there are none or the state store is unreachable. Never
 * throws. An embedded state store is only opened where it also holds the calls: opening another one would keep a worker from
 * starting.
 */
export async function findKeptSums(config: Config, auditSql: Sql): Promise<FoundSums | null> {
  const { url } = config.state;
  if (url !== null && !isPostgresUrl(url.reveal())) return null;
  let opened: Sql | null = null;
  const close = async (): Promise<void> => opened?.close();
  try {
    if (url !== null) opened = await openSql(url.reveal(), { baseDir: config.dir });
    const found = await withLimit(readKeptSums(opened ?? auditSql, sumsBasis(config)), PATIENCE_MS);
    if (found !== null) return { ...found, close };
  } catch {
    // The check then asks the audit store; `validate --connect` reports what is wrong with the state store.
  }
  void close().catch(() => undefined);
  return null;
}
