import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import {
  type AggregateBuckets,
  openAggregateBuckets,
  type StoredBucket,
} from '../../src/state/aggregate-buckets.ts';
import { migrate } from '../../src/state/migrate.ts';
import { ENGINES, stateDatabase } from './engines.ts';

const HOUR = 3_600_000;
const PROGRESS = {
  closedTo: 500 * HOUR,
  newestId: '7',
  gaps: '[]',
  reconciledAt: Date.parse('2026-11-20T01:00:00Z'),
};

const hour = (begins: number, sums: string | null) => ({
  dimensions: '[]',
  hours: 1,
  begins: begins * HOUR,
  sums,
});
const day = (begins: number, sums: string | null) => ({
  dimensions: '[]',
  hours: 24,
  begins: begins * HOUR,
  sums,
});

async function loaded(kept: AggregateBuckets, dimensions = '[]'): Promise<StoredBucket[]> {
  const all: StoredBucket[] = [];
  await kept.load(dimensions, (buckets) => all.push(...buckets));
  return all;
}

describe.each(ENGINES)('kept buckets, on %s', (engine) => {
  const database = stateDatabase(engine);
  beforeAll(() => migrate(database.sql));
  beforeEach(async () => {
    await database.sql.query('TRUNCATE spendwatch.aggregate_bucket, spendwatch.aggregate_watermark');
  });

  test('come back by the hour and by the day, however many there are', async () => {
    const kept = openAggregateBuckets(database.sql, 'a');
    const hours = Array.from({ length: 450 }, (_, i) => hour(i, `hour ${i}`));
    expect(await kept.keep([...hours, day(0, 'a day')], PROGRESS, 0)).toBe(true);
    expect(await loaded(kept)).toEqual([...hours, day(0, 'a day')]);
    expect(await kept.watermark()).toEqual({ ...PROGRESS, generation: 1 });
    expect(await loaded(kept, '["service"]')).toEqual([]);
  });

  test('are removed one by one, an hour and a day that begin together apart', async () => {
    const kept = openAggregateBuckets(database.sql, 'a');
    await kept.keep([hour(24, 'hour'), day(24, 'day')], PROGRESS, 0);
    await kept.keep([hour(24, null)], PROGRESS, 1);
    expect(await loaded(kept)).toEqual([day(24, 'day')]);
  });

  test('are not overwritten by a process that has not read the latest ones', async () => {
    const slow = openAggregateBuckets(database.sql, 'a');
    const quick = openAggregateBuckets(database.sql, 'a');
    expect(await slow.keep([hour(1, 'first')], PROGRESS, 0)).toBe(true);
    expect(await quick.keep([hour(1, 'second')], { ...PROGRESS, newestId: '9' }, 1)).toBe(true);
    expect(await slow.keep([hour(1, 'late'), hour(2, 'late')], PROGRESS, 1)).toBe(false);
    expect(await slow.keep([hour(1, null)], PROGRESS, 0)).toBe(false);
    expect(await loaded(slow)).toEqual([hour(1, 'second')]);
    expect(await slow.watermark()).toEqual({ ...PROGRESS, newestId: '9', generation: 2 });
  });

  test('of two writes at once, one succeeds', async () => {
    const taken = await Promise.all(
      ['x', 'y'].map((sums) => openAggregateBuckets(database.sql, 'a').keep([hour(1, sums)], PROGRESS, 0)),
    );
    expect(taken.filter((isTaken) => isTaken)).toHaveLength(1);
    expect(await loaded(openAggregateBuckets(database.sql, 'a'))).toHaveLength(1);
  });

  test('of other dimensions, and of another basis that is two days behind, go when they are not used any more', async () => {
    const [mine, other, old] = ['a', 'b', 'c'].map((basis) => openAggregateBuckets(database.sql, basis)) as [
      AggregateBuckets,
      AggregateBuckets,
      AggregateBuckets,
    ];
    await old.keep([hour(1, 'old')], { ...PROGRESS, closedTo: PROGRESS.closedTo - 49 * HOUR }, 0);
    await other.keep([hour(1, 'other')], { ...PROGRESS, closedTo: PROGRESS.closedTo - 48 * HOUR }, 0);
    await mine.keep([hour(1, 'mine'), { ...hour(1, 'gone'), dimensions: '["model"]' }], PROGRESS, 0);
    await mine.retain(['[]']);
    expect(await loaded(mine)).toEqual([hour(1, 'mine')]);
    expect(await loaded(mine, '["model"]')).toEqual([]);
    expect(await loaded(other)).toEqual([hour(1, 'other')]);
    expect(await loaded(old)).toEqual([]);
    expect(await old.watermark()).toBeNull();
    // Its worker comes back: the rest of its buckets are gone, and a part of them would be taken for all.
    expect(await old.keep([hour(2, 'part')], PROGRESS, 1)).toBe(false);
    expect(await loaded(old)).toEqual([]);
    expect(await old.keep([hour(2, 'anew')], PROGRESS, 0)).toBe(true);
  });
});
