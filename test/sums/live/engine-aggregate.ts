import { afterAll, beforeAll, expect, test } from 'vitest';
import { measuresOf } from '../../../src/model/metric.ts';
import { ownMetric } from '../../../src/model/own-metric.ts';
import type { Query } from '../../../src/model/series.ts';
import { collectDirectly } from '../../../src/pipeline/collect.ts';
import { openSql } from '../../../src/sql/open.ts';
import type { Sql } from '../../../src/sql/port.ts';
import { openAggregateBuckets } from '../../../src/state/aggregate-buckets.ts';
import { migrate } from '../../../src/state/migrate.ts';
import type { AuditStore } from '../../../src/stores/audit-store.ts';
import { engineOf } from '../../../src/stores/index.ts';
import { type LiveSums, openLiveSums } from '../../../src/sums/live/live-sums.ts';
import { createDatabase, type TestDatabase } from '../../support/database.ts';
import { priceList } from '../../support/price-list.ts';
import { comparable } from '../../support/series-cells.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const LATENESS = 15 * MINUTE;
const START = Date.parse('2026-03-10T10:07:00Z');

/** An engine with a table `calls` of id, at, cost, service, usr, status, latency and input. */
export interface AggregatedEngine {
  start(): Promise<void>;
  url(): string;
  run(sql: string): Promise<void>;
  /** Rows without their ids. */
  insert(rows: readonly (readonly (string | number | null)[])[]): Promise<void>;
  /** Puts other rows in place of the table, as when a backup is put back. */
  replace?(): Promise<void>;
  stop(): Promise<void>;
}

function timeText(at: number): string {
  return new Date(at).toISOString().replace('T', ' ').replace('Z', '');
}

/** Kept sums of an engine are always those that it is asked for directly. */
export function testAggregate(engine: AggregatedEngine): void {
  let store: AuditStore;
  let database: TestDatabase;
  let sql: Sql;
  beforeAll(async () => {
    await engine.start();
    const opened = engineOf(engine.url())?.open(
      engine.url(),
      { baseDir: '/', statementTimeoutMs: 60_000 },
      {
        table: 'calls',
        columns: {
          id: 'id',
          time: 'at',
          cost: 'cost',
          service: 'service',
          user: 'usr',
          status: 'status',
          latency_ms: 'latency',
          input_tokens: 'input',
          model: { sql: "CASE service WHEN 'a' THEN 'gpt-4' WHEN 'b' THEN 'free' END" },
        },
        measures: { waited: { sql: 'latency / 2', aggregate: 'max' } },
      },
      priceList({ 'gpt-4': { input: '1234.5' }, free: { input: '0' } }),
    );
    if (opened === undefined) throw new Error('no engine');
    store = opened;
    database = await createDatabase();
    sql = await openSql(database.url);
    await migrate(sql);
  });
  afterAll(async () => {
    await store?.close();
    await sql?.close();
    await database?.drop();
    await engine.stop();
  });

  /** A repeatable random number below 1. */
  let seed = 7;
  function random(): number {
    seed = (seed * 48_271) % 2_147_483_647;
    return seed / 2_147_483_647;
  }

  async function insert(count: number, from: number, to: number): Promise<void> {
    const pick = <T>(values: readonly T[]): T => values[Math.floor(random() * values.length)] as T;
    const rows = Array.from({ length: count }, () => [
      timeText(from + random() * (to - from)),
      pick([null, 0.1, 2.5, -1, Math.round(random() * 9e6) / 1e6]),
      pick(['a', 'b', 'c']),
      pick(['u1', 'u2', null]),
      pick([200, 200, 500, 429]),
      pick([null, Math.round(random() * 9e7) / 1e3]),
      10,
    ]);
    await engine.insert(rows);
  }

  function queriesAt(at: number): Query[] {
    const back = (ms: number) => ({ from: at - ms, to: at });
    return [
      {
        measures: ['cost', 'calls'],
        where: {},
        groupBy: ['service'],
        windows: [back(HOUR), back(26 * HOUR)],
      },
      {
        measures: ['cost', 'unpriced', 'calls'],
        where: {},
        groupBy: ['user'],
        windows: [back(3 * DAY), back(30 * DAY)],
      },
      { measures: ['calls'], where: {}, groupBy: [], windows: [back(90_000), back(2 * HOUR + 90_500)] },
      {
        measures: ['failed', 'failed@429', 'calls'],
        where: { service: { notIn: ['a'] } },
        groupBy: ['user'],
        windows: [back(5 * HOUR)],
      },
      {
        measures: ['latency_sketch', 'latency_sum', 'calls'],
        where: { user: { in: ['u1', null] } },
        groupBy: ['service'],
        windows: [back(30 * HOUR)],
      },
      {
        measures: ['list_cost', 'list_cost_gap', 'listed_cost', 'cost_sketch', 'calls'],
        where: {},
        groupBy: ['model'],
        windows: [back(4 * HOUR), back(28 * HOUR)],
      },
      {
        measures: measuresOf(ownMetric('waited', 'max', ''), null),
        where: {},
        groupBy: ['service'],
        windows: [back(2 * HOUR), back(25 * HOUR)],
      },
      {
        measures: ['repeated', 'repeated_cost', 'calls'],
        where: {},
        groupBy: ['service'],
        windows: [{ from: at - HOUR, to: at }],
      },
    ];
  }

  async function expectSame(sums: LiveSums, at: number, when: string): Promise<void> {
    const queries = queriesAt(at);
    const direct = await collectDirectly(store, queries, at);
    for (const turn of ['first', 'last']) {
      const { series } = await sums.refresh(queries, at);
      queries.forEach((query, i) => {
        const own = series[i] ?? null;
        if (own === null && turn !== 'last') return;
        expect(comparable(own, query), `${when}, query ${i}, ${turn}`).toBe(
          comparable(direct.series[i], query),
        );
      });
      if (turn !== 'last') await sums.backfill(60_000);
    }
  }

  test('equals direct sums, with late, changed and deleted rows and a restart', async () => {
    const open = () => openLiveSums(store, { latenessMs: LATENESS, kept: openAggregateBuckets(sql, 'test') });
    let sums = open();
    let at = START;
    await insert(3_000, START - 33 * DAY, START);
    await expectSame(sums, at, 'at the start');
    for (let turn = 0; turn < 4; turn += 1) {
      at += MINUTE * (turn + 1);
      await insert(20, at - LATENESS, at);
      const young = `at >= '${timeText(at - LATENESS)}'`;
      await engine.run(
        `UPDATE calls SET cost = COALESCE(cost, 0) + 1.000001, latency = 7 WHERE id % 3 = 0 AND ${young}`,
      );
      await engine.run(`DELETE FROM calls WHERE id % 7 = 5 AND ${young}`);
      await expectSame(sums, at, `young rows of turn ${turn}`);
    }
    sums = open();
    at += 3 * HOUR;
    await insert(50, at - 3 * HOUR, at);
    await expectSame(sums, at, 'after a restart');
    await insert(50, START - 20 * DAY, START);
    await expectSame(sums, at, 'with old rows that came late');
    await engine.run('UPDATE calls SET cost = 7.5 WHERE id % 3 = 0; DELETE FROM calls WHERE id % 4 = 1');
    await sums.reconcile(START - 60 * DAY, at);
    await expectSame(sums, at, 'after changes and a reconcile');
    if (engine.replace === undefined) return;
    await engine.replace();
    at += MINUTE;
    await expectSame(sums, at, 'after other rows took their place');
  });
}
