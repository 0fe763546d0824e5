import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { Measure } from '../../../src/model/measure.ts';
import type { Query } from '../../../src/model/series.ts';
import { collect } from '../../../src/pipeline/collect.ts';
import { openAggregateBuckets } from '../../../src/state/aggregate-buckets.ts';
import { openState } from '../../../src/state/open.ts';
import type { AuditStore } from '../../../src/stores/audit-store.ts';
import { postgres } from '../../../src/stores/postgres.ts';
import { type LiveSums, openLiveSums } from '../../../src/sums/live/live-sums.ts';
import { type CallStore, openCallStore } from '../../support/call-store.ts';
import { priceList } from '../../support/price-list.ts';
import { comparable } from '../../support/series-cells.ts';

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
  await calls.sql.query('TRUNCATE spendwatch.aggregate_bucket, spendwatch.aggregate_watermark');
});

function opened(store: AuditStore = calls.store, latenessMs = 15 * MINUTE): LiveSums {
  return openLiveSums(store, { latenessMs, kept: openAggregateBuckets(calls.sql, 'test') });
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
async function settle(rollup: LiveSums, at: number, asked: Asked): Promise<void> {
  const queries = asked.map((query) => query(at));
  await rollup.refresh(queries, at);
  await rollup.backfill(60_000);
}

async function expectSame(rollup: LiveSums, at: number, asked: Asked): Promise<void> {
  const queries = asked.map((query) => query(at));
  const { series } = await rollup.refresh(queries, at);
  const direct = await collect(calls.store, queries, at);
  for (const [i, query] of queries.entries()) {
    expect(comparable(series[i], query)).toBe(comparable(direct.series[i], query));
  }
}

async function expectSettled(rollup: LiveSums, at: number, asked: Asked): Promise<void> {
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
    await calls.sql.query('TRUNCATE spendwatch.aggregate_bucket, spendwatch.aggregate_watermark');
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
  // Two ids are taken, and the first of them comes after the refresh.
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
  const priced = postgres.open(calls.sql, {}, priceList({ m: { input: '0.999999999999', output: '0' } }));
  const query: Query = {
    measures: ['cost', 'calls'],
    where: { user: { notIn: ['nobody'] } },
    groupBy: [],
    windows: [{ from: AT - 10 * HOUR, to: AT }],
  };
  const rollup = openLiveSums(priced, { latenessMs: 15 * MINUTE, kept: null });
  await rollup.refresh([query], AT);
  await rollup.backfill(60_000);
  const { series } = await rollup.refresh([query], AT);
  const direct = await collect(priced, [query], AT);
  expect(comparable(series[0], query)).toBe(comparable(direct.series[0], query));
});

test('a clock that went back by days finds what was kept by the day, and measures that were not read so far back', async () => {
  const byUser =
    (days: number, measure: Measure) =>
    (at: number): Query => ({
      measures: [measure, 'calls'],
      where: {},
      groupBy: ['user'],
      windows: [{ from: at - days * DAY, to: at }],
    });
  const asked = [byUser(3, 'unpriced'), byUser(30, 'cost')];
  const at = Date.parse('2026-03-06T12:00:00Z');
  await calls.log({ at, cost: 5, user: 'u1' }, { at, cost: null, user: 'u1' });
  const rollup = opened();
  await expectSettled(rollup, AT, asked);
  const back = Date.parse('2026-03-09T00:00:00Z');
  // Not known yet is not 0.
  const { series } = await rollup.refresh(
    asked.map((query) => query(back)),
    back,
  );
  expect(series[0]).toBeNull();
  await expectSettled(rollup, back, asked);
  await expectSettled(opened(), AT, asked);
});

test('polls never miss the hours of a day into which the edge of a window moves', async () => {
  const asked = [spend(7 * DAY, ['user']), spend(9 * DAY + 30 * MINUTE, ['user'])];
  await calls.log(
    ...Array.from({ length: 13 * 12 }, (_, i) => ({ at: AT - 10 * DAY + i * 2 * HOUR, cost: i, user: 'u' })),
  );
  const rollup = opened();
  await settle(rollup, AT, asked);
  for (let hour = 1; hour <= 60; hour += 1) {
    const at = AT + hour * HOUR;
    await expectSame(rollup, at, asked);
    await rollup.backfill(60_000);
  }
  const kept = await calls.sql.query<{ hours: number; count: string }>(
    `SELECT hours, count(*) FROM spendwatch.aggregate_bucket WHERE dimensions = '["user"]' GROUP BY hours ORDER BY hours`,
  );
  const [byHour, byDay] = kept.map(({ count }) => Number(count));
  expect(byDay).toBeGreaterThanOrEqual(4);
  expect(byHour).toBeLessThan(6 * 24);
});

test('a row of 20 days ago that comes late counts at once in a day that is kept whole, also after a restart', async () => {
  const asked = [spend(30 * DAY, ['user']), spend(28 * DAY, [])];
  await calls.log({ at: AT - 20 * DAY, cost: 5, user: 'u1' });
  const rollup = opened();
  await expectSettled(rollup, AT, asked);
  await calls.log({ at: AT - 20 * DAY, cost: 7, user: 'u2' });
  await expectSame(rollup, AT + MINUTE, asked);
  await expectSame(opened(), AT + 2 * MINUTE, asked);
});

test('a comparison finds a row that was deleted from a day that is kept whole', async () => {
  const asked = [spend(30 * DAY, ['user'])];
  await calls.log({ at: AT - 20 * DAY, cost: 5, user: 'u1' }, { at: AT - 20 * DAY, cost: 7, user: 'u2' });
  const rollup = opened();
  await expectSettled(rollup, AT, asked);
  await calls.sql.query(`DELETE FROM api_audit_logs WHERE user_id = 'u1'`);
  expect(rollup.oldest()).toBeLessThan(AT - 29 * DAY);
  expect(await rollup.reconcile(AT - 21 * DAY, AT - 19 * DAY)).toBe(1);
  await expectSame(rollup, AT + MINUTE, asked);
  await expectSame(opened(), AT + 2 * MINUTE, asked);
});

test('an older view of another process never overwrites what was kept since', async () => {
  const asked = [spend(30 * HOUR)];
  await calls.log({ at: AT - 20 * HOUR, cost: 5 });
  const frozen = opened();
  await settle(frozen, AT, asked);
  const other = opened();
  await settle(other, AT + MINUTE, asked);
  await calls.log({ at: AT - 21 * HOUR, cost: 1 });
  await settle(other, AT + 2 * MINUTE, asked);
  await calls.sql.query('UPDATE api_audit_logs SET cost_usd = 9');
  await other.reconcile(AT - 2 * DAY, AT);
  // It wakes with a clock that is far ahead, and has seen neither the row nor the change.
  await frozen.backfill(60_000);
  await frozen.refresh(
    asked.map((query) => query(AT + 5 * HOUR)),
    AT + 5 * HOUR,
  );
  await expectSettled(opened(), AT + 5 * HOUR, asked);
});

test('a process takes over the keeping of cells from one that is gone', async () => {
  const asked = [spend(30 * HOUR)];
  const staying = opened();
  await settle(staying, AT, asked);
  await settle(opened(), AT + MINUTE, asked);
  await calls.log({ at: AT - 20 * HOUR, cost: 5 });
  for (let minutes = 2; minutes <= 14; minutes += 1) await settle(staying, AT + minutes * MINUTE, asked);
  const [before] = await calls.sql.query<{ cells: string }>(
    `SELECT string_agg(sums, ',' ORDER BY dimensions, hours, begins) AS cells FROM spendwatch.aggregate_bucket`,
  );
  await calls.log({ at: AT - 21 * HOUR, cost: 5 });
  await settle(staying, AT + 15 * MINUTE, asked);
  const [after] = await calls.sql.query<{ cells: string }>(
    `SELECT string_agg(sums, ',' ORDER BY dimensions, hours, begins) AS cells FROM spendwatch.aggregate_bucket`,
  );
  expect(after?.cells).not.toBe(before?.cells);
  await expectSettled(opened(), AT + 16 * MINUTE, asked);
});

test('an aggregate that is opened later has seen what the others have', async () => {
  const [first, second] = [spend(30 * HOUR), spend(30 * HOUR, ['model'])];
  const one = opened();
  await settle(one, AT, [first]);
  await settle(opened(), AT + MINUTE, [first, second]);
  await calls.log({ at: AT - 20 * HOUR, cost: 5 });
  await settle(one, AT + 2 * MINUTE, [first]);
  await expectSettled(one, AT + 3 * MINUTE, [first, second]);
});

test('cells of which nobody knows what they have seen are not used', async () => {
  const asked = [spend(30 * HOUR)];
  await settle(opened(), AT, asked);
  await calls.sql.query('DELETE FROM spendwatch.aggregate_watermark');
  await calls.log({ at: AT - 20 * HOUR, cost: 5 });
  await expectSettled(opened(), AT + MINUTE, asked);
});

test('a measure that is asked of the distant past of a sudden is read there, the minutes of edges too', async () => {
  const over =
    (back: number, measure: Measure) =>
    (at: number): Query => ({
      measures: [measure, 'calls'],
      where: {},
      groupBy: ['service'],
      windows: [{ from: at - back, to: at }],
    });
  const edge = AT - 30 * DAY;
  await calls.log({ at: edge + 5 * MINUTE, status: 500 }, { at: edge + 3 * HOUR, status: 500 });
  const rollup = opened();
  await settle(rollup, AT, [over(30 * DAY, 'cost'), over(2 * HOUR, 'failed')]);
  const asked = [over(30 * DAY, 'cost'), over(30 * DAY, 'failed')];
  const { series } = await rollup.refresh(
    asked.map((query) => query(AT)),
    AT,
  );
  expect(series[1]).toBeNull();
  await expectSettled(rollup, AT, asked);
});

test('an hour that is not over has all measures, also where it is longer ago than all windows of one', async () => {
  const asked = [
    spend(12 * HOUR),
    (at: number): Query => ({
      measures: ['failed', 'calls'],
      where: {},
      groupBy: ['service'],
      windows: [{ from: at - HOUR, to: at }],
    }),
  ];
  const rollup = opened(calls.store, 8 * HOUR);
  await expectSettled(rollup, AT, asked);
  // Older than what is read again, in the hour that the lateness ends in.
  await calls.log({ at: AT - 8 * HOUR - 4 * MINUTE, cost: 3, status: 500 });
  await expectSettled(rollup, AT + MINUTE, asked);
  const longer = [
    spend(12 * HOUR),
    (at: number): Query => ({
      ...(asked[1] as (typeof asked)[number])(at),
      windows: [{ from: at - 9 * HOUR, to: at }],
    }),
  ];
  await expectSettled(rollup, AT + 2 * MINUTE, longer);
});
