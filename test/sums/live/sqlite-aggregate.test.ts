import { rename, rm } from 'node:fs/promises';
import { describe } from 'vitest';
import { hasSqliteDriver, insertAll, makeSqliteFile, type SqliteFile } from '../../support/sqlite-file.ts';
import { testAggregate } from './engine-aggregate.ts';

let file: SqliteFile;

describe.skipIf(!(await hasSqliteDriver())).each(['wal', 'delete'] as const)(
  'a rollup of a SQLite file, journal_mode %s',
  (journal) => {
    testAggregate({
      async start() {
        file = await makeSqliteFile(journal);
        file.database.exec(
          'CREATE TABLE calls (id INTEGER PRIMARY KEY, at TEXT, cost REAL, service TEXT, usr TEXT, status INTEGER, latency REAL, input INTEGER); CREATE INDEX calls_at ON calls (at)',
        );
      },
      url: () => file.url,
      run: async (sql) => file.database.exec(`${sql}; VACUUM`),
      insert: async (rows) =>
        insertAll(
          file.database,
          'INSERT INTO calls (at, cost, service, usr, status, latency, input) VALUES (?, ?, ?, ?, ?, ?, ?)',
          rows,
        ),
      async replace() {
        file.database.exec('DELETE FROM calls WHERE id % 2 = 0 OR id > 2000');
        file.database.exec(`VACUUM INTO '${file.path}.new'`);
        await rename(`${file.path}.new`, file.path);
        for (const suffix of ['-wal', '-shm']) await rm(file.path + suffix, { force: true });
      },
      stop: async () => file?.stop(),
    });
  },
);
