import { afterAll, beforeAll, expect, it } from 'vitest';
import { ONE } from '../../../src/model/money.ts';
import type { Query } from '../../../src/model/series.ts';
import { collect } from '../../../src/pipeline/collect.ts';
import { openAggregateBuckets } from '../../../src/state/aggregate-buckets.ts';
import { openState } from '../../../src/state/open.ts';
import type { TableOptions } from '../../../src/stores/options.ts';
import { postgres } from '../../../src/stores/postgres.ts';
import { openLiveSums } from '../../../src/sums/live/live-sums.ts';
import { type EngineUnderTest, startEngine } from '../../support/sql-engines.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

let engine: EngineUnderTest;
beforeAll(async () => {
  engine = await startEngine('postgres');
  await openState(engine.sql);
});
afterAll(() => engine?.stop());

/** Sources, how they write an instant, and a time at which to ask: Berlin then has an hour twice, or skips one. */
const SOURCES: readonly (readonly [
  title: string,
  type: string,
  written: string,
  time: object,
  at: string,
])[] = [
  ['numbers', 'bigint', 'extract(epoch FROM $1::timestamptz)::bigint', { unit: 's' }, '2026-03-10T10:07:00Z'],
  [
    'local times',
    'timestamp',
    `$1::timestamptz AT TIME ZONE 'Asia/Kolkata'`,
    { zone: 'Asia/Kolkata' },
    '2026-03-10T10:07:00Z',
  ],
  [
    'a skipped hour',
    'timestamp',
    `$1::timestamptz AT TIME ZONE 'Europe/Berlin'`,
    { zone: 'Europe/Berlin' },
    '2026-03-29T03:20:00Z',
  ],
];

it.each(SOURCES)(
  'kept sums over %s see what meets the filter, also when it came late',
  async (title, type, written, time, text) => {
    const at = Date.parse(text);
    await engine.sql.query(
      `DROP TABLE IF EXISTS logs; CREATE TABLE logs (id bigserial, at ${type}, type int, cost numeric)`,
    );
    const log = async (kind: number, cost: number, ...ago: number[]): Promise<void> => {
      for (const minutes of ago)
        await engine.sql.query(`INSERT INTO logs (at, type, cost) VALUES (${written}, $2, $3)`, [
          new Date(at - minutes * MINUTE).toISOString(),
          kind,
          cost,
        ]);
    };
    const options = {
      table: 'logs',
      columns: { id: 'id', time: { column: 'at', ...time }, cost: 'cost' },
      where: [{ column: 'type', values: { in: ['2'] } }],
    } as TableOptions;
    const store = postgres.open(engine.sql, options, null);
    const kept = openAggregateBuckets(engine.sql, title);
    const sums = openLiveSums(store, { latenessMs: 15 * MINUTE, kept });
    const query = (to: number): Query => ({
      measures: ['cost', 'calls'],
      where: {},
      groupBy: [],
      windows: [20 * MINUTE, 90 * MINUTE, 6 * HOUR].map((back) => ({ from: to - back, to })),
    });
    const spent = async (to: number): Promise<unknown[]> => {
      const asked = query(to);
      await sums.refresh([asked], to);
      await sums.backfill(60_000);
      const { series } = await sums.refresh([asked], to);
      const direct = await collect(store, [asked], to);
      const costs = [series[0], direct.series[0]].map((answer) =>
        asked.windows.map((_, i) => {
          if (answer == null || answer instanceof Error) throw answer;
          return Number((answer.cell(0, i)?.sums.cost ?? 0n) / ONE);
        }),
      );
      expect(costs[0]).toEqual(costs[1]);
      return costs[0] as unknown[];
    };

    await log(2, 1, 3, 19, 21, 61, 89, 91, 200, 359, 361);
    await log(5, 1000, 3, 30, 100, 300);
    expect(await spent(at)).toEqual([2, 5, 8]);
    await log(2, 10, 40, 240);
    await log(5, 1000, 40, 240);
    await log(2, 100, 2);
    expect(await spent(at + MINUTE)).toEqual([102, 115, 128]);
    await engine.sql.query('UPDATE logs SET type = 2 WHERE type = 5 AND id = 10');
    expect(await spent(at + MINUTE)).toEqual([1102, 1115, 1128]);
  },
);
