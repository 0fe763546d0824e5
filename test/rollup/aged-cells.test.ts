import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { Query } from '../../src/model/series.ts';
import { collect } from '../../src/pipeline/collect.ts';
import { openRollup, type Rollup } from '../../src/rollup/ledger.ts';
import { openState } from '../../src/state/open.ts';
import { openRollupHours } from '../../src/state/rollup-hours.ts';
import type { AuditStore } from '../../src/stores/audit-store.ts';
import { postgres } from '../../src/stores/postgres.ts';
import { type CallStore, openCallStore } from '../support/call-store.ts';
import { comparable } from '../support/series-cells.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const AT = Date.parse('2026-03-10T10:07:00Z');

let calls: CallStore;
/** The same table, without an insert order. */
let unordered: AuditStore;

beforeAll(async () => {
  calls = await openCallStore('postgres');
  await openState(calls.sql);
  unordered = postgres.open(
    calls.sql,
    { preset: 'api_audit_logs', columns: { id: { sql: 'request_id' } } },
    null,
  );
});

afterAll(async () => {
  await calls?.stop();
});

beforeEach(async () => {
  await calls.clear();
  await calls.sql.query('TRUNCATE spendwatch.rollup_hour, spendwatch.rollup_progress');
});

function opened(store: AuditStore = calls.store, latenessMs = 15 * MINUTE): Rollup {
  return openRollup(store, { latenessMs, kept: openRollupHours(calls.sql, 'test') });
}

const spend =
  (back: number, groupBy: string[] = ['service'], end?: number) =>
  (at: number): Query => ({
    measures: ['cost', 'calls'],
    where: {},
    groupBy,
    windows: [{ from: (end ?? at) - back, to: end ?? at }],
  });

type Asked = readonly ((at: number) => Query)[];

/** Looks until nothing is missing. */
async function settle(rollup: Rollup, at: number, asked: Asked): Promise<void> {
  const queries = asked.map((query) => query(at));
  await rollup.look(queries, at);
  await rollup.build(60_000);
}

async function expectSame(rollup: Rollup, at: number, asked: Asked): Promise<void> {
  const queries = asked.map((query) => query(at));
  const { series } = await rollup.look(queries, at);
  const direct = await collect(calls.store, queries, at);
  for (const [i, query] of queries.entries()) {
    expect(comparable(series[i], query)).toBe(comparable(direct.series[i], query));
  }
}

async function expectSettled(rollup: Rollup, at: number, asked: Asked): Promise<void> {
  await settle(rollup, at, asked);
  await expectSame(rollup, at, asked);
}

test('a lateness of many hours loses no minute of the hour that it ends in', async () => {
  const asked = [spend(12 * HOUR)];
  const rollup = opened(calls.store, 8 * HOUR);
  await calls.log({ at: Date.parse('2026-03-10T02:05:00Z'), cost: 3 });
  for (const minute of [0, 10, 20, 30, 70, 80]) await expectSettled(rollup, AT + minute * MINUTE, asked);
});

test('a row that came late into hours that no rule used is there when a rule uses them', async () => {
  const first = opened();
  await settle(first, AT, [spend(30 * HOUR)]);
  await settle(first, AT + MINUTE, [spend(3 * HOUR)]);
  await settle(first, AT + 2 * HOUR, [spend(3 * HOUR)]);
  await calls.log({ at: AT - 20 * HOUR, cost: 5 });
  await settle(first, AT + 2 * HOUR + 6 * MINUTE, [spend(3 * HOUR)]);
  await expectSettled(opened(), AT + 2 * HOUR + 7 * MINUTE, [spend(30 * HOUR)]);
});

test('a comparison finds a row that went to another group', async () => {
  await calls.log({ at: AT - 20 * HOUR, cost: 5, user: 'u1' });
  const asked = [spend(30 * HOUR, ['user'])];
  const rollup = opened();
  await settle(rollup, AT, asked);
  await calls.sql.query(`UPDATE api_audit_logs SET user_id = 'u2'`);
  await rollup.reconcile(AT - 2 * DAY, AT);
  await expectSettled(rollup, AT, asked);
});

test('a comparison of an hour that only another rule uses whole also counts for the edge in it', async () => {
  const edge = Math.floor((AT - 20 * HOUR) / HOUR) * HOUR + 30 * MINUTE;
  await calls.log({ at: edge + 5 * MINUTE, cost: 5 });
  const asked: Asked = [
    spend(30 * HOUR, []),
    () => ({
      measures: ['cost', 'calls'],
      where: {},
      groupBy: ['service'],
      windows: [{ from: edge, to: edge + 20 * MINUTE }],
    }),
  ];
  const rollup = opened();
  await settle(rollup, AT, asked);
  await calls.sql.query('UPDATE api_audit_logs SET cost_usd = 7');
  await rollup.reconcile(AT - 2 * DAY, AT);
  await expectSettled(rollup, AT + MINUTE, asked);
});

test('a clock that went ahead and back leaves no hour without its rows', async () => {
  for (const store of [calls.store, unordered]) {
    await calls.clear();
    await calls.sql.query('TRUNCATE spendwatch.rollup_hour, spendwatch.rollup_progress');
    const asked = [spend(5 * HOUR)];
    const rollup = opened(store);
    await settle(rollup, AT, asked);
    await settle(rollup, AT + 75 * MINUTE, asked);
    await expectSettled(rollup, AT + MINUTE, asked);
    await calls.log({ at: AT + 30 * MINUTE, cost: 5 });
    await expectSettled(rollup, AT + 31 * MINUTE, asked);
    await expectSettled(rollup, AT + 60 * MINUTE, asked);
    await expectSettled(rollup, AT + 70 * MINUTE, asked);
    await expectSettled(rollup, AT + 80 * MINUTE, asked);
    await expectSettled(opened(store), AT + 81 * MINUTE, asked);
  }
});

test('what could not be kept because another process had seen more is kept later', async () => {
  const asked = [spend(30 * HOUR)];
  const behind = opened();
  await settle(behind, AT, asked);
  await settle(opened(), AT + 2 * MINUTE, asked);
  await calls.log({ at: AT - 20 * HOUR, cost: 5 });
  await settle(behind, AT + MINUTE, asked);
  for (const minutes of [3, 8, 14]) await settle(behind, AT + minutes * MINUTE, asked);
  await expectSettled(opened(), AT + 15 * MINUTE, asked);
});

test('ids that were missing are looked for once more after a long absence', async () => {
  const asked = [spend(5 * DAY)];
  await calls.log({ at: AT - 30 * HOUR, cost: 5 });
  await settle(opened(), AT, asked);
  // Two ids are taken, and the first of them comes after the look.
  await calls.log({ at: AT - 30 * HOUR, cost: 7 }, { at: AT - MINUTE, cost: 1 });
  const [held] = await calls.sql.query<{ id: string }>('SELECT max(id) - 1 AS id FROM api_audit_logs');
  const id = held?.id;
  await calls.sql.query('UPDATE api_audit_logs SET id = -id WHERE id = $1', [id]);
  await calls.sql.query('CREATE TABLE aside AS SELECT * FROM api_audit_logs WHERE id < 0');
  await calls.sql.query('DELETE FROM api_audit_logs WHERE id < 0');
  await settle(opened(), AT + 6 * MINUTE, asked);
  await calls.sql.query('UPDATE aside SET id = -id');
  await calls.sql.query('INSERT INTO api_audit_logs OVERRIDING SYSTEM VALUE SELECT * FROM aside');
  await calls.sql.query('DROP TABLE aside');
  await expectSettled(opened(), AT + 2 * DAY, asked);
});

test('sums of many groups that a rule puts together are exact', async () => {
  const rows = 20_000;
  await calls.sql.query(
    `INSERT INTO api_audit_logs (request_id, request_timestamp, service_name, user_id, model, endpoint, input_tokens, status_code)
     SELECT gen_random_uuid(), $1::timestamptz, 's', n::text, 'm', '', 990000 + n % 9973, 200 FROM generate_series(1, ${rows}) AS n`,
    [new Date(AT - 5 * HOUR)],
  );
  const priced = postgres.open(calls.sql, {}, { m: { input: '0.999999999999', output: '0' } });
  const query: Query = {
    measures: ['cost', 'calls'],
    where: { user: { notIn: ['nobody'] } },
    groupBy: [],
    windows: [{ from: AT - 10 * HOUR, to: AT }],
  };
  const rollup = openRollup(priced, { latenessMs: 15 * MINUTE, kept: null });
  await rollup.look([query], AT);
  await rollup.build(60_000);
  const { series } = await rollup.look([query], AT);
  const direct = await collect(priced, [query], AT);
  expect(comparable(series[0], query)).toBe(comparable(direct.series[0], query));
});
