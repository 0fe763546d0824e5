import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { App } from '../../src/app.ts';
import { ONE } from '../../src/model/money.ts';
import type { AuditStore } from '../../src/stores/audit-store.ts';
import type { TableOptions } from '../../src/stores/options.ts';
import { futureRows } from '../../src/worker/health-notes/future-rows.ts';
import { type EngineUnderTest, startEngine } from '../support/sql-engines.ts';
import { STORES } from '../support/stores-under-test.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const NOW = Date.parse('2026-03-10T10:00:00Z');

describe.each(STORES)('rows ahead of the clock, in $title', ({ type: storeType, engine: name }) => {
  let engine: EngineUnderTest;
  beforeAll(async () => {
    engine = await startEngine(name);
  });
  afterAll(() => engine?.stop());
  beforeEach(() => engine.sql.query('DROP TABLE IF EXISTS calls'));

  /** Rows at some minutes from now, told as UTC. */
  const fill = async (type: string, ...minutes: number[]): Promise<void> => {
    await engine.sql.query(`CREATE TABLE calls (called_at ${type}, cost numeric)`);
    for (const minute of minutes) {
      const at = new Date(NOW + minute * MINUTE).toISOString();
      await engine.sql.query(`INSERT INTO calls VALUES ('${at}', 2)`);
    }
  };
  const open = (columns: TableOptions['columns'] = { time: 'called_at', cost: 'cost' }): AuditStore =>
    storeType.open(engine.sql, { table: 'calls', columns }, null);

  test('are named where they are a zone ahead, with a cure that needs no index', async () => {
    // A minute ago, on a clock in Shanghai.
    await fill('timestamp', 8 * 60 - 1, 8 * 60 - 90);
    const found = await open().futureRows(NOW);
    expect(found).toMatchObject({
      aheadMs: 8 * HOUR - MINUTE,
      message: expect.stringMatching(/^The newest row is 7 h 59 min ahead of the clock: local time\?/),
    });
    expect(found?.hint).toContain('audit.columns.time: { column: "called_at", zone: Asia/Shanghai }');
    const mended = open({ time: { column: 'called_at', zone: 'Asia/Shanghai' }, cost: 'cost' });
    expect(await mended.futureRows(NOW)).toBeNull();
    const range = { from: NOW - HOUR, to: NOW };
    const read = {
      measures: ['cost' as const],
      where: {},
      groupBy: [],
      edges: [range.from, range.to],
      ranges: [range],
    };
    const { newestRow, answers } = await mended.read([read], NOW);
    expect(newestRow).toBe(NOW - MINUTE);
    expect(answers[0]).toMatchObject([{ cell: { sums: { cost: 2n * ONE } } }]);
    await engine.sql.query('CREATE INDEX ON calls (called_at)');
    expect(await mended.inspect()).toEqual([]);
    const expression = await open({ time: { sql: 'called_at' }, cost: 'cost' }).futureRows(NOW);
    expect(expression?.hint).toMatch(/AT TIME ZONE 'Asia\/Shanghai'.*CREATE INDEX/);
  });

  test('are named without a zone where the column has one, or they are further ahead than any', async () => {
    await fill('timestamptz', 3 * 60);
    expect((await open().futureRows(NOW))?.message).toMatch(
      /^The newest row is 3 h ahead of the clock\. Rows/,
    );
    const look = futureRows.open({ store: open(), config: { timezone: 'UTC' } } as App);
    expect((await look(NOW)).note?.title).toMatch(/: the newest row is 3 h ahead of the clock$/);
    expect((await open().futureRows(NOW))?.hint).not.toContain('zone:');
    await engine.sql.query('DROP TABLE calls');
    await fill('timestamp', 3 * 24 * 60);
    expect((await open().futureRows(NOW))?.hint).not.toContain('zone:');
  });

  test('are none where clocks differ by a little, times are infinite, or there is no row', async () => {
    await fill('timestamptz', 4, -60);
    await engine.sql.query(`INSERT INTO calls VALUES ('infinity', 2), ('-infinity', 2)`);
    expect(await open().futureRows(NOW)).toBeNull();
    await engine.sql.query('TRUNCATE calls');
    expect(await open().futureRows(NOW)).toBeNull();
  });

  test('are a health message and a gauge', async () => {
    await fill('timestamp', 8 * 60 - 1);
    const look = futureRows.open({ store: open(), config: { timezone: 'Asia/Shanghai' } } as App);
    const { samples, note } = await look(NOW);
    expect(samples).toEqual([{ labels: {}, value: 8 * 3600 - 60 }]);
    expect(note).toMatchObject({
      type: 'health.future_rows',
      severity: 'warning',
      title:
        'rows in the future are not watched: the newest row is 7 h 59 min ahead of the clock: local time?',
      facts: [['Newest row', '2026-03-11 01:59 UTC+08:00']],
      lead: [expect.any(String), expect.stringContaining('zone: Asia/Shanghai')],
      data: { newest_row: '2026-03-10T17:59:00Z', ahead_seconds: 28_740 },
    });
    expect(await look(NOW + 8 * HOUR)).toEqual({ samples: [{ labels: {}, value: 0 }], note: null });
  });
});
