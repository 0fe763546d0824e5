import { setTimeout as sleep } from 'node:timers/promises';
import type { Sql } from '../src/sql/port.ts';

/** How long `work` took, ms. */
export async function timed(work: () => Promise<unknown>): Promise<number> {
  const begun = performance.now();
  await work();
  return performance.now() - begun;
}

/** What this process takes of the machine's memory, MB. */
export function residentMb(): number {
  return process.memoryUsage.rss() / 2 ** 20;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

/** What the server counted. */
export interface Counters {
  /** Statements of the audit login, and those among them that read the table. */
  readonly statements: number;
  readonly reads: number;
  /** Time that the server spent on statements, ms. */
  readonly auditMs: number;
  readonly stateMs: number;
  /** Rows of the audit table that any statement fetched, by an index or by going through the table. */
  readonly rows: number;
}

/** An idle connection hands in its counts after 10 s (PGSTAT_IDLE_INTERVAL). */
const HANDED_IN_MS = 11_000;

/** What the server counted while `work` ran. */
export async function counted(owner: Sql, work: () => Promise<unknown>): Promise<Counters> {
  await sleep(HANDED_IN_MS);
  const rowsBefore = await rowsFetched(owner);
  await owner.query('SELECT pg_stat_statements_reset()');
  await work();
  const [seen] = await owner.query<Record<'statements' | 'reads' | 'audit_ms' | 'state_ms', number>>(`
    SELECT COALESCE(sum(calls) FILTER (WHERE rolname = 'watcher'), 0)::float8 AS statements,
      COALESCE(sum(calls) FILTER (WHERE rolname = 'watcher' AND query ~ 'api_audit_logs'), 0)::float8 AS reads,
      COALESCE(sum(total_exec_time) FILTER (WHERE rolname = 'watcher'), 0) AS audit_ms,
      COALESCE(sum(total_exec_time) FILTER (WHERE rolname = 'keeper'), 0) AS state_ms
    FROM pg_stat_statements JOIN pg_roles ON pg_roles.oid = userid WHERE toplevel`);
  await sleep(HANDED_IN_MS);
  const rows = (await rowsFetched(owner)) - rowsBefore;
  const { statements = 0, reads = 0, audit_ms: auditMs = 0, state_ms: stateMs = 0 } = seen ?? {};
  return { statements, reads, auditMs, stateMs, rows };
}

async function rowsFetched(owner: Sql): Promise<number> {
  const [row] = await owner.query<{ rows: string }>(
    `SELECT seq_tup_read + COALESCE(idx_tup_fetch, 0) AS rows FROM pg_stat_user_tables WHERE relname = 'api_audit_logs'`,
  );
  return Number(row?.rows ?? 0);
}
