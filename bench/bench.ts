import { openSql } from '../src/sql/open.ts';
import type { Sql } from '../src/sql/port.ts';
import type { Cluster } from './cluster.ts';
import { timed } from './measure.ts';
import type { Statement } from './naive-sql.ts';
import type { Poller } from './poller-process.ts';
import type { Minutes } from './polls.ts';
import type { Rollup } from './rules.ts';

/** What a part of the bench works with. */
export interface Bench {
  readonly cluster: Cluster;
  readonly minutes: Minutes;
  /** Calls a minute. */
  readonly rate: number;
  readonly rollup: Rollup;
  readonly rounds: number;
  /** How far back a backtest goes. */
  readonly days: number;
  readonly say: (line: string) => void;
}

export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

/** Minutes pass one after the other, each with its poll and what is due after it. */
export async function polls(minutes: Minutes, poller: Poller, count: number): Promise<void> {
  for (let i = 0; i < count; i += 1) {
    await minutes.pass();
    await poller.poll(minutes.now);
    await poller.maintain(minutes.now);
  }
}

/** Whoever asks the audit store as a person would, beside the program: how long each statement takes, ms. */
export type Asker = (statement: Statement) => Promise<number>;

export async function withAsker<T>(cluster: Cluster, work: (ask: Asker) => Promise<T>): Promise<T> {
  const sql: Sql = await openSql(cluster.auditUrl, { statementTimeoutMs: HOUR });
  try {
    return await work(({ text, values }) => timed(() => sql.query(text, values)));
  } finally {
    await sql.close();
  }
}
