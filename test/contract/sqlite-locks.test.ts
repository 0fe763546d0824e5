import { fork } from 'node:child_process';
import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { formatFixed, ONE } from '../../src/model/money.ts';
import type { CellRead } from '../../src/model/series.ts';
import type { AuditStore } from '../../src/stores/audit-store.ts';
import { loadDriver } from '../../src/stores/sqlite/driver.ts';
import {
  hasSqliteDriver,
  insertAll,
  makeSqliteFile,
  openSqliteStore,
  type SqliteFile,
} from '../support/sqlite-file.ts';
import type { WriterOrder, WriterReport } from '../support/sqlite-writer.ts';

const AT = Date.parse('2026-03-10T10:00:00Z');
const OLD = 20_000;
const WRITER = join(import.meta.dirname, '../support/sqlite-writer.ts');
/** All calls, however old. */
const ALL: CellRead = {
  measures: ['calls', 'cost'],
  where: {},
  groupBy: [],
  edges: [0, AT + 1],
  ranges: [{ from: 0, to: AT + 1 }],
};

/** A program in a process of its own; `begun` is when it has written, or holds its lock. */
function startProgram(order: WriterOrder): {
  readonly begun: Promise<void>;
  readonly ended: Promise<WriterReport>;
  release(): void;
} {
  const child = fork(WRITER, [], { execArgv: ['--import', import.meta.resolve('tsx')] });
  child.send(order);
  let report: WriterReport | null = null;
  const begun = new Promise<void>((resolve) => {
    child.on('message', (message) => {
      if (message === 'begun') resolve();
      else report = message as WriterReport;
    });
  });
  const ended = new Promise<WriterReport>((resolve, reject) => {
    child.once('exit', (code) =>
      report === null ? reject(new Error(`the program ended with ${code}`)) : resolve(report),
    );
  });
  return { begun, ended, release: () => void child.send('release') };
}

describe.skipIf(!(await hasSqliteDriver())).each(['wal', 'delete'] as const)(
  'a SQLite file that another process uses, journal_mode %s',
  (journal) => {
    let file: SqliteFile;
    let store: AuditStore;
    beforeEach(async () => {
      file = await makeSqliteFile(journal);
      file.database.exec('CREATE TABLE calls (id INTEGER PRIMARY KEY, at INTEGER, cost REAL)');
      file.database.exec('CREATE INDEX calls_at ON calls (at)');
      const rows = Array.from({ length: OLD }, (_, i) => [AT - (OLD - i) * 1000, 0.5]);
      insertAll(file.database, 'INSERT INTO calls (at, cost) VALUES (?, ?)', rows);
      const columns = { id: 'id', time: { column: 'at', unit: 'ms' as const }, cost: 'cost' };
      store = openSqliteStore(file, { table: 'calls', columns });
    });
    afterEach(async () => {
      await store?.close();
      await file?.stop();
    });

    const total = async (): Promise<{ calls: number; cost: string }> => {
      const [answer] = (await store.read([ALL], AT + 1)).answers;
      if (!Array.isArray(answer)) throw answer;
      const { calls = 0n, cost = 0n } = answer[0]?.cell.sums ?? {};
      return { calls: Number(formatFixed(calls, 0)), cost: formatFixed(cost, 2) };
    };

    it('reading never refuses a write, and sees every row that was written before', async () => {
      await total();
      // Without WAL a program must wait for readers, as it would for its own.
      const program = startProgram({
        path: file.path,
        busyMs: journal === 'wal' ? 0 : 5_000,
        ...{ rows: 400, vacuums: 3, holds: false },
      });
      await program.begun;
      const seen: number[] = [];
      let report: WriterReport | null = null;
      const ended = program.ended.then((found) => {
        report = found;
      });
      while (report === null) seen.push((await total()).calls);
      await ended;
      expect(report).toEqual({ refused: [], longestMs: expect.any(Number) });
      expect((report as WriterReport).longestMs).toBeLessThan(5_000);
      expect(seen).toEqual([...seen].sort((a, b) => a - b));
      expect(seen[0]).toBeGreaterThan(OLD);
      expect(await total()).toEqual({ calls: OLD + 400, cost: `${OLD / 2 + 100}` });
    });

    it('a lock on the whole file is waited for', async () => {
      const program = startProgram({ path: file.path, busyMs: 5_000, rows: 0, vacuums: 0, holds: true });
      await program.begun;
      // In WAL mode what was there before can be read; otherwise nothing while the lock is held.
      if (journal === 'wal') expect((await total()).calls).toBe(OLD);
      const reading = journal === 'wal' ? null : total();
      const soon = new Promise((resolve) => setTimeout(resolve, 300, 'waits'));
      if (reading !== null) expect(await Promise.race([reading, soon])).toBe('waits');
      program.release();
      if (reading !== null) expect((await reading).calls).toBe(OLD + 1);
      expect((await program.ended).refused).toEqual([]);
      expect(await total()).toEqual({ calls: OLD + 1, cost: `${OLD / 2}.5` });
    });
  },
);

it.skipIf(!(await hasSqliteDriver()))(
  'a file whose program died in the middle of a write is read again once the program has repaired it',
  async () => {
    const file = await makeSqliteFile('delete');
    const { database, path } = file;
    database.exec('CREATE TABLE calls (at INTEGER, cost REAL)');
    insertAll(
      database,
      'INSERT INTO calls VALUES (?, ?)',
      Array.from({ length: 2_000 }, () => [AT, 1]),
    );
    // A cache of one page writes the file before the transaction ends.
    database.exec('PRAGMA cache_size = 1; BEGIN; UPDATE calls SET cost = 2');
    for (const suffix of ['', '-journal']) await cp(path + suffix, `${path}.dead${suffix}`);
    database.exec('ROLLBACK');
    const columns = { time: { column: 'at', unit: 'ms' as const }, cost: 'cost' };
    const store = openSqliteStore({ url: `${file.url}.dead` }, { table: 'calls', columns });
    try {
      await expect(store.read([ALL], AT + 1)).rejects.toMatchObject({
        code: 'store_unreachable',
        message: expect.stringContaining('was left in the middle of a write'),
        hint: 'Start its program once, which repairs it.',
      });
      const { DatabaseSync } = await loadDriver();
      const program = new DatabaseSync(`${path}.dead`, { readOnly: false });
      program.exec('SELECT count(*) FROM calls');
      program.close();
      expect((await store.read([ALL], AT + 1)).answers).toMatchObject([
        [{ cell: { sums: { calls: 2_000n * ONE, cost: 2_000n * ONE } } }],
      ]);
    } finally {
      await store.close();
      await file.stop();
    }
  },
);
