import { describe } from 'vitest';
import { hasSqliteDriver, insertAll, makeSqliteFile, type SqliteFile } from '../../support/sqlite-file.ts';
import { testAggregate } from './engine-aggregate.ts';

let file: SqliteFile;

describe.skipIf(!(await hasSqliteDriver()))('a rollup of a SQLite file', () => {
  testAggregate({
    async start() {
      file = await makeSqliteFile();
      file.database.exec(
        'CREATE TABLE calls (id INTEGER PRIMARY KEY, at TEXT, cost REAL, service TEXT, usr TEXT, status INTEGER, latency REAL, input INTEGER); CREATE INDEX calls_at ON calls (at)',
      );
    },
    url: () => file.url,
    run: async (sql) => file.database.exec(sql),
    insert: async (rows) =>
      insertAll(
        file.database,
        'INSERT INTO calls (at, cost, service, usr, status, latency, input) VALUES (?, ?, ?, ?, ?, ?, ?)',
        rows,
      ),
    stop: async () => file?.stop(),
  });
});
