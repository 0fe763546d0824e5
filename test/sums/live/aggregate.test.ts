import fc from 'fast-check';
import pg from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { isSketch } from '../../../src/model/measure.ts';
import type { Query, Series } from '../../../src/model/series.ts';
import type { Window } from '../../../src/model/window.ts';
import { collectDirectly } from '../../../src/pipeline/collect.ts';
import { openSql } from '../../../src/sql/open.ts';
import type { Sql } from '../../../src/sql/port.ts';
import { openAggregateBuckets } from '../../../src/state/aggregate-buckets.ts';
import { migrate } from '../../../src/state/migrate.ts';
import type { AuditStore } from '../../../src/stores/audit-store.ts';
import { AUDIT_STORES } from '../../../src/stores/index.ts';
import { type LiveSums, openLiveSums } from '../../../src/sums/live/live-sums.ts';
import { createDatabase, type TestDatabase } from '../../support/database.ts';
import { scaled } from '../../support/scaled.ts';
import { comparable } from '../../support/series-cells.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const LATENESS = 15 * MINUTE;
const START = Date.parse('2026-03-10T10:07:00Z');

let database: TestDatabase;
let sql: Sql;
let store: AuditStore;

const OWN = {
  headroom: { sql: 'latency_ms / 7 - 5000', aggregate: 'min' as const },
  broken: { sql: 'status_code >= 500', aggregate: 'max' as const },
};

beforeAll(async () => {
  database = await createDatabase();
  sql = await openSql(database.url);
  store = AUDIT_STORES.postgres.open(sql, { preset: 'api_audit_logs', measures: OWN }, null);
  await store.createTable();
  await migrate(sql);
});

afterAll(async () => {
  await sql?.close();
  await database?.drop();
});

beforeEach(async () => {
  await sql.query('TRUNCATE api_audit_logs RESTART IDENTITY');
  await sql.query('TRUNCATE spendwatch.aggregate_bucket, spendwatch.aggregate_watermark');
});

interface Call {
  readonly at: number;
  readonly service: string;
  readonly user: string | null;
  readonly cost: number | null;
  readonly status: number;
  readonly latency: number | null;
}

function insertText(calls: readonly Call[]): { text: string; values: unknown[] } {
  return {
    text: `INSERT INTO api_audit_logs (request_id, request_timestamp, service_name, user_id, model, endpoint, input_tokens, status_code, latency_ms, cost_usd)
      SELECT gen_random_uuid(), at::timestamptz + n * interval '20 seconds', service, usr, 'm', n, 10, status, latency, cost
      FROM jsonb_to_recordset($1::text::jsonb) AS r (at text, service text, usr text, status int, latency float8, cost numeric)
      -- Some are made again.
      JOIN generate_series(0, 2) AS n ON n = 0 OR latency < 30000`,
    values: [
      JSON.stringify(
        calls.map(({ at, user, ...rest }) => ({ ...rest, usr: user, at: new Date(at).toISOString() })),
      ),
    ],
  };
}

const call = (within: Window): fc.Arbitrary<Call> =>
  fc.record({
    at: fc.integer({ min: within.from, max: within.to - 1 }),
    service: fc.constantFrom('a', 'b', 'c'),
    user: fc.constantFrom('u1', 'u2', 'u3', null),
    cost: fc.option(fc.integer({ min: -2_000_000, max: 9_000_000 }).map((micros) => micros / 1e6)),
    status: fc.constantFrom(200, 200, 500, 429),
    latency: fc.option(fc.integer({ min: 0, max: 90_000 })),
  });

/** Local midnight of the first of the month in a zone behind UTC. */
const MONTH = Date.parse('2026-03-01T05:00:00Z');

/**
 * The queries that rules would ask at an instant: rolling, of the calendar, in the past, filtered, sketches, edges within
 * minutes; short and long windows over the same groups, with other measures.
 */
function queriesAt(at: number): Query[] {
  const back = (ms: number, end = at): Window => ({ from: end - ms, to: end });
  const minute = Math.floor(at / MINUTE) * MINUTE;
  return [
    { measures: ['cost', 'calls'], where: {}, groupBy: ['service'], windows: [back(HOUR), back(26 * HOUR)] },
    { measures: ['cost', 'unpriced', 'calls'], where: {}, groupBy: ['user'], windows: [back(3 * DAY)] },
    {
      measures: ['calls'],
      where: {},
      groupBy: [],
      windows: [back(15 * MINUTE), back(90_000), back(2 * HOUR + 90_500)],
    },
    {
      measures: ['failed', 'failed@429', 'failed@not:429', 'calls'],
      where: { service: { notIn: ['a', null] } },
      groupBy: ['user', 'service'],
      windows: [back(5 * HOUR)],
    },
    {
      measures: ['latency_sketch', 'latency_sum', 'latency_count', 'calls'],
      where: { user: { in: ['u1', null] } },
      groupBy: ['service'],
      windows: [back(HOUR), back(30 * HOUR)],
    },
    {
      measures: ['cost', 'calls'],
      where: {},
      groupBy: ['service'],
      windows: [1, 2, 3].flatMap((day) => [back(6 * HOUR, at - day * DAY), back(DAY, at - day * DAY)]),
    },
    { measures: ['cost', 'calls'], where: {}, groupBy: ['user'], windows: [back(7 * DAY), back(30 * DAY)] },
    {
      measures: ['failed', 'calls'],
      where: {},
      groupBy: ['service', 'user'],
      windows: [{ from: Math.min(MONTH, at), to: at }, back(12 * DAY)],
    },
    { measures: ['input_tokens', 'calls'], where: {}, groupBy: [], windows: [back(9 * DAY, at - 11 * DAY)] },
    { measures: ['latency_sketch', 'calls'], where: {}, groupBy: ['user'], windows: [back(10 * DAY)] },
    {
      measures: ['cost_sketch', 'tokens_sketch', 'calls'],
      where: {},
      groupBy: ['service'],
      windows: [back(HOUR), back(4 * DAY)],
    },
    {
      measures: ['repeated', 'repeated_cost', 'repeated_unpriced', 'calls'],
      where: { endpoint: { notIn: ['0'] } },
      groupBy: ['service'],
      windows: [back(MINUTE, minute), back(HOUR, minute), back(4 * DAY, minute)],
    },
    {
      measures: ['own_values_headroom', 'own_sum_headroom', 'own_count_broken', 'calls'],
      where: { user: { notIn: ['u3'] } },
      groupBy: ['service'],
      windows: [back(90_000), back(HOUR), back(5 * DAY)],
    },
    {
      measures: ['cost', 'cost_squares', 'calls'],
      where: {},
      groupBy: ['service'],
      windows: [back(HOUR)],
      hours: {
        to: Math.floor(at / HOUR) * HOUR,
        counts: [
          { measure: 'cost', count: 9 * 24 },
          { measure: 'cost_squares', count: 4 * 24 },
        ],
      },
    },
  ];
}

async function expectSame(rollup: LiveSums, at: number, when: string): Promise<void> {
  const queries = queriesAt(at);
  const direct = await collectDirectly(store, queries, at);
  // A process that takes over from one that is gone begins with what that one kept, and lacks the rest for one more refresh.
  for (const turn of ['first', 'second', 'last']) {
    const { series, newestRow } = await rollup.refresh(queries, at);
    expect(newestRow).toBe(direct.newestRow);
    queries.forEach((query, i) => {
      const own = series[i] ?? null;
      if (own === null && turn !== 'last') return;
      const where = `${when}, query ${i}, ${turn} refresh`;
      expect(comparable(own, query), where).toBe(comparable(direct.series[i], query));
      if (own !== null) expectEstimates(own, query, where);
    });
    if (turn !== 'last') await rollup.backfill(60_000);
  }
}

/** Estimates are what the exact sums are, but for the last digits of a double. */
function expectEstimates(series: Series, { windows, measures }: Query, where: string): void {
  for (const measure of measures.filter((one) => !isSketch(one))) {
    for (const window of windows.keys()) {
      const exact = series.keys.map(
        (_, group) => Number(series.cell(group, window)?.sums[measure] ?? 0n) / 1e12,
      );
      const all = series.estimates?.(window, [measure]) ?? [];
      const each = series.keys.map((_, group) => series.estimate(group, window, measure));
      const off = exact.filter((sum, i) =>
        [all[i], each[i]].some((one) => !(Math.abs((one ?? Number.NaN) - sum) <= 1e-9 * (1 + Math.abs(sum)))),
      );
      expect(off, `${where}, ${measure}`).toEqual([]);
    }
  }
}

type Step =
  | { readonly kind: 'rows'; readonly calls: readonly Call[] }
  | { readonly kind: 'hold'; readonly calls: readonly Call[] }
  | { readonly kind: 'release' }
  | { readonly kind: 'restart' }
  | { readonly kind: 'other' }
  | { readonly kind: 'fewer' }
  | { readonly kind: 'cut' }
  | { readonly kind: 'change'; readonly text: string }
  | { readonly kind: 'young'; readonly calls: readonly Call[]; readonly text: string }
  | { readonly kind: 'advance'; readonly ms: number };

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    {
      weight: 4,
      arbitrary: fc
        .array(call({ from: START - 5 * DAY, to: START + 2 * DAY }), { maxLength: 12 })
        .map((calls) => ({ kind: 'rows' as const, calls })),
    },
    {
      weight: 2,
      arbitrary: fc
        .array(call({ from: START - 33 * DAY, to: START - 2 * DAY }), { minLength: 1, maxLength: 12 })
        .map((calls) => ({ kind: 'rows' as const, calls })),
    },
    {
      weight: 2,
      arbitrary: fc
        .array(call({ from: START - 20 * DAY, to: START + HOUR }), { minLength: 1, maxLength: 4 })
        .map((calls) => ({ kind: 'hold' as const, calls })),
    },
    { weight: 2, arbitrary: fc.constant({ kind: 'release' as const }) },
    { weight: 1, arbitrary: fc.constant({ kind: 'restart' as const }) },
    { weight: 1, arbitrary: fc.constant({ kind: 'other' as const }) },
    { weight: 1, arbitrary: fc.constant({ kind: 'fewer' as const }) },
    { weight: 1, arbitrary: fc.constant({ kind: 'cut' as const }) },
    {
      weight: 2,
      arbitrary: fc
        .constantFrom(
          'UPDATE api_audit_logs SET cost_usd = 7.5 WHERE id % 3 = 0',
          'DELETE FROM api_audit_logs WHERE id % 4 = 1',
          "DELETE FROM api_audit_logs WHERE request_timestamp < '2026-02-20T13:30:00Z'",
          "UPDATE api_audit_logs SET user_id = 'u2', service_name = 'd' WHERE id % 3 = 1",
          "UPDATE api_audit_logs SET request_timestamp = request_timestamp - interval '7 minutes 3 seconds' WHERE id % 2 = 0",
        )
        .map((text) => ({ kind: 'change' as const, text })),
    },
    {
      weight: 3,
      arbitrary: fc.record({
        kind: fc.constant('young' as const),
        // Their times are ages: how long before the poll.
        calls: fc.array(call({ from: 1, to: LATENESS }), { minLength: 1, maxLength: 8 }),
        text: fc.constantFrom(
          'UPDATE api_audit_logs SET cost_usd = COALESCE(cost_usd, 0) + 1.000001',
          "UPDATE api_audit_logs SET service_name = CASE service_name WHEN 'a' THEN 'b' ELSE 'a' END",
          "UPDATE api_audit_logs SET request_timestamp = request_timestamp + interval '30 seconds'",
          'DELETE FROM api_audit_logs',
        ),
      }),
    },
    {
      weight: 6,
      arbitrary: fc
        .oneof(
          fc.constantFrom(MINUTE, MINUTE, 5 * MINUTE, HOUR),
          fc.integer({ min: -3 * HOUR, max: 9 * HOUR }),
          fc.integer({ min: 1, max: 60 * HOUR }),
          fc.integer({ min: -4 * DAY, max: 9 * DAY }),
        )
        .map((ms) => ({ kind: 'advance' as const, ms })),
    },
  ),
  { minLength: 5, maxLength: 25 },
);

describe('a rollup', () => {
  test('equals the store after every poll, with late, out-of-order and held rows, and restarts', async () => {
    await fc.assert(
      fc.asyncProperty(steps, async (sequence) => {
        await sql.query('TRUNCATE api_audit_logs RESTART IDENTITY');
        await sql.query('TRUNCATE spendwatch.aggregate_bucket, spendwatch.aggregate_watermark');
        const open = (): LiveSums =>
          openLiveSums(store, { latenessMs: LATENESS, kept: openAggregateBuckets(sql, 'test') });
        let rollup = open();
        // A second process over the same kept cells.
        let other = open();
        const reconcile = async (): Promise<void> => {
          for (const one of [rollup, other]) await one.reconcile(START - 60 * DAY, at);
        };
        const held: { readonly client: pg.Client; readonly since: number }[] = [];
        let at = START;
        // Of a clock that goes back too: by it gaps are given up.
        let latest = START;
        try {
          await expectSame(rollup, at, 'at the start');
          for (const [i, step] of sequence.entries()) {
            if (step.kind === 'rows') {
              const { text, values } = insertText(step.calls);
              await sql.query(text, values);
            } else if (step.kind === 'hold') {
              const client = new pg.Client({ connectionString: database.url });
              await client.connect();
              held.push({ client, since: at });
              await client.query('BEGIN');
              const { text, values } = insertText(step.calls);
              await client.query(text, values);
            } else if (step.kind === 'release') {
              const oldest = held.shift();
              await oldest?.client.query('COMMIT');
              await oldest?.client.end();
              // Gaps in the insert order are watched for a day; what commits later waits for the reconcile.
              if (oldest !== undefined && latest - oldest.since >= DAY) await reconcile();
            } else if (step.kind === 'change') {
              await sql.query(step.text);
              await reconcile();
            } else if (step.kind === 'young') {
              const { text, values } = insertText(step.calls.map((one) => ({ ...one, at: at - one.at })));
              await sql.query(text, values);
              for (const one of [rollup, other]) await expectSame(one, at, `with young rows of step ${i}`);
              // No comparison: what is young is seen by the next poll of each process.
              await sql.query(
                `${step.text} WHERE id % 2 = 0 AND request_timestamp >= $1 AND request_timestamp < $2`,
                [new Date(at - LATENESS), new Date(at)],
              );
              await expectSame(other, at, `after step ${i} (young), the other process`);
            } else if (step.kind === 'restart') {
              rollup = open();
            } else if (step.kind === 'other') {
              [rollup, other] = [other, rollup];
            } else if (step.kind === 'fewer') {
              await rollup.refresh(queriesAt(at).slice(0, 1), at);
              await rollup.backfill(60_000);
            } else if (step.kind === 'cut') {
              // Killed when a little of what has to be made again is made.
              await rollup.refresh(queriesAt(at).slice(0, 1), at);
              await rollup.refresh(queriesAt(at), at);
              await rollup.backfill(1);
              rollup = open();
            } else if (step.kind === 'advance') {
              at += step.ms;
              latest = Math.max(latest, at);
            }
            await expectSame(rollup, at, `after step ${i} (${step.kind}) at ${new Date(at).toISOString()}`);
          }
        } finally {
          for (const { client } of held) await client.end();
        }
      }),
      // To look for a smaller example takes longer than the test may, and the time-out would hide the one that was found.
      { numRuns: scaled(4), endOnFailure: true },
    );
  });

  test('answers the instants of hours that were missed', async () => {
    const { text, values } = insertText(
      Array.from({ length: 300 }, (_, i) => ({
        at: START + (i - 90) * MINUTE,
        service: 'a',
        user: `u${i % 3}`,
        cost: i,
        status: 200,
        latency: null,
      })),
    );
    await sql.query(text, values);
    const rollup = openLiveSums(store, { latenessMs: LATENESS, kept: null });
    const asking = (...instants: number[]): Query[] => [
      {
        measures: ['cost', 'calls'],
        where: {},
        groupBy: ['user'],
        windows: instants.map((to) => ({ from: to - HOUR, to })),
      },
    ];
    await rollup.refresh(asking(START), START);
    await rollup.backfill(60_000);
    const missed = Array.from({ length: 500 }, (_, i) => START + (i + 1) * MINUTE);
    const queries = asking(...missed);
    const at = START + 500 * MINUTE;
    const { series } = await rollup.refresh(queries, at);
    const direct = await collectDirectly(store, queries, at);
    expect(comparable(series[0], queries[0] as Query)).toBe(
      comparable(direct.series[0], queries[0] as Query),
    );
  });

  test('knows a day that was over meanwhile at the second refresh after a store was away', async () => {
    const midnight = START - (START % DAY);
    const { text, values } = insertText([
      { at: midnight - 30 * MINUTE, service: 'a', user: 'u1', cost: 5, status: 200, latency: null },
    ]);
    await sql.query(text, values);
    let isAway = false;
    const faulty: AuditStore = {
      ...store,
      snapshot: (work) => (isAway ? Promise.reject(new Error('away')) : store.snapshot(work)),
    };
    const rollup = openLiveSums(faulty, { latenessMs: LATENESS, kept: null });
    const yesterday: Query[] = [
      {
        measures: ['cost', 'calls'],
        where: {},
        groupBy: [],
        windows: [{ from: midnight - DAY, to: midnight }],
      },
    ];
    const known: boolean[] = [];
    for (const minutes of [3, 4, 5, 419, 420, 421]) {
      isAway = minutes === 419;
      const refreshing = rollup.refresh(yesterday, midnight + minutes * MINUTE);
      if (isAway) {
        await expect(refreshing).rejects.toThrow('away');
        continue;
      }
      known.push((await refreshing).series[0] !== null);
      await rollup.backfill(60_000);
    }
    expect(known).toEqual([false, true, true, false, true]);
  });

  test('loses nothing when a refresh fails half-way', async () => {
    let cellsUntilFault = Number.POSITIVE_INFINITY;
    const faulty: AuditStore = {
      ...store,
      snapshot: (work) =>
        store.snapshot((snapshot) =>
          work({
            ...snapshot,
            buckets: (...asked) => {
              cellsUntilFault -= 1;
              return cellsUntilFault < 0 ? Promise.reject(new Error('cut off')) : snapshot.buckets(...asked);
            },
          }),
        ),
    };
    const rollup = openLiveSums(faulty, { latenessMs: LATENESS, kept: null });
    await expectSame(rollup, START, 'at the start');
    const late = { service: 'a', user: 'u1', cost: 5, status: 200, latency: null };
    const { text, values } = insertText([
      { ...late, at: START - 30 * HOUR },
      { ...late, at: START - 2 * MINUTE },
    ]);
    await sql.query(text, values);
    // The young rows are read, the hour of the late one is not.
    cellsUntilFault = 1;
    await expect(rollup.refresh(queriesAt(START + MINUTE), START + MINUTE)).rejects.toThrow('cut off');
    cellsUntilFault = Number.POSITIVE_INFINITY;
    await expectSame(rollup, START + 2 * MINUTE, 'after the fault');
  });

  test('does without an insert order where the id is no number', async () => {
    const options = { preset: 'api_audit_logs' as const, columns: { id: 'request_id' }, measures: OWN };
    const byUuid = AUDIT_STORES.postgres.open(sql, options, null);
    const rollup = openLiveSums(byUuid, { latenessMs: LATENESS, kept: null });
    await expectSame(rollup, START, 'at the start');
    const { text, values } = insertText([
      { at: START, service: 'a', user: null, cost: 1, status: 200, latency: null },
    ]);
    await sql.query(text, values);
    await expectSame(rollup, START + MINUTE, 'after a row');
  });
});
