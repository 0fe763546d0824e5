import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CallRead } from '../../src/model/call-columns.ts';
import type { SegmentCell } from '../../src/model/series.ts';
import { instantOfWall } from '../../src/model/wall-clock.ts';
import type { AuditStore } from '../../src/stores/audit-store.ts';
import { mysql } from '../../src/stores/mysql/mysql.ts';
import type { TableOptions } from '../../src/stores/options.ts';
import { selfSigned } from '../channels/certificate.ts';
import {
  hasMariadb,
  type MariadbDatabase,
  type MariadbServer,
  startMariadb,
} from '../support/mariadb-server.ts';
import { startTcpProxy } from '../support/tcp-proxy.ts';
import { until } from '../support/until.ts';

const HOUR = 3_600_000;
const MINUTE = 60_000;
const AT = Date.parse('2026-03-10T10:00:00Z');
const CALLS: TableOptions = { table: 'calls', columns: { time: 'at', cost: 'cost', service: 'service' } };

const ownTls = selfSigned();
let server: MariadbServer;
let database: MariadbDatabase;
let folder: string;
const run = async (sql: string): Promise<void> => void (await database.connection.query(sql));

describe.skipIf(!hasMariadb)('a store in a MariaDB (needs mariadb-server)', () => {
  const opened: AuditStore[] = [];
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'spendwatch-mysql-'));
    await writeFile(join(folder, 'ca.crt'), ownTls.cert);
    await writeFile(join(folder, 'other.crt'), selfSigned().cert);
    server = await startMariadb(ownTls);
    database = await server.createDatabase();
    await run(`CREATE TABLE calls (id BIGINT AUTO_INCREMENT PRIMARY KEY, at TIMESTAMP(3) NULL, cost DECIMAL(12,6), service VARCHAR(200), KEY (at));
      INSERT INTO calls (at, cost, service) SELECT FROM_UNIXTIME(${AT / 1000} - seq / 100), 0.000001, REPEAT('x', 150) FROM seq_1_to_100000`);
  });
  afterAll(async () => {
    for (const store of opened) await store.close();
    await database?.close();
    await server?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  const open = (options = CALLS, url = database.url, statementTimeoutMs = 20_000): AuditStore => {
    const store = mysql.open(url, { baseDir: folder, statementTimeoutMs }, options, null);
    opened.push(store);
    return store;
  };
  const hour = (measures: CallRead['measures'] = ['calls'], groupBy: string[] = []) => ({
    measures,
    where: {},
    groupBy,
    edges: [AT - HOUR, AT],
    ranges: [{ from: AT - HOUR, to: AT }],
  });
  const callsIn = async (store: AuditStore): Promise<number> => {
    const [cell] = (await store.read([hour()], AT)).answers[0] as readonly SegmentCell[];
    return Number((cell?.cell.sums.calls ?? 0n) / 10n ** 12n);
  };
  const every: CallRead = {
    dimensions: ['service'],
    measures: ['cost'],
    sketches: [],
    edges: [AT - HOUR, AT],
    together: true,
  };
  const withParameters = (parameters: Readonly<Record<string, string>>, host = '127.0.0.1'): string => {
    const url = new URL(database.url);
    url.hostname = host;
    for (const [key, value] of Object.entries(parameters)) url.searchParams.set(key, value);
    return url.href;
  };
  /** What the server does for others than this test. */
  const running = async (pattern: string): Promise<unknown[]> => {
    const [rows] = await database.connection.query(
      'SELECT info FROM information_schema.processlist WHERE id <> CONNECTION_ID() AND info LIKE ?',
      [pattern],
    );
    return rows as unknown[];
  };

  it('a connection that is cut while rows come fails the poll, and the next one reads again', async () => {
    const proxy = await startTcpProxy(database.url);
    const store = open(CALLS, proxy.url);
    expect(await callsIn(store)).toBe(100_000);
    const cut = store.snapshot(async (snapshot) => {
      await snapshot.calls({ ...every, edges: [AT - 1000, AT] });
      const answer = snapshot.calls(every);
      await until('rows come', async () => (await running('%FROM `calls`%')).length > 0);
      proxy.drop();
      return answer;
    });
    await expect(cut).rejects.toMatchObject({ code: 'store_unreachable' });
    expect(await callsIn(store)).toBe(100_000);
    await proxy.cut();
    await expect(store.read([], AT)).rejects.toMatchObject({
      code: 'store_unreachable',
      message: expect.stringContaining('cannot be reached'),
    });
    await proxy.restore();
    expect(await callsIn(store)).toBe(100_000);
    await store.close();
    await proxy.close();
  });

  it('a server that does not answer any more is given up after the limit', async () => {
    const proxy = await startTcpProxy(database.url);
    const store = open(CALLS, proxy.url, 1_000);
    expect((await store.read([], AT)).newestRow).toBe(AT - 10);
    const stuck = store.snapshot(async (snapshot) => {
      proxy.freeze();
      return snapshot.newestRow(AT);
    });
    await expect(stuck).rejects.toMatchObject({ code: 'store_timeout' });
    proxy.thaw();
    expect((await store.read([], AT)).newestRow).toBe(AT - 10);
    await store.close();
    await proxy.close();
  });

  it('ends on the server what it does not wait for any more', async () => {
    const store = open({ ...CALLS, dimensions: { slow: { sql: 'SLEEP(1000)' } } });
    const answer = store.read([hour(['calls'], ['slow'])], AT);
    const failed = expect(answer).rejects.toMatchObject({ code: 'store_unreachable' });
    await until('the statement runs', async () => (await running('%SLEEP%')).length > 0);
    await store.close();
    await failed;
    await until('it has ended', async () => (await running('%SLEEP%')).length === 0);
  });

  it('a caller who leaves a snapshot early leaves nothing running, and others go on', async () => {
    const store = open();
    const changed = new TypeError('a fault of the caller');
    await expect(
      store.snapshot(async (snapshot) => {
        await snapshot.newestRow(AT);
        throw changed;
      }),
    ).rejects.toBe(changed);
    const many = await Promise.all(Array.from({ length: 9 }, () => store.read([], AT)));
    expect(many.map(({ newestRow }) => newestRow)).toEqual(Array(9).fill(AT - 10));
  });

  it.each([
    [{}, false],
    [{ 'ssl-mode': 'DISABLED' }, false],
    [{ 'ssl-mode': 'PREFERRED' }, true],
    [{ 'ssl-mode': 'required' }, true],
    [{ 'ssl-mode': 'VERIFY_CA', 'ssl-ca': 'ca.crt' }, true],
    [{ 'ssl-mode': 'VERIFY_IDENTITY', 'ssl-ca': 'ca.crt' }, true],
    [{ sslmode: 'verify-full', sslrootcert: 'ca.crt' }, true],
  ] as const)('is connected to as MySQL’s clients would with %j', async (parameters, isEncrypted) => {
    const name =
      "(SELECT variable_value FROM information_schema.session_status WHERE variable_name = 'SSL_CIPHER')";
    const store = open(
      { ...CALLS, dimensions: { cipher: { sql: name } } },
      withParameters(parameters, 'localhost'),
    );
    const cells = (await store.read([hour(['calls'], ['cipher'])], AT)).answers[0] as readonly SegmentCell[];
    expect(cells[0]?.key[0] !== '').toBe(isEncrypted);
  });

  it('trusts no other certificate, and says what to do', async () => {
    for (const [parameters, host] of [
      [{ 'ssl-mode': 'VERIFY_IDENTITY' }, 'localhost'],
      [{ 'ssl-mode': 'VERIFY_CA', 'ssl-ca': 'other.crt' }, '127.0.0.1'],
    ] as const) {
      await expect(open(CALLS, withParameters(parameters, host)).read([], AT)).rejects.toMatchObject({
        code: 'store_unreachable',
        hint: expect.stringContaining('ssl-ca'),
      });
    }
    await expect(open(CALLS, withParameters({ 'ssl-ca': 'none.crt' })).read([], AT)).rejects.toMatchObject({
      code: 'store_certificate_missing',
    });
  });

  it('reads with a right on the table or on its columns alone, and names what is lacking', async () => {
    const login = async (name: string, ...grants: string[]): Promise<string> => {
      await run(`CREATE USER '${name}'@'%' IDENTIFIED BY 'it''s #1/2'; FLUSH PRIVILEGES`);
      await run(`CREATE USER '${name}'@'localhost' IDENTIFIED BY 'it''s #1/2'`);
      for (const grant of grants) {
        await run(`GRANT ${grant} TO '${name}'@'%'; GRANT ${grant} TO '${name}'@'localhost'`);
      }
      return database.url.replace(/tester:[^@]*@/, `${name}:${encodeURIComponent("it's #1/2")}@`);
    };
    await run('CREATE TABLE other (a INT)');
    const table = `${database.name}.calls`;
    for (const grants of [[`SELECT ON ${table}`], [`SELECT (at, cost, service) ON ${table}`]]) {
      const url = await login(`reader_${grants[0]?.length}`, ...grants);
      expect(await open(CALLS, url).inspect()).toEqual([]);
      expect(await callsIn(open(CALLS, url))).toBe(100_000);
    }
    const stranger = await login('stranger', `SELECT ON ${database.name}.other`);
    await expect(open(CALLS, stranger).read([], AT)).rejects.toMatchObject({
      code: 'store_forbidden',
      hint: expect.stringContaining('GRANT SELECT'),
    });
    expect(await open(CALLS, stranger).inspect()).toMatchObject([
      { level: 'fault', hint: expect.stringMatching(/GRANT SELECT.* may read: other\./) },
    ]);
    for (const [url, hint] of [
      [database.url.replace('spendwatch-test', 'wrong'), /user and password/],
      [`${database.url}_none`, /database's name/],
    ] as const) {
      const refused = await open(CALLS, url)
        .read([], AT)
        .catch((error: unknown) => error);
      expect(refused).toMatchObject({ code: 'store_unreachable', hint: expect.stringMatching(hint) });
      expect(String(refused)).not.toMatch(/spendwatch-test|wrong/);
    }
  });

  it('finds what is wrong or slow, with what to do', async () => {
    await run(
      'CREATE TABLE odd (at DATETIME, day DATE, name VARCHAR(9), stamp BIGINT, flag BIT); INSERT INTO odd VALUES (NOW(), NOW(), 1, 1, 1)',
    );
    const found = (columns: NonNullable<TableOptions['columns']>, rest: Partial<TableOptions> = {}) =>
      open({ table: 'odd', columns, ...rest }).inspect();
    const zone = { column: 'at', zone: 'UTC' };
    expect(await found({ time: 'at' })).toMatchObject([
      {
        message: expect.stringContaining('no index that begins with "at"'),
        hint: expect.stringContaining('CREATE INDEX `odd_at` ON `odd` (`at`)'),
      },
      {
        message: expect.stringContaining('the zone of the server is +05:30'),
        hint: expect.stringContaining('zone: UTC'),
      },
    ]);
    expect(await found({ time: 'stamp' })).toMatchObject([
      { level: 'fault', hint: expect.stringContaining('unit: s') },
    ]);
    expect(await found({ time: 'day' })).toMatchObject([
      { level: 'fault', message: expect.stringContaining('a DATE') },
    ]);
    expect(await found({ time: 'name' })).toMatchObject([
      { level: 'fault', message: expect.stringContaining('a text') },
    ]);
    expect(await found({ time: zone, cost: 'at' })).toMatchObject([
      { level: 'fault', message: expect.stringContaining('audit.columns.cost is of type datetime') },
    ]);
    for (const sql of ['SUM(stamp)', 'ROW_NUMBER() OVER ()', 'stamp +', 'nobody', 'x; DROP TABLE odd']) {
      expect(await found({ time: zone, cost: { sql } })).toMatchObject([
        { level: 'fault', message: expect.stringContaining('audit.columns.cost.sql') },
      ]);
    }
    const where = [{ column: 'name', values: { in: ['2'] } }];
    expect(await found({ time: zone }, { where })).toContainEqual(
      expect.objectContaining({ message: expect.stringContaining('audit.where leaves no') }),
    );
  });

  it('reads values of every type as they were written', async () => {
    await run(`CREATE TABLE types (at DATETIME(6), f FLOAT, d DOUBLE, money DECIMAL(30,15), big BIGINT UNSIGNED, flag BIT(1), doc JSON,
        raw BINARY(4), kind ENUM('a', 'B'), word VARCHAR(9) CHARACTER SET latin1, KEY (at));
      INSERT INTO types VALUES (FROM_UNIXTIME(${AT / 1000} - 1), 0.1, 0.1e0 + 0.2e0, 0.123456789012345, 18446744073709551615, 1, '{"a": 1}',
        0xDEADBEEF, 'B', 'ä')`);
    const groupBy = ['big', 'flag', 'doc', 'raw', 'kind', 'word', 'd'];
    const dimensions = {
      ...Object.fromEntries(groupBy.map((name) => [name, name])),
      // The driver would take it for a placeholder.
      asked: { sql: "CONCAT('?', kind, ':kind')" },
    };
    for (const [cost, units] of [
      ['f', 100_000_000_000n],
      ['d', 300_000_000_000n],
      ['money', 123_456_789_012n],
    ] as const) {
      const store = open({ table: 'types', columns: { time: 'at', cost }, dimensions });
      const cells = (await store.read([hour(['cost'], [...groupBy, 'asked'])], AT))
        .answers[0] as readonly SegmentCell[];
      expect(cells).toMatchObject([
        {
          key: [
            '18446744073709551615',
            '1',
            '{"a": 1}',
            'deadbeef',
            'B',
            'ä',
            '0.30000000000000004',
            '?B:kind',
          ],
          cell: { sums: { cost: units } },
        },
      ]);
    }
  });

  it('groups by shapes as texts, and refuses expressions that give a shape', async () => {
    await run(`CREATE TABLE places (at DATETIME, spot POINT, KEY (at));
      INSERT INTO places SELECT FROM_UNIXTIME(${AT / 1000} - seq), POINT(seq DIV 2, 1) FROM seq_1_to_3`);
    const by = (spot: string | { sql: string }) =>
      open({ table: 'places', columns: { time: 'at' }, dimensions: { spot } });
    const cells = (await by('spot').read([hour(['calls'], ['spot'])], AT))
      .answers[0] as readonly SegmentCell[];
    expect(cells.map(({ key }) => key[0]).sort()).toEqual(['POINT(0 1)', 'POINT(1 1)']);
    const shape = await by({ sql: 'ST_Envelope(spot)' }).inspect();
    expect(shape).toContainEqual(
      expect.objectContaining({
        level: 'fault',
        message: expect.stringContaining('ST_Envelope(spot)'),
        hint: expect.stringContaining('ST_AsText'),
      }),
    );
    const text = await by({ sql: 'ST_AsText(spot)' }).inspect();
    expect(text.filter(({ level }) => level === 'fault')).toEqual([]);
  });

  it('filters numbers by numbers, true and false, and takes no word for 0', async () => {
    await run(`CREATE TABLE flags (at DATETIME, flag BOOLEAN, bits BIT(1), big BIGINT, KEY (at));
      INSERT INTO flags SELECT FROM_UNIXTIME(${AT / 1000} - seq), seq = 1, seq = 2, 9007199254740992 + seq FROM seq_1_to_3`);
    const left = (column: string, ...list: string[]) =>
      open({ table: 'flags', columns: { time: 'at' }, where: [{ column, values: { in: list } }] });
    expect(await callsIn(left('flag', 'true'))).toBe(1);
    expect(await callsIn(left('flag', 'false'))).toBe(2);
    expect(await callsIn(left('bits', '1'))).toBe(1);
    expect(await callsIn(left('big', '9007199254740993'))).toBe(1);
    const word = left('big', 'consume');
    const message = expect.stringContaining('audit.where.big: "consume" is no number');
    await expect(word.read([], AT)).rejects.toMatchObject({ message });
    expect(await word.inspect()).toContainEqual(expect.objectContaining({ level: 'fault', message }));
  });

  it('an expression that is not one value of its row fails what is made of it alone', async () => {
    for (const sql of ['SUM(cost)', 'ROW_NUMBER() OVER ()']) {
      const store = open({ ...CALLS, columns: { ...CALLS.columns, latency_ms: { sql } } } as TableOptions);
      const { answers } = await store.read([hour(['calls', 'latency_sum'])], AT);
      expect([...((answers[0] as { failed: ReadonlyMap<string, Error> }).failed?.keys() ?? [])]).toEqual([
        'latency_sum',
      ]);
    }
  });

  it.each([
    ['Europe/Berlin', '2026-03-29T00:00:00Z'],
    ['Europe/Berlin', '2026-10-24T22:00:00Z'],
    ['Australia/Lord_Howe', '2026-10-03T13:00:00Z'],
  ])('counts local times of %s around %s as they are read', async (zone, start) => {
    const begin = Date.parse(start);
    const locals = Array.from({ length: 24 }, (_, i) => begin + i * 20 * MINUTE);
    const offset = begin - instantOfWall(begin, zone);
    await run(
      `DROP TABLE IF EXISTS locals; CREATE TABLE locals (at DATETIME, KEY (at)); INSERT INTO locals VALUES ${locals
        .map((local) => `('${new Date(local + offset).toISOString().slice(0, 19).replace('T', ' ')}')`)
        .join(', ')}`,
    );
    const instants = locals.map((local) => instantOfWall(local + offset, zone));
    const edges = Array.from({ length: 34 }, (_, i) => begin - HOUR + i * 17 * MINUTE);
    const store = open({ table: 'locals', columns: { time: { column: 'at', zone } } });
    for (const [i, from] of edges.slice(0, -1).entries()) {
      const to = edges[i + 1] as number;
      const expected = instants.filter((at) => at >= from && at < to).length;
      const read = {
        measures: ['calls' as const],
        where: {},
        groupBy: [],
        edges: [from, to],
        ranges: [{ from, to }],
      };
      const [cell] = (await store.read([read], AT)).answers[0] as readonly SegmentCell[];
      expect([zone, i, Number((cell?.cell.sums.calls ?? 0n) / 10n ** 12n)]).toEqual([zone, i, expected]);
      expect((await store.occupied([{ from, to }])).length).toBe(expected > 0 ? 1 : 0);
      const earlier = instants.filter((at) => at < to);
      expect((await store.read([], to)).newestRow).toBe(
        earlier.length === 0 ? null : earlier.reduce((a, b) => Math.max(a, b)),
      );
    }
  });
});
