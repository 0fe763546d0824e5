import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Config } from '../src/config/config.ts';
import { Secret } from '../src/model/secret.ts';
import type { Query } from '../src/model/series.ts';
import { collect } from '../src/pipeline/collect.ts';
import { openRollupKeeper } from '../src/rollup-keeper.ts';
import { openState, type State } from '../src/state/open.ts';
import { type CallStore, openCallStore } from './support/call-store.ts';
import { allComparable } from './support/series-cells.ts';

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
  }) as unknown as Config;

test('cells that cannot be read are said once and made again, and answers stay right', async () => {
  await calls.log({ at: AT - 20 * HOUR, cost: 5 });
  const first = openRollupKeeper(config(), calls.store, state);
  await collect(first.source, queries(AT), AT);
  while ((await first.maintain(AT)) !== null);
  await collect(first.source, queries(AT + 2 * HOUR), AT + 2 * HOUR);
  await calls.sql.query(`UPDATE spendwatch.rollup_cells SET cells = 'no cells'`);

  const reasons: string[] = [];
  const second = openRollupKeeper(config(), calls.store, state, (reason) => reasons.push(reason));
  for (const at of [AT + 2 * HOUR + MINUTE, AT + 2 * HOUR + 2 * MINUTE]) {
    const { series } = await collect(second.source, queries(at), at);
    const direct = await collect(calls.store, queries(at), at);
    expect(allComparable(series, queries(at))).toEqual(allComparable(direct.series, queries(at)));
    while ((await second.maintain(at)) !== null);
  }
  expect(reasons).toHaveLength(1);
});

test('where cells cannot be kept or read, each poll says so and is answered by the store', async () => {
  const reasons: string[] = [];
  const keeper = openRollupKeeper(config(), calls.store, state, (reason) => reasons.push(reason));
  await calls.sql.query('ALTER TABLE spendwatch.rollup_cells RENAME TO elsewhere');
  try {
    for (const at of [AT + 3 * HOUR, AT + 3 * HOUR + MINUTE]) {
      const { series } = await collect(keeper.source, queries(at), at);
      const direct = await collect(calls.store, queries(at), at);
      expect(allComparable(series, queries(at))).toEqual(allComparable(direct.series, queries(at)));
    }
  } finally {
    await calls.sql.query('ALTER TABLE spendwatch.elsewhere RENAME TO rollup_cells');
  }
  expect(reasons).toEqual([
    expect.stringContaining('rollup_cells" does not exist'),
    expect.stringContaining('rollup_cells" does not exist'),
  ]);
});

test('a changed row is found by the comparison that is due after its interval', async () => {
  const keeper = openRollupKeeper(config(), calls.store, state);
  const at = AT + 5 * HOUR;
  await collect(keeper.source, queries(at), at);
  while ((await keeper.maintain(at)) !== null);
  await calls.sql.query('UPDATE api_audit_logs SET cost_usd = 9');
  const later = at + HOUR;
  await keeper.maintain(later);
  await keeper.maintain(later);
  await keeper.maintain(later);
  const { series } = await collect(keeper.source, queries(later), later);
  const direct = await collect(calls.store, queries(later), later);
  expect(allComparable(series, queries(later))).toEqual(allComparable(direct.series, queries(later)));
});
