import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { Config } from '../../src/config/config.ts';
import { AppError } from '../../src/model/errors.ts';
import { Secret } from '../../src/model/secret.ts';
import type { Query } from '../../src/model/series.ts';
import { collect, collectDirectly, type Source } from '../../src/pipeline/collect.ts';
import { openState, type State } from '../../src/state/open.ts';
import type { AuditStore } from '../../src/stores/audit-store.ts';
import { openWorkerSums, type SumsListener } from '../../src/worker/worker-sums.ts';
import { type CallStore, openCallStore } from '../support/call-store.ts';
import { allComparable } from '../support/series-cells.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const AT = Date.parse('2026-03-10T10:07:00Z');

let calls: CallStore;
let state: State;

beforeAll(async () => {
  calls = await openCallStore('postgres');
  state = await openState(calls.sql);
});

afterAll(async () => {
  await calls?.stop();
});

beforeEach(async () => {
  await calls.clear();
  await calls.sql.query('TRUNCATE spendwatch.aggregate_bucket, spendwatch.aggregate_watermark');
});

const queries = (at: number): Query[] => [
  {
    measures: ['cost', 'calls'],
    where: {},
    groupBy: ['service'],
    windows: [{ from: at - 30 * HOUR, to: at }],
  },
];

const config = () =>
  ({
    audit: {
      url: new Secret('postgres://reader:very-secret@db.example.com/audit'),
      mapping: { table: 'api_audit_logs', columns: {}, dimensions: {}, timeKind: 'timestamptz' },
      prices: null,
      latenessMs: 15 * MINUTE,
      reconcileMs: HOUR,
    },
    rules: [],
    timezone: 'UTC',
  }) as unknown as Config;

const hearing = (bypassed: string[], troubles: string[] = []): SumsListener => ({
  bypassed: (reason) => void bypassed.push(reason),
  troubled: (what) => void troubles.push(what),
});

/** Expects what the source knows to be what the store says; returns whether it knew all. */
async function knows(source: Source, at: number): Promise<boolean> {
  const { series } = await collect(source, queries(at), at);
  const direct = await collectDirectly(calls.store, queries(at), at);
  const isKnown = !series.includes(null);
  if (isKnown) expect(allComparable(series, queries(at))).toEqual(allComparable(direct.series, queries(at)));
  return isKnown;
}

test('cells that cannot be read are said once and made again', async () => {
  await calls.log({ at: AT - 20 * HOUR, cost: 5 });
  const first = openWorkerSums(config(), calls.store, state);
  await collect(first.source, queries(AT), AT);
  while (!(await first.maintain(AT)).isDone);
  await collect(first.source, queries(AT + 2 * HOUR), AT + 2 * HOUR);
  await calls.sql.query(`UPDATE spendwatch.aggregate_bucket SET sums = 'no cells'`);

  const reasons: string[] = [];
  const second = openWorkerSums(config(), calls.store, state, hearing(reasons));
  const known: boolean[] = [];
  for (const minute of [1, 2, 3]) {
    const at = AT + 2 * HOUR + minute * MINUTE;
    known.push(await knows(second.source, at));
    while (!(await second.maintain(at)).isDone);
  }
  expect(known).toEqual([false, false, true]);
  expect(reasons).toHaveLength(1);
});

test('where cells cannot be kept or read, each poll says so and asks the store', async () => {
  const reasons: string[] = [];
  const keeper = openWorkerSums(config(), calls.store, state, hearing(reasons));
  await calls.sql.query('ALTER TABLE spendwatch.aggregate_bucket RENAME TO elsewhere');
  try {
    for (const at of [AT + 3 * HOUR, AT + 3 * HOUR + MINUTE]) {
      expect(await knows(keeper.source, at)).toBe(false);
      // Nothing is known of what is needed.
      expect(await keeper.standing()).toMatchObject({ missingHours: 0 });
      expect(await keeper.maintain(at)).toEqual({ building: null, isDone: true });
    }
  } finally {
    await calls.sql.query('ALTER TABLE spendwatch.elsewhere RENAME TO aggregate_bucket');
  }
  expect(reasons).toEqual([
    expect.stringContaining('aggregate_bucket" does not exist'),
    expect.stringContaining('aggregate_bucket" does not exist'),
  ]);
});

test('what cannot be read beforehand keeps nobody from asking the store', async () => {
  const away = new AppError('store_timeout', 'it takes too long');
  let isSlow = false;
  const store: AuditStore = {
    ...calls.store,
    snapshot: (work) => (isSlow ? Promise.reject(away) : calls.store.snapshot(work)),
  };
  const keeper = openWorkerSums(config(), store, state);
  expect(await knows(keeper.source, AT)).toBe(false);
  isSlow = true;
  await keeper.source.backfill?.(60_000);
  await expect(keeper.maintain(AT)).rejects.toBe(away);
  isSlow = false;
  await keeper.source.backfill?.(60_000);
  expect(await knows(keeper.source, AT + MINUTE)).toBe(true);
});

test('a changed row is found by the comparison that is due after its interval', async () => {
  const keeper = openWorkerSums(config(), calls.store, state);
  const at = AT + 5 * HOUR;
  await calls.log({ at: at - 20 * HOUR, cost: 5 });
  await collect(keeper.source, queries(at), at);
  while (!(await keeper.maintain(at)).isDone);
  await calls.sql.query('UPDATE api_audit_logs SET cost_usd = 9');
  const later = at + HOUR;
  while (!(await keeper.maintain(later)).isDone);
  expect(await knows(keeper.source, later)).toBe(true);
});

const EMPTIED = 'TRUNCATE api_audit_logs RESTART IDENTITY';
const EXCHANGED = `ALTER TABLE api_audit_logs RENAME TO older; CREATE TABLE api_audit_logs (LIKE older INCLUDING ALL);
  CREATE SEQUENCE ids_from_one; ALTER TABLE api_audit_logs ALTER id SET DEFAULT nextval('ids_from_one')`;

test('a store whose newest row is deleted again and again is read anew once a day at most', async () => {
  await calls.sql.query(EMPTIED);
  await calls.log({ at: AT - 20 * HOUR, cost: 5 });
  const troubles: string[] = [];
  const keeper = openWorkerSums(config(), calls.store, state, hearing([], troubles));
  const readAll = async (at: number) => {
    while (!(await keeper.maintain(at)).isDone);
  };
  await knows(keeper.source, AT);
  await readAll(AT);
  const known: boolean[] = [];
  for (let minute = 1; minute <= 3; minute += 1) {
    const at = AT + 2 * minute * MINUTE;
    await calls.log({ at: AT - 3 * HOUR, cost: 100 });
    expect(await knows(keeper.source, at)).toBe(true);
    await calls.sql.query('DELETE FROM api_audit_logs WHERE id = (SELECT max(id) FROM api_audit_logs)');
    known.push(await knows(keeper.source, at + MINUTE).catch(() => false));
    // What was deleted from an old hour is the comparison's to find; here it is there again.
    await calls.log({ at: AT - 3 * HOUR, cost: 100 });
    await readAll(at + MINUTE);
  }
  expect(troubles).toHaveLength(1);
  expect(known[0]).toBe(false);
  await calls.log({ at: AT - 19 * HOUR, cost: 7 });
  expect(await knows(keeper.source, AT + 10 * MINUTE)).toBe(true);
});

test.each([
  { how: 'the table was emptied', statements: EMPTIED, who: 'the same worker' },
  { how: 'the table was emptied', statements: EMPTIED, who: 'the next worker' },
  { how: 'another table took its name', statements: EXCHANGED, who: 'the same worker' },
  { how: 'another table took its name', statements: EXCHANGED, who: 'the next worker' },
])(
  'where ids start again, since $how, $who says so once, begins anew, and sees late rows',
  async ({ statements, who }) => {
    const old = [29, 26, 20, 9, 5, 1].map((hours) => ({ at: AT - hours * HOUR, cost: hours }));
    await calls.sql.query(EMPTIED);
    await calls.log(...old);
    const troubles: string[] = [];
    const open = () => openWorkerSums(config(), calls.store, state, hearing([], troubles));
    let keeper = open();
    const readAll = async (at: number) => {
      while (!(await keeper.maintain(at)).isDone);
    };
    await knows(keeper.source, AT);
    await readAll(AT);
    expect(await knows(keeper.source, AT + MINUTE)).toBe(true);
    await readAll(AT + MINUTE);
    if (who === 'the next worker') keeper = open();

    await calls.sql.query(statements);
    try {
      await calls.log({ at: AT - 8 * HOUR, cost: 7 });
      expect(troubles).toEqual([]);
      // Nothing of what was kept is taken for what is there.
      expect(await knows(keeper.source, AT + 2 * MINUTE)).toBe(false);
      expect(troubles).toEqual([expect.stringMatching(/^the ids of the audit table start again/)]);
      await readAll(AT + 2 * MINUTE);
      expect(await knows(keeper.source, AT + 3 * MINUTE)).toBe(true);
      await calls.log({ at: AT - 20 * HOUR, cost: 11 });
      expect(await knows(keeper.source, AT + 4 * MINUTE)).toBe(true);
      // What is kept for the next process is of the new table as well.
      keeper = open();
      expect(await knows(keeper.source, AT + 5 * MINUTE)).toBe(true);
      expect(troubles).toHaveLength(1);
    } finally {
      if (statements === EXCHANGED) {
        await calls.sql.query(
          'DROP TABLE api_audit_logs; DROP SEQUENCE ids_from_one; ALTER TABLE older RENAME TO api_audit_logs',
        );
      }
    }
  },
);
