import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CallRead } from '../../src/model/call-columns.ts';
import { ONE } from '../../src/model/money.ts';
import type { SegmentCell } from '../../src/model/series.ts';
import { ORIGIN } from '../stores/random-calls.ts';
import {
  hasMariadb,
  type MariadbDatabase,
  type MariadbServer,
  startMariadb,
} from '../support/mariadb-server.ts';
import {
  CALLS,
  call,
  HOUR,
  opener,
  type RowEngineUnderTest,
  type StoredTimes,
  testRowEngine,
  totals,
} from './row-engine.ts';

const text = (at: number): string => new Date(at).toISOString().replace('T', ' ').replace('Z', '');
const TIMES: Readonly<Record<string, StoredTimes>> = {
  'TIMESTAMP(6)': { type: 'TIMESTAMP(6) NULL', write: text, time: 'at' },
  'DATETIME(3)': { type: 'DATETIME(3)', write: text, time: 'at' },
  'local DATETIME(6)': {
    type: 'DATETIME(6)',
    write: (at) => text(at + 5.5 * HOUR),
    time: { column: 'at', zone: 'Asia/Kolkata' },
  },
  'BIGINT of milliseconds': { type: 'BIGINT', write: BigInt, time: { column: 'at', unit: 'ms' } },
  'BIGINT of nanoseconds': {
    type: 'BIGINT UNSIGNED',
    write: (at) => BigInt(at) * 1_000_000n,
    time: { column: 'at', unit: 'ns' },
  },
  'DOUBLE of seconds': { type: 'DOUBLE', write: (at) => at / 1000, time: { column: 'at', unit: 's' } },
  'DECIMAL of seconds': {
    type: 'DECIMAL(20,6)',
    write: (at) => (at / 1000).toFixed(3),
    time: { column: 'at', unit: 's' },
  },
};
const [FIRST] = Object.values(TIMES) as [StoredTimes];
const quoted = (name: string): string => `\`${name.replaceAll('`', '``')}\``;

let server: MariadbServer;
let database: MariadbDatabase;
const run = async (sql: string): Promise<void> => void (await database.connection.query(sql));

describe.skipIf(!hasMariadb).each(['DOUBLE', 'DECIMAL(30,12)'] as const)(
  'an audit store in MariaDB (needs mariadb-server), costs of type %s',
  (type) => {
    beforeAll(async () => {
      server = await startMariadb();
      database = await server.createDatabase();
    });
    afterAll(async () => {
      await database?.close();
      await server?.stop();
    });

    const isDouble = type === 'DOUBLE';
    const finite = (value: number | null): number | null =>
      value === null || !Number.isFinite(value) || (!isDouble && Math.abs(value) > 1e17) ? null : value;
    const engine: RowEngineUnderTest = {
      url: () => database.url,
      times: TIMES,
      async fill(calls, times = FIRST) {
        await run(`DROP TABLE IF EXISTS calls; CREATE TABLE calls (id BIGINT AUTO_INCREMENT PRIMARY KEY, at ${times.type},
          cost ${type}, service VARCHAR(50), model VARCHAR(50), usr VARCHAR(50), input INT, output BIGINT, status SMALLINT, error TEXT,
          latency DOUBLE, KEY (at))`);
        if (calls.length === 0) return;
        const rows = calls.map((one) => [
          times.write(one.at),
          finite(one.cost),
          one.service,
          one.model,
          one.user,
          one.input,
          one.output,
          one.status,
          one.error,
          finite(one.latency),
        ]);
        await database.connection.query(
          'INSERT INTO calls (at, cost, service, model, usr, input, output, status, error, latency) VALUES ?',
          [rows],
        );
      },
      stored: (one) => ({ ...one, cost: finite(one.cost), latency: finite(one.latency) }),
      run,
      quoted,
      failing: `(SELECT 1 UNION SELECT 2)`,
      endless: 'SLEEP(100)',
      id: 'id',
      insertFifth: (at) => run(`INSERT INTO calls (id, at) VALUES (5, '${text(at)}')`),
    };
    testRowEngine(engine);
    const { fill } = engine;
    const open = opener(engine.url);

    it('reads one snapshot, while its program writes', async () => {
      await fill([call({})]);
      const read: CallRead = {
        dimensions: [],
        measures: [],
        sketches: [],
        edges: [ORIGIN, ORIGIN + HOUR],
        together: true,
      };
      await open().snapshot(async (snapshot) => {
        await run(`INSERT INTO calls (at) VALUES ('${text(ORIGIN)}')`);
        expect((await snapshot.calls(read)).sums.get('calls')?.units[0]).toBe(1);
      });
    });

    it('tells groups apart that differ in letter case, accents or spaces at the end, and filters by exact texts', async () => {
      const services = ['Chat', 'chat', 'chät', 'chat '];
      await fill(services.map((service) => call({ service })));
      const read = { ...totals(['calls'], ORIGIN, ORIGIN + HOUR), groupBy: ['service'] };
      const keys = async (where: NonNullable<typeof CALLS.where> = []) =>
        ((await open({ ...CALLS, where }).read([read], ORIGIN)).answers[0] as readonly SegmentCell[])
          .flatMap(({ key }) => key)
          .sort();
      expect(await keys()).toEqual([...services].sort());
      expect(await keys([{ column: 'service', values: { in: ['chat'] } }])).toEqual(['chat']);
      expect(await keys([{ column: 'service', values: { notIn: ['chat'] } }])).toEqual([
        'Chat',
        'chat ',
        'chät',
      ]);
    });

    it('asks with bounds that the index of the time serves', async () => {
      for (const times of Object.values(TIMES)) {
        await fill(
          Array.from({ length: 2_000 }, (_, i) => call({ at: ORIGIN + i * 60_000 })),
          times,
        );
        const store = open({ ...CALLS, columns: { ...CALLS.columns, time: times.time } });
        await run('ANALYZE TABLE calls; FLUSH STATUS');
        const reads = async (): Promise<number> => {
          const [rows] = await database.connection.query(
            "SELECT VARIABLE_VALUE FROM information_schema.GLOBAL_STATUS WHERE VARIABLE_NAME IN ('HANDLER_READ_NEXT', 'HANDLER_READ_RND_NEXT', 'HANDLER_READ_PREV')",
          );
          return (rows as { VARIABLE_VALUE: string }[]).reduce(
            (sum, row) => sum + Number(row.VARIABLE_VALUE),
            0,
          );
        };
        const from = ORIGIN + 20 * HOUR;
        const before = await reads();
        const { newestRow, answers } = await store.read([totals(['calls'], from, from + HOUR)], from + HOUR);
        expect([newestRow, answers[0]]).toMatchObject([
          from + HOUR - 60_000,
          [{ cell: { sums: { calls: 60n * ONE } } }],
        ]);
        // Those of information_schema are among them.
        expect((await reads()) - before, times.type).toBeLessThan(800);
      }
    });
  },
);
