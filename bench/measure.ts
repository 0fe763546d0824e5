import { setTimeout as sleep } from 'node:timers/promises';
import type { Sql } from '../src/sql/port.ts';

/** How long `work` took, ms. */
export async function timed(work: () => Promise<unknown>): Promise<number> {
  const begun = performance.now();
  await work();
  return performance.now() - begun;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

/** The name that the floor gives the table, by which it is told from the program's own statements. */
export const FLOOR_MARK = 'bench_floor';

/** What the server counted: of the program's statements, and of the floor beside it. Times are ms. */
export interface Counters {
  /** Statements of the audit login, and those among them that read the table: to lock it or to look at its columns is no reading. */
  readonly statements: number;
  readonly reads: number;
  /** Time of execution on the audit store, and of planning. */
  readonly auditMs: number;
  readonly auditPlanMs: number;
  /** Time of execution on the state store. */
  readonly stateMs: number;
  /** Time of execution of the floor. */
  readonly floorMs: number;
}

/** What the server counted while `work` ran. */
export async function counted(owner: Sql, work: () => Promise<unknown>): Promise<Counters> {
  const before = await counters(owner);
  await work();
  const after = await counters(owner);
  const names = Object.keys(after) as (keyof Counters)[];
  return Object.fromEntries(names.map((name) => [name, after[name] - before[name]])) as unknown as Counters;
}

/**
 * Since the server started. They are compared and never reset: the statement after a reset pays for its text being
 * kept once more.
 */
async function counters(owner: Sql): Promise<Counters> {
  const [seen] = await owner.query<Counters & Record<string, number>>(`
    SELECT ${totalOf('calls', AUDIT)} AS statements,
      ${totalOf('calls', `${AUDIT} AND query LIKE '%api_audit_logs%' AND query ~* '^\\s*(SELECT|WITH)'`)} AS reads,
      ${totalOf('total_exec_time', AUDIT)} AS "auditMs",
      ${totalOf('total_plan_time', AUDIT)} AS "auditPlanMs",
      ${totalOf('total_exec_time', "rolname = 'keeper'")} AS "stateMs",
      ${totalOf('total_exec_time', `query LIKE '%AS ${FLOOR_MARK} %'`)} AS "floorMs"
    FROM pg_stat_statements JOIN pg_roles ON pg_roles.oid = userid WHERE toplevel`);
  if (seen === undefined) throw new Error('pg_stat_statements counted nothing');
  return seen;
}

const AUDIT = `rolname = 'watcher' AND query NOT LIKE '%AS ${FLOOR_MARK} %'`;

function totalOf(column: string, condition: string): string {
  return `COALESCE(sum(${column}) FILTER (WHERE ${condition}), 0)::float8`;
}

/** An idle connection hands in its counts of rows after 10 s (PGSTAT_IDLE_INTERVAL). */
const HANDED_IN_MS = 11_000;

/** Rows of the audit table that any statement fetched while `work` ran, by an index or by going through the table. */
export async function rowsFetched(owner: Sql, work: () => Promise<unknown>): Promise<number> {
  const all = async (): Promise<number> => {
    await sleep(HANDED_IN_MS);
    const [row] = await owner.query<{ rows: string }>(
      `SELECT seq_tup_read + COALESCE(idx_tup_fetch, 0) AS rows FROM pg_stat_user_tables WHERE relname = 'api_audit_logs'`,
    );
    return Number(row?.rows ?? 0);
  };
  const before = await all();
  await work();
  return (await all()) - before;
}
