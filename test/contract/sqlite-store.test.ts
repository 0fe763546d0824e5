import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CallRead } from '../../src/model/call-columns.ts';
import { formatFixed, ONE } from '../../src/model/money.ts';
import type { SegmentCell } from '../../src/model/series.ts';
import { engineOf } from '../../src/stores/index.ts';
import { callsArbitrary, ORIGIN } from '../stores/random-calls.ts';
import { hasSqliteDriver, insertAll, makeSqliteFile, type SqliteFile } from '../support/sqlite-file.ts';
import {
  CALLS,
  COLUMNS,
  call,
  HOUR,
  opener,
  type RowEngineUnderTest,
  RUNS,
  type StoredTimes,
  testRowEngine,
  totals,
} from './row-engine.ts';

const iso = (at: number): string => new Date(at).toISOString();
/** SQLite has no types of times: programs write them as they like. */
const TIMES: Readonly<Record<string, Omit<StoredTimes, 'type'>>> = {
  'texts with a space': { write: (at) => iso(at).replace('T', ' ').replace('Z', '000'), time: 'at' },
  'texts of ISO 8601': { write: iso, time: 'at' },
  'texts of both kinds': { write: (at) => (at % 2 === 0 ? iso(at) : iso(at).replace('T', ' ')), time: 'at' },
  'texts with offsets': {
    write: (at) =>
      iso(at + 5.5 * HOUR)
        .replace('T', ' ')
        .replace('Z', '+05:30'),
    time: 'at',
  },
  'local texts': {
    write: (at) =>
      iso(at + 5.5 * HOUR)
        .replace('T', ' ')
        .replace('Z', ''),
    time: { column: 'at', zone: 'Asia/Kolkata' },
  },
  milliseconds: { write: (at) => BigInt(at), time: { column: 'at', unit: 'ms' } },
  nanoseconds: { write: (at) => BigInt(at) * 1_000_000n, time: { column: 'at', unit: 'ns' } },
  'floating seconds': { write: (at) => at / 1000, time: { column: 'at', unit: 's' } },
};

describe.skipIf(!(await hasSqliteDriver())).each(['wal', 'delete'] as const)(
  'an audit store in a SQLite file, journal_mode %s',
  (journal) => {
    let file: SqliteFile;
    beforeAll(async () => {
      file = await makeSqliteFile(journal);
      file.database.exec(`CREATE TABLE calls (at, cost REAL, service TEXT, model TEXT, usr TEXT, input INTEGER, output INTEGER,
      status INTEGER, error TEXT, latency REAL); CREATE INDEX calls_at ON calls (at)`);
    });
    const engine: RowEngineUnderTest = {
      url: () => file.url,
      times: Object.fromEntries(Object.entries(TIMES).map(([name, one]) => [name, { ...one, type: '' }])),
      async fill(calls, { write }: Pick<StoredTimes, 'write'> = { write: iso }) {
        file.database.exec('DELETE FROM calls');
        insertAll(
          file.database,
          'INSERT INTO calls VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
          calls.map((one) => [
            write(one.at),
            one.cost,
            one.service,
            one.model,
            one.user,
            one.input,
            one.output,
            one.status,
            one.error,
            one.latency,
          ]),
        );
      },
      /** SQLite stores NaN as NULL. */
      stored: (one) => ({
        ...one,
        cost: Number.isNaN(one.cost) ? null : one.cost,
        latency: Number.isNaN(one.latency) ? null : one.latency,
      }),
      run: async (sql) => file.database.exec(sql),
      quoted: (name) => `"${name.replaceAll('"', '""')}"`,
      failing: "json_extract(error, '$.ms')",
      endless: '(WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n)',
      id: { sql: 'rowid' },
      insertFifth: async (at) =>
        insertAll(file.database, 'INSERT INTO calls (rowid, at) VALUES (?, ?)', [[5, iso(at)]]),
    };
    testRowEngine(engine);
    const { fill } = engine;
    const open = opener(engine.url);
    // After the stores: their processes have the file open.
    afterAll(() => file.stop());

    it('gives what SQLite sums over the same window, in whole micro-dollars', async () => {
      const store = open();
      await fc.assert(
        fc.asyncProperty(callsArbitrary, async (calls) => {
          await fill(calls);
          const [row] = file.database
            .prepare(
              `SELECT sum(CAST(round(cost * 1e6) AS INTEGER)) AS micros FROM calls
             WHERE at >= ? AND at < ? AND abs(cost) <= 1e9 AND service = 'search'`,
            )
            .iterate(iso(ORIGIN), iso(ORIGIN + 5000)) as Iterable<{ micros: number | null }>;
          const read = { ...totals(['cost'], ORIGIN, ORIGIN + 5000), where: { service: { in: ['search'] } } };
          const [cell] = (await store.read([read], ORIGIN)).answers[0] as SegmentCell[];
          const found = calls.filter(
            ({ at, service, cost }) =>
              service === 'search' &&
              at >= ORIGIN &&
              at < ORIGIN + 5000 &&
              cost !== null &&
              Math.abs(cost) <= 1e9,
          );
          // Those below a micro-dollar are rounded by the statement.
          if (found.some(({ cost }) => cost !== null && cost > 0 && cost < 1e-6)) return;
          expect(formatFixed(cell?.cell.sums.cost ?? 0n, 6)).toBe(
            formatFixed(BigInt(row?.micros ?? 0) * 10n ** 6n, 6),
          );
        }),
        { numRuns: RUNS },
      );
    });

    it('does not keep its program from writing, and reads a snapshot', async () => {
      await fill([call({})]);
      const store = open();
      const read: CallRead = {
        dimensions: [],
        measures: [],
        sketches: [],
        edges: [ORIGIN, ORIGIN + HOUR],
        together: true,
      };
      file.database.exec('PRAGMA busy_timeout = 0');
      await store.snapshot(async (snapshot) => {
        expect((await snapshot.calls(read)).sums.get('calls')?.units[0]).toBe(1);
        file.database.exec(`INSERT INTO calls (at) VALUES ('${iso(ORIGIN)}')`);
        const again = (await snapshot.calls(read)).sums.get('calls')?.units[0];
        expect(again).toBe(journal === 'wal' ? 1 : 2);
      });
    });

    it('waits while its program holds a lock, and names the lock when it holds it for too long', async () => {
      await fill([call({})]);
      const store = open(CALLS, null, 4_000);
      file.database.exec('BEGIN EXCLUSIVE');
      const reading = store.read([totals(['calls'], ORIGIN, ORIGIN + HOUR)], ORIGIN);
      if (journal === 'wal') expect((await reading).newestRow).toBeNull();
      else
        await expect(reading).rejects.toMatchObject({
          code: 'store_timeout',
          message: expect.stringMatching(/locked/),
        });
      file.database.exec('ROLLBACK');
      expect((await store.read([], ORIGIN + 1)).newestRow).toBe(ORIGIN);
      file.database.exec('VACUUM');
      expect((await store.read([], ORIGIN + 1)).newestRow).toBe(ORIGIN);
    });

    it('reads texts whose offset from UTC is another one in summer', async () => {
      const [winter, summer] = [Date.parse('2025-12-10T09:30:00Z'), Date.parse('2026-06-10T09:30:00Z')];
      const written = new Map([
        [winter, '2025-12-10 09:30:00+00:00'],
        [summer, '2026-06-10 10:30:00.25+01:00'],
        [ORIGIN, '2026-12-10 09:30:00+00:00'],
      ]);
      await fill(
        [winter, summer, summer, ORIGIN].map((at) => call({ at })),
        { type: '', write: (at) => written.get(at) as string, time: 'at' },
      );
      const store = open();
      for (const [from, calls] of [
        [summer - HOUR / 2, 2n],
        [summer + HOUR / 2, undefined],
        [winter - HOUR / 2, 1n],
      ] as const) {
        const [cell] = (await store.read([totals(['calls'], from, from + HOUR)], from + HOUR))
          .answers[0] as SegmentCell[];
        expect(cell?.cell.sums.calls).toBe(calls === undefined ? undefined : calls * ONE);
      }
      expect((await store.read([], summer + HOUR)).newestRow).toBe(summer + 250);
    });

    it('says that a column holds no times', async () => {
      await fill([call({})]);
      expect(await open({ ...CALLS, columns: { ...COLUMNS, time: 'model' } }).inspect()).toMatchObject([
        { level: 'fault', message: expect.stringContaining('no times') },
      ]);
    });

    it.each([
      ['/no/such/file.db', /^There is no file \/no\/such\/file.db\.$/],
      ['//src', /\/src is a folder/],
      ['package.json', /package.json is no SQLite database/],
    ])('says what %s is, which is no database', async (path, message) => {
      const store = engineOf('sqlite:x')?.open(
        `sqlite:${path}`,
        { baseDir: process.cwd(), statementTimeoutMs: 5_000 },
        CALLS,
        null,
      );
      await expect(store?.read([], ORIGIN)).rejects.toMatchObject({
        code: 'store_unreachable',
        message: expect.stringMatching(message),
      });
      await store?.close();
    });
  },
);
