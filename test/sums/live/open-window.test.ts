import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { Query } from '../../../src/model/series.ts';
import type { Window } from '../../../src/model/window.ts';
import { collect } from '../../../src/pipeline/collect.ts';
import type { AuditStore } from '../../../src/stores/audit-store.ts';
import { type LiveSums, openLiveSums } from '../../../src/sums/live/live-sums.ts';
import { type CallStore, openCallStore } from '../../support/call-store.ts';
import { changesOf } from '../../support/changes-of.ts';
import { allComparable } from '../../support/series-cells.ts';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const AT = Date.parse('2026-03-10T10:40:00Z');

let calls: CallStore;

beforeAll(async () => {
  calls = await openCallStore('postgres');
});

afterAll(async () => {
  await calls?.stop();
});

beforeEach(() => calls.clear());

/**
 * A rollup, and what its store was asked since that was read last: stretches of calls and ranges of cells in minutes from AT,
 * other questions by name.
 */
function watched(latenessMs = 15 * MINUTE): { rollup: LiveSums; asked: () => string[]; fail: () => void } {
  let asked: string[] = [];
  let fails = false;
  const minute = (ms: number): number => (ms - AT) / MINUTE;
  const store: AuditStore = {
    ...calls.store,
    snapshot: (work) =>
      calls.store.snapshot((snapshot) =>
        work({
          ...snapshot,
          newestRow: (before) => {
            asked.push('newest row');
            return snapshot.newestRow(before);
          },
          buckets: (aggregates, edges, ranges) => {
            // Without a range nothing is sent to the database.
            asked.push(...ranges.map(({ from, to }) => `${minute(from)} to ${minute(to)}`));
            return snapshot.buckets(aggregates, edges, ranges);
          },
          calls: (read) => {
            asked.push(`calls ${minute(read.edges[0] as number)} to ${minute(read.edges.at(-1) as number)}`);
            return snapshot.calls(read);
          },
          changes: {
            ...changesOf(snapshot),
            digests: (...question) => {
              asked.push('digests');
              return changesOf(snapshot).digests(...question);
            },
            arrivals: (...question) => {
              if (fails) {
                fails = false;
                throw new Error('cut off');
              }
              asked.push('arrivals');
              return changesOf(snapshot).arrivals(...question);
            },
          },
        }),
      ),
  };
  return {
    rollup: openLiveSums(store, { latenessMs, kept: null }),
    asked: () => {
      const since = asked;
      asked = [];
      return since;
    },
    fail: () => {
      fails = true;
    },
  };
}

const lastHour =
  (groupBy: string[]) =>
  (at: number): Query => ({
    measures: ['cost', 'calls'],
    where: {},
    groupBy,
    windows: [{ from: at - HOUR, to: at }],
  });
const BY_SERVICE = lastHour(['service']);
const BY_USER = lastHour(['user']);

/** Looks, and expects what the store itself says. */
async function refreshed(
  rollup: LiveSums,
  at: number,
  asks: readonly ((at: number) => Query)[] = [BY_SERVICE],
): Promise<void> {
  const queries = asks.map((ask) => ask(at));
  const { series, newestRow } = await rollup.refresh(queries, at);
  const direct = await collect(calls.store, queries, at);
  expect(allComparable(series, queries)).toEqual(allComparable(direct.series, queries));
  expect(newestRow).toBe(direct.newestRow);
}

test('a steady refresh asks for the calls of the minute that is new', async () => {
  for (let minute = -30; minute < 3; minute += 1) await calls.log({ at: AT + minute * MINUTE, cost: 1 });
  const { rollup, asked } = watched();
  await refreshed(rollup, AT);
  await rollup.backfill(60_000);
  for (const minute of [1, 2, 3]) {
    asked();
    await refreshed(rollup, AT + minute * MINUTE);
    expect(asked()).toEqual(['digests', `calls ${minute - 1} to ${minute}`, 'arrivals']);
  }
  await refreshed(rollup, AT + 3 * MINUTE);
  expect(asked()).toEqual(['digests', 'arrivals']);
});

test('a late row counts at once in windows that ended long ago, whatever of them was worked out ahead', async () => {
  for (let minute = -300; minute < 6; minute += 2) await calls.log({ at: AT + minute * MINUTE, cost: 1 });
  const { rollup } = watched();
  const past =
    (from: number, to: number) =>
    (at: number): Query => ({
      ...BY_SERVICE(at),
      windows: [{ from: at - from * MINUTE, to: at - to * MINUTE }],
    });
  const asks = [BY_SERVICE, past(190, 125), past(280, 20), past(45, 30)];
  await rollup.refresh(
    asks.map((ask) => ask(AT)),
    AT,
  );
  await rollup.backfill(60_000);
  await refreshed(rollup, AT + MINUTE, asks);
  for (const [minute, late] of [
    [2, -150],
    [3, -186],
    [4, -130],
    [5, -38],
  ] as const) {
    await calls.log({ at: AT + late * MINUTE, cost: 7, service: minute === 4 ? 'a new one' : 'chat' });
    await refreshed(rollup, AT + minute * MINUTE, asks);
    await rollup.backfill(60_000);
  }
});

test('hours that edges of windows come to are read between looks', async () => {
  const yesterday = 24 * HOUR;
  for (let minute = -200; minute < 120; minute += 1) {
    const at = AT + minute * MINUTE;
    await calls.log({ at, cost: 1 }, { at: at - yesterday, cost: 2 });
  }
  const { rollup, asked } = watched();
  const threeHours = (at: number): Query => ({
    ...BY_SERVICE(at),
    windows: [at, at - yesterday].map((to) => ({ from: to - 3 * HOUR, to })),
  });
  await rollup.refresh([threeHours(AT - MINUTE)], AT - MINUTE);
  await rollup.backfill(60_000);
  asked();
  const ofEdges: string[] = [];
  for (let minute = 0; minute < 90; minute += 1) {
    await refreshed(rollup, AT + minute * MINUTE, [threeHours]);
    ofEdges.push(...asked().filter((what) => /^-\d{2}/.test(what)));
    await rollup.backfill(60_000);
    // The hours that the next windows begin and end in, of which they hold a part; they are not read again as a whole.
    const edges = [-1620, -1440, -180].map((begin) => `${begin + minute} to ${begin + minute + 60}`);
    expect(asked()).toEqual([20, 80].includes(minute) ? edges : []);
  }
  expect(ofEdges).toEqual([]);
});

test('only minutes in which something changed are asked for again', async () => {
  for (let minute = -20; minute < 0; minute += 1)
    await calls.log({ at: AT + minute * MINUTE, cost: null, user: 'ann' });
  const { rollup, asked } = watched();
  await refreshed(rollup, AT);
  await rollup.backfill(60_000);
  asked();
  const within = (window: Window): string =>
    `WHERE request_timestamp >= '${new Date(window.from).toISOString()}' AND request_timestamp < '${new Date(window.to).toISOString()}'`;
  const minutes = (from: number, to: number): string =>
    within({ from: AT + from * MINUTE, to: AT + to * MINUTE });

  await calls.sql.query(`UPDATE api_audit_logs SET cost_usd = 0.5 ${minutes(-5, -3)}`);
  await calls.log({ at: AT - 9.5 * MINUTE, cost: 3 });
  await refreshed(rollup, AT);
  expect(asked()).toEqual(['digests', 'calls -10 to -3', 'arrivals']);

  await calls.sql.query(`UPDATE api_audit_logs SET user_id = 'bob' ${minutes(-8, -7)}`);
  await refreshed(rollup, AT);
  // The user is no part of what this rule is made of, but of the row.
  expect(asked()).toEqual(['digests', 'calls -8 to -7', 'arrivals']);

  await calls.sql.query(`DELETE FROM api_audit_logs ${minutes(-2, -1)}`);
  await refreshed(rollup, AT);
  expect(asked()).toEqual(['digests', 'arrivals']);

  await calls.sql.query(
    `UPDATE api_audit_logs SET request_timestamp = request_timestamp + interval '1 minute' ${minutes(-3, -2)}`,
  );
  await refreshed(rollup, AT);
  expect(asked()).toEqual(['digests', 'calls -2 to -1', 'arrivals']);
});

/** So many calls, alike but for their users, within a minute. */
const crowd = (count: number, at: number): Promise<unknown> =>
  calls.sql.query(
    `INSERT INTO api_audit_logs (request_id, request_timestamp, service_name, user_id, model, endpoint, input_tokens, cost_usd,
       latency_ms)
     SELECT gen_random_uuid(), $1::timestamptz + n * interval '1 millisecond', 'search', 'user ' || n % 70, 'm', '', 10,
       0.000001 * n, n FROM generate_series(1, $2::integer) AS n`,
    [new Date(at), count],
  );

const BY_LATENCY = (at: number): Query => ({ ...BY_USER(at), measures: ['cost', 'calls', 'latency_sketch'] });

test('minutes with many calls are asked for as sums, range by range', async () => {
  await crowd(3, AT - 9 * MINUTE);
  await crowd(2_400, AT - 5 * MINUTE);
  await calls.log({ at: AT - 6 * MINUTE, cost: 1 });
  const { rollup, asked } = watched();
  const asks = [BY_SERVICE, BY_LATENCY];
  await refreshed(rollup, AT, asks);
  expect(asked()).toContain('calls -9 to -4');
  await rollup.backfill(60_000);
  asked();
  await crowd(1, AT - 9 * MINUTE);
  await crowd(18_000, AT - 5 * MINUTE);
  await refreshed(rollup, AT, asks);
  expect(asked()).toEqual(['digests', '-9 to -8', '-5 to -4', 'arrivals']);
});

test('few calls with numbers finer than can be told of one are asked for as sums', async () => {
  const tokensOf = (type: string) =>
    calls.sql.query(`ALTER TABLE api_audit_logs ALTER input_tokens TYPE ${type}`);
  await tokensOf('numeric');
  try {
    const half = { at: AT - 5 * MINUTE, input_tokens: '0.0000000000005' };
    await calls.log(half, half);
    const { rollup, asked } = watched();
    await refreshed(rollup, AT, [(at) => ({ ...BY_SERVICE(at), measures: ['input_tokens', 'calls'] })]);
    expect(asked()).toEqual(expect.arrayContaining(['calls -5 to -4', '-5 to -4']));
  } finally {
    await calls.clear();
    await tokensOf('integer');
  }
});

test('a minute that is still running is right at every look into it', async () => {
  const { rollup, asked } = watched();
  await refreshed(rollup, AT);
  await calls.log(
    { at: AT + 2 * SECOND, cost: 1 },
    { at: AT + 14 * SECOND, cost: 2 },
    { at: AT + 30 * SECOND, cost: 4 },
  );
  for (const second of [5, 10, 15, 20, 30, 35, 70, 75]) {
    const at = AT + second * SECOND;
    const sinceTheMinute = (): Query => ({ ...BY_SERVICE(at), windows: [{ from: AT - 5 * MINUTE, to: at }] });
    await refreshed(rollup, at, [sinceTheMinute]);
  }
  asked();
  // Back to the middle of the minute, and on again.
  for (const second of [20, 12, 12, 31, 61]) {
    await refreshed(rollup, AT + second * SECOND, [
      (at) => ({ ...BY_SERVICE(at), windows: [{ from: AT - HOUR, to: at }] }),
    ]);
  }
});

test('the newest row is looked for by itself only where no row is young', async () => {
  await calls.log({ at: AT - 2 * HOUR, cost: 1 });
  const { rollup, asked } = watched();
  await refreshed(rollup, AT);
  expect(asked()).toContain('newest row');
  await calls.log({ at: AT - 3 * MINUTE, cost: 1 }, { at: AT + 5 * MINUTE, cost: 1 });
  await refreshed(rollup, AT + MINUTE);
  expect(asked()).not.toContain('newest row');
});

test('after a refresh that failed, sums are true although rows are again as before it', async () => {
  await calls.log({ at: AT - 2 * MINUTE, cost: 1 });
  const { rollup, fail } = watched();
  await refreshed(rollup, AT);
  await calls.sql.query('UPDATE api_audit_logs SET cost_usd = 2');
  fail();
  await expect(rollup.refresh([BY_SERVICE(AT)], AT)).rejects.toThrow('cut off');
  await calls.sql.query('UPDATE api_audit_logs SET cost_usd = 1');
  await refreshed(rollup, AT);
});

test('a rule that is new, and a comparison, let every minute be read again', async () => {
  for (let minute = -30; minute < 0; minute += 1)
    await calls.log({ at: AT + minute * MINUTE, cost: 1, user: 'ann' });
  const { rollup, asked } = watched();
  await refreshed(rollup, AT);
  asked();
  await refreshed(rollup, AT, [BY_SERVICE, BY_USER]);
  expect(asked()).toContain('calls -30 to 0');
  await refreshed(rollup, AT, [BY_USER]);
  expect(asked()).toContain('calls -30 to 0');
  await rollup.backfill(60_000);
  asked();
  await refreshed(rollup, AT, [BY_USER]);
  expect(asked()).toEqual(['digests', 'arrivals']);
  await rollup.reconcile(AT - HOUR, AT);
  await refreshed(rollup, AT, [BY_USER]);
  expect(asked()).toContain('calls -30 to 0');
});

test('after a long absence nothing is taken for known', async () => {
  const day = 24 * HOUR;
  const at = AT + 8 * HOUR;
  await calls.log(...[1, 2, 3].map((hours) => ({ at: AT - hours * HOUR, cost: hours })));
  const { rollup } = watched(day);
  const wide = (now: number): Query => ({ ...BY_SERVICE(now), windows: [{ from: AT - 12 * HOUR, to: now }] });
  for (const now of [AT, at, at + MINUTE]) {
    await rollup.refresh([wide(now)], now);
    await rollup.backfill(60_000);
    await refreshed(rollup, now, [wide]);
  }
});
