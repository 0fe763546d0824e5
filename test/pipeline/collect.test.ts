import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AppError } from '../../src/model/errors.ts';
import { fixedFromNumber, ONE } from '../../src/model/money.ts';
import type { Query, Series } from '../../src/model/series.ts';
import { collect } from '../../src/pipeline/collect.ts';
import { type CallStore, openCallStore } from '../support/call-store.ts';
import { groupsIn } from '../support/series-cells.ts';

const HOUR = 3_600_000;
const AT = Date.parse('2026-11-20T14:00:00Z');

const query = (changes: Partial<Query>): Query => ({
  measures: ['cost', 'calls'],
  where: {},
  groupBy: [],
  windows: [{ from: AT - HOUR, to: AT }],
  ...changes,
});

describe('collecting', () => {
  let calls: CallStore;
  beforeAll(async () => {
    calls = await openCallStore();
    await calls.log(
      { at: AT - HOUR - 1, cost: 1000 },
      { at: AT - HOUR, cost: 1 },
      { at: AT - 1, cost: 2, service: 'chat' },
      { at: AT, cost: 3000 },
    );
  });
  afterAll(() => calls.stop());

  it('answers each query in the order asked, with the newest row before the instant', async () => {
    const { newestRow, series } = await collect(
      calls.store,
      [query({}), query({ groupBy: ['service'], windows: [{ from: AT - 1, to: AT }] })],
      AT,
    );
    expect(newestRow).toBe(AT - 1);
    const groups = series.map((one) => groupsIn(one as Series, { windows: [{ from: 0, to: 1 }] }));
    expect(groups).toEqual([
      [{ key: [], cells: [{ sums: { cost: fixedFromNumber(3), calls: 2n * ONE }, sketches: {} }] }],
      [{ key: ['chat'], cells: [{ sums: { cost: fixedFromNumber(2), calls: ONE }, sketches: {} }] }],
    ]);
  });

  it('counts a row once for the windows that share a read', async () => {
    const windows = [
      { from: AT - HOUR, to: AT },
      { from: AT - 1, to: AT },
    ];
    expect((await collect(calls.store, [query({ windows }), query({})], AT)).rowsRead).toBe(2);
    expect((await collect(calls.store, [query({}), query({ groupBy: ['model'] })], AT)).rowsRead).toBe(4);
    expect((await collect(calls.store, [], AT)).rowsRead).toBe(0);
  });

  it('a query that fails, fails alone', async () => {
    const { series } = await collect(calls.store, [query({ groupBy: ['team'] }), query({})], AT);
    expect(series[0]).toBeInstanceOf(AppError);
    expect(series[1]).toMatchObject({ keys: [[]] });
  });
});
