import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { PriceList } from '../../src/model/price-list.ts';
import type { AuditStore } from '../../src/stores/audit-store.ts';
import type { TableOptions } from '../../src/stores/options.ts';
import { loadDriver, type SqliteDatabase } from '../../src/stores/sqlite/driver.ts';
import { sqlite } from '../../src/stores/sqlite/sqlite.ts';

/** Whether this Node has a driver of SQLite, or the package is installed: an ordinary install brings none. */
export async function hasSqliteDriver(): Promise<boolean> {
  return loadDriver().then(
    () => true,
    () => false,
  );
}

/** A database file that a test writes as its program would. */
export interface SqliteFile {
  readonly url: string;
  readonly path: string;
  readonly database: SqliteDatabase;
  stop(): Promise<void>;
}

export async function makeSqliteFile(journal: 'wal' | 'delete' = 'wal'): Promise<SqliteFile> {
  const { DatabaseSync } = await loadDriver();
  const parent = await mkdtemp(join(tmpdir(), 'spendwatch-sqlite-'));
  const path = join(parent, 'calls.db');
  const database = new DatabaseSync(path, { readOnly: false });
  database.exec(`PRAGMA journal_mode = ${journal}`);
  return {
    url: `sqlite:${path}`,
    path,
    database,
    stop: async () => {
      database.close();
      await rm(parent, { recursive: true, force: true });
    },
  };
}

/** The store of a file; a question that takes more than 20 s is given up. */
export function openSqliteStore(
  { url }: Pick<SqliteFile, 'url'>,
  options: TableOptions,
  {
    prices = null,
    statementTimeoutMs = 20_000,
  }: { prices?: PriceList | null; statementTimeoutMs?: number } = {},
): AuditStore {
  return sqlite.open(url, { baseDir: '/', statementTimeoutMs }, options, prices);
}

/** Runs a statement once for each row of values, in one transaction. */
export function insertAll(
  database: SqliteDatabase,
  sql: string,
  rows: readonly (readonly (string | number | bigint | null)[])[],
): void {
  database.exec('BEGIN');
  const statement = database.prepare(sql);
  for (const row of rows) for (const _ of statement.iterate(...row));
  database.exec('COMMIT');
}
