import { describe, expect, it } from 'vitest';
import { formatFixed } from '../../src/model/money.ts';
import { mappingOf } from '../../src/stores/options.ts';
import { fromSql } from '../../src/stores/sqlite/table.ts';
import { FIXTURES } from '../fixtures/presets/index.ts';
import { hasSqliteDriver, makeSqliteFile, openSqliteStore, type SqliteFile } from '../support/sqlite-file.ts';
import { cellsOf, hour, testPresets } from './engine-presets.ts';

let file: SqliteFile;

describe('a SQLite file', async () => {
  testPresets('sqlite', await hasSqliteDriver(), {
    start: async () => {
      file = await makeSqliteFile('delete');
    },
    run: async (sql) => file.database.exec(sql),
    open: (options) => openSqliteStore(file, options),
    stop: async () => file?.stop(),
  });
});

it.skipIf(!(await hasSqliteDriver()))(
  'a column that older tables lack reads as NULL, and the index of the time still serves',
  async () => {
    const file = await makeSqliteFile();
    const fixture = FIXTURES.oneapi;
    file.database.exec(fixture.sqlite?.tables ?? '');
    file.database.exec(fixture.rows);
    file.database.exec('ALTER TABLE logs DROP COLUMN elapsed_time');
    const store = openSqliteStore(file, { preset: 'oneapi' });
    try {
      const [told] = await cellsOf(store, hour(['cost', 'calls', 'latency_count']));
      expect(formatFixed(told?.cell.sums.cost ?? 0n, 12)).toBe(fixture.cost);
      expect(told?.cell.sums.latency_count).toBe(0n);
      expect(await store.inspect()).toEqual([]);
      const from = fromSql(mappingOf({ preset: 'oneapi' }, 'sqlite'), new Set(['created_at']));
      const plan = file.database.prepare(`EXPLAIN QUERY PLAN SELECT quota ${from} WHERE created_at >= 1`);
      expect(JSON.stringify([...plan.iterate()])).toMatch(/SEARCH logs USING INDEX idx_created_at_type/);
    } finally {
      await store.close();
      await file.stop();
    }
  },
);
