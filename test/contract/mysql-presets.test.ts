import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { formatFixed } from '../../src/model/money.ts';
import type { AuditStore } from '../../src/stores/audit-store.ts';
import { mysql } from '../../src/stores/mysql/mysql.ts';
import type { TableOptions } from '../../src/stores/options.ts';
import { FIXTURES } from '../fixtures/presets/index.ts';
import {
  hasMariadb,
  type MariadbDatabase,
  type MariadbServer,
  startMariadb,
} from '../support/mariadb-server.ts';
import { cellsOf, hour, testPresets } from './engine-presets.ts';

let server: MariadbServer;
let database: MariadbDatabase;
const start = async (): Promise<void> => {
  database = await server.createDatabase();
  // Rows are written once for all engines, in standard SQL.
  await run("SET sql_mode = 'ANSI_QUOTES,NO_BACKSLASH_ESCAPES'");
};
const run = async (sql: string): Promise<void> => void (await database.connection.query(sql));
const open = (options: TableOptions): AuditStore =>
  mysql.open(database.url, { baseDir: '/', statementTimeoutMs: 20_000 }, options, null);
const stop = async (): Promise<void> => database?.close();

describe('a MariaDB (needs mariadb-server)', () => {
  beforeAll(async () => {
    if (hasMariadb) server = await startMariadb();
  });
  afterAll(async () => server?.stop());

  testPresets('mysql', hasMariadb, { start, run, open, stop });

  it.skipIf(!hasMariadb)(
    'a column that older tables lack reads as NULL, and the index of the time still serves',
    async () => {
      await start();
      await run(FIXTURES.oneapi.mysql?.tables ?? '');
      await run(FIXTURES.oneapi.rows);
      await run('ALTER TABLE logs DROP COLUMN elapsed_time');
      const store = open({ preset: 'oneapi' });
      const [told] = await cellsOf(store, hour(['cost', 'calls', 'latency_count']));
      expect(formatFixed(told?.cell.sums.cost ?? 0n, 12)).toBe(FIXTURES.oneapi.cost);
      expect(told?.cell.sums.latency_count).toBe(0n);
      expect(await store.inspect()).toEqual([]);
      await store.close();
      await stop();
    },
  );
});
