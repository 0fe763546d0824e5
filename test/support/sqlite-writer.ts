import { loadDriver } from '../../src/stores/sqlite/driver.ts';

/** What the process is asked: to write rows one by one, to vacuum, and to hold the whole file until it hears `release`. */
export interface WriterOrder {
  readonly path: string;
  /** How long the program waits for a lock before it gives up. */
  readonly busyMs: number;
  readonly rows: number;
  readonly vacuums: number;
  readonly holds: boolean;
}

/** What it met: the writes that were refused, and the longest time that one took. */
export interface WriterReport {
  readonly refused: readonly string[];
  readonly longestMs: number;
}

/** The main file of a program that uses a SQLite file. It says `begun` after its first write. */
process.once('message', async ({ path, busyMs, rows, vacuums, holds }: WriterOrder) => {
  const { DatabaseSync } = await loadDriver();
  const database = new DatabaseSync(path, { readOnly: false });
  database.exec(`PRAGMA busy_timeout = ${busyMs}; PRAGMA synchronous = OFF`);
  const refused: string[] = [];
  let longestMs = 0;
  const write = (sql: string): void => {
    const begun = performance.now();
    try {
      database.exec(sql);
    } catch (error) {
      refused.push(`${sql}: ${String(error)}`);
    }
    longestMs = Math.max(longestMs, performance.now() - begun);
  };
  for (let row = 0; row < rows; row += 1) {
    write('INSERT INTO calls (at, cost) SELECT max(at), 0.25 FROM calls');
    if (row === 0) process.send?.('begun');
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  for (let turn = 0; turn < vacuums; turn += 1) write('VACUUM');
  if (holds) {
    write('BEGIN EXCLUSIVE');
    process.send?.('begun');
    await new Promise((resolve) => process.once('message', resolve));
    write(
      'INSERT INTO calls (at, cost) SELECT max(at), 0.25 FROM calls; UPDATE calls SET cost = 0.5 WHERE cost = 0.25; COMMIT',
    );
  }
  database.close();
  process.send?.({ refused, longestMs } satisfies WriterReport, () => process.disconnect());
});
