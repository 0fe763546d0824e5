import { afterAll, beforeEach, expect, it } from 'vitest';
import type { Config } from '../../src/config/config.ts';
import { Secret } from '../../src/model/secret.ts';
import type { Query } from '../../src/model/series.ts';
import { collect } from '../../src/pipeline/collect.ts';
import { openState, type State } from '../../src/state/open.ts';
import { type BackfillStatus, openBackfill } from '../../src/worker/backfill.ts';
import { openWorkerSums, type WorkerSums } from '../../src/worker/worker-sums.ts';
import { type CallStore, openCallStore } from '../support/call-store.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const AT = Date.parse('2026-03-10T10:00:00Z');
const QUERIES: readonly Query[] = [
  { measures: ['cost'], where: {}, groupBy: ['service'], windows: [{ from: AT - 10 * DAY, to: AT }] },
];
const CONFIG = {
  audit: {
    url: new Secret('postgres://reader@db.example.com/audit'),
    mapping: { table: 'api_audit_logs', columns: {}, dimensions: {}, timeKind: 'timestamptz' },
    prices: null,
    latenessMs: HOUR / 4,
    reconcileMs: HOUR,
  },
  rules: [],
  timezone: 'UTC',
} as unknown as Config;

const opened: CallStore[] = [];
let calls: CallStore;
let state: State;
let told: (BackfillStatus | null)[];
let troubles: string[];
const listener = {
  backfilling: (standing: BackfillStatus | null) => void told.push(standing),
  troubled: (what: string) => void troubles.push(what),
};

beforeEach(async () => {
  calls = await openCallStore('postgres');
  opened.push(calls);
  state = await openState(calls.sql);
  await calls.log({ at: AT - 3 * DAY, cost: 5 });
  told = [];
  troubles = [];
});

afterAll(async () => {
  for (const one of opened) await one.stop();
});

/** A keeper that a poll has asked, as those of a worker that has just started. */
async function polledKeeper(): Promise<WorkerSums> {
  const keeper = openWorkerSums(CONFIG, calls.store, state);
  await collect(keeper.source, QUERIES, AT);
  return keeper;
}

const builderOf = (keeper: WorkerSums, goesOn: () => boolean = () => true) =>
  openBackfill(async () => keeper, goesOn, listener);

it('tells how much is missing, and that it is there', async () => {
  await builderOf(await polledKeeper()).run();
  const total = told[0]?.total ?? 0;
  expect(total).toBeGreaterThan(9 * 24);
  expect(told).toEqual([
    { done: 0, total, keptFrom: null },
    { done: total, total, keptFrom: null },
  ]);
});

it('after a kill tells only of what is still missing, and from where on the past was there', async () => {
  await builderOf(await polledKeeper()).run();
  const keptFrom = AT - (AT % DAY) - 4 * DAY;
  await calls.sql.query('DELETE FROM spendwatch.aggregate_bucket WHERE begins < $1', [new Date(keptFrom)]);
  const before = told[0]?.total ?? 0;
  told = [];
  await builderOf(await polledKeeper()).run();
  const total = told[0]?.total ?? 0;
  // The hour before the poll is not old enough to be kept as a whole.
  expect([before - total, total > 0]).toEqual([(AT - HOUR - keptFrom) / HOUR, true]);
  expect(told[0]).toEqual({ done: 0, total, keptFrom });
  expect(told.at(-1)).toEqual({ done: total, total, keptFrom });
});

it('with nothing missing after a restart says so and reads nothing', async () => {
  await builderOf(await polledKeeper()).run();
  told = [];
  await builderOf(await polledKeeper()).run();
  expect(told).toEqual([{ done: 0, total: 0, keptFrom: expect.any(Number) }]);
});

it('that a poll waits for tells how far it is, and leaves the rest to the time between polls', async () => {
  const builder = builderOf(await polledKeeper());
  await builder.runWithin(0);
  const total = told[0]?.total ?? 0;
  expect(told).toEqual([{ done: 0, total, keptFrom: null }]);
  await builder.runWithin(60_000);
  expect(told.at(-1)).toEqual({ done: total, total, keptFrom: null });
  told = [];
  await builder.run();
  expect(told).toEqual([]);
});

it('says once what keeps it from going on, and goes on when that is over', async () => {
  const builder = builderOf(await polledKeeper());
  await calls.sql.query('ALTER TABLE api_audit_logs RENAME TO elsewhere');
  await builder.run();
  await builder.run();
  expect(told).toEqual([{ done: 0, total: expect.any(Number), keptFrom: null }, null]);
  expect(troubles).toEqual([expect.stringMatching(/^the past cannot be read just now: .*api_audit_logs/)]);
  await calls.sql.query('ALTER TABLE elsewhere RENAME TO api_audit_logs');
  await builder.run();
  const total = told[0]?.total ?? 0;
  expect(told.at(-1)).toEqual({ done: total, total, keptFrom: null });
});

it('does not go on where another worker polls, nor says a word after it was stopped', async () => {
  const keeper = await polledKeeper();
  await builderOf(keeper, () => false).run();
  expect(told.slice(1)).toEqual([null]);
  told = [];
  const stopped = builderOf(keeper);
  const building = stopped.run();
  stopped.stop();
  await building;
  await stopped.run();
  expect(told).toEqual([]);
});
