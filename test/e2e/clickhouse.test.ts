import { type AddressInfo, connect } from 'node:net';
import { createServer } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openSql } from '../../src/sql/open.ts';
import type { Sql } from '../../src/sql/port.ts';
import { selfSigned } from '../channels/certificate.ts';
import {
  type Asked,
  type ClickHouseServer,
  hasClickHouse,
  startClickHouse,
} from '../support/clickhouse-server.ts';
import { spendwatch } from '../support/command.ts';
import { createDatabase, type TestDatabase } from '../support/database.ts';
import { samplesOf } from '../support/exposition.ts';
import { makeFolder } from '../support/folder.ts';
import { arrives, until } from '../support/until.ts';
import { startWorkerProcess } from '../support/worker-process.ts';

const DAY = 86_400_000;
const ROWS = 3_600;
const YAML = (audit: string, state: string): string => `version: 1
schedule: "* * * * * *"
http: { listen: 127.0.0.1:0 }
audit:
  url: "${audit}"
  table: calls
  columns: { time: at, cost: cost, service: service, id: id }
  stale_after: "off"
state: { url: "${state}" }
channels:
  nobody: { type: webhook, url: "http://127.0.0.1:9/", secret: "a secret that nobody checks" }
defaults: { notify: [nobody] }
rules:
  - { name: month, type: threshold, metric: spend, window: 30d, group_by: [service], threshold: 1000000 }
`;

/** The days of which a statement sums calls. */
function daysOf({ text, sets }: Asked): number[] {
  if (!text.includes('roundDown(sw_at')) return [];
  const bounds = new Map(
    sets.flatMap((set) => {
      const [, name = '', time] =
        /^SET param_(\w+) = '(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3})'$/.exec(set) ?? [];
      return time === undefined ? [] : [[name, Date.parse(`${time.replace(' ', 'T')}Z`)] as const];
    }),
  );
  const spans = [...text.matchAll(/>= \{(\w+):DateTime64\(3, 'UTC'\)\} AND \S+ < \{(\w+):/g)];
  return spans.flatMap(([, low = '', high = '']) => {
    const [from = 0, to = 0] = [bounds.get(low), bounds.get(high)];
    const first = Math.ceil(from / DAY) * DAY;
    return Array.from({ length: Math.max(0, Math.floor((to - first) / DAY)) }, (_, i) => first + i * DAY);
  });
}

describe.skipIf(!hasClickHouse)('a worker over a ClickHouse (needs chdb)', () => {
  let server: ClickHouseServer;
  let database: TestDatabase;
  let sql: Sql;
  let folder: Awaited<ReturnType<typeof makeFolder>>;
  beforeAll(async () => {
    server = await startClickHouse();
    // No row is near an edge of the window while the test runs.
    server.run(`CREATE TABLE calls (id Int64, at DateTime64(3, 'UTC'), cost Nullable(Decimal(18, 12)), service String,
      INDEX ids id TYPE minmax) ENGINE = MergeTree ORDER BY at`);
    server.run(`INSERT INTO calls SELECT number, now64(3, 'UTC') - toIntervalHour(3 + 6 * (number % 119)), (number % 9973) / 1000000.,
      concat('s', toString(number % 3)) FROM numbers(${ROWS})`);
    database = await createDatabase();
    sql = await openSql(database.url);
    folder = await makeFolder({ 'alerts.yaml': YAML(server.url, database.url) });
  });
  afterAll(async () => {
    await folder?.remove();
    await sql?.close();
    await database?.drop();
    await server?.stop();
  });

  /** The days of which sums are kept, by the hour or as a whole. */
  const keptDays = async (): Promise<number[]> => {
    const rows = await sql.query<{ begins: Date }>('SELECT begins FROM spendwatch.aggregate_bucket');
    return [...new Set(rows.map(({ begins }) => Math.floor(begins.getTime() / DAY) * DAY))];
  };

  it('that is killed in its first backfill does not read again what it has kept, and its sums equal SQL', async (test) => {
    let chunks = 0;
    const held = server.hold((asked) => daysOf(asked).length > 0 && ++chunks === 3);
    const killed = await startWorkerProcess(folder.path);
    test.onTestFinished(async () => void (await killed.stop('SIGKILL')));
    await arrives('the third chunk of days is asked for', held.caught);
    const recorded = server.asked.slice(0, -1).flatMap(daysOf);
    expect(recorded.length).toBeGreaterThan(1);
    await killed.stop('SIGKILL');
    held.release();
    expect(await keptDays()).toEqual(expect.arrayContaining(recorded));

    server.asked.length = 0;
    await sql.query('UPDATE spendwatch.leader SET held_until = clock_timestamp()');
    const next = await startWorkerProcess(folder.path);
    test.onTestFinished(async () => void (await next.stop('SIGKILL')));
    await until('all days are kept', async () => (await keptDays()).length >= 30);
    const read = server.asked.flatMap(daysOf);
    expect(read.length).toBeGreaterThan(0);
    expect(read.filter((day) => recorded.includes(day))).toEqual([]);
    expect(read.length, 'each day is read once').toBe(new Set(read).size);

    await next.polls(2);
    const said = samplesOf((await next.get('/metrics')).text)
      .filter(({ name }) => name === 'spendwatch_rule_value')
      .map(({ labels, value }) => [Object.values(labels).sort().join(' '), value]);
    const [services = [], sums = []] = server.run(
      'SELECT service, toString(sum(cost)) FROM calls GROUP BY service ORDER BY service',
    );
    expect(said.sort()).toEqual(services.map((one, i) => [`month ${one}`, Number(sums[i])]));
    expect((await next.stop()).code).toBe(0);
  });

  describe('behind TLS', () => {
    /** A server with a certificate of its own for `host`, and what `validate --connect` says of it. */
    async function validated(host: string, { isTrusted = true, login = '' }): Promise<string> {
      const own = selfSigned(host);
      const { port } = new URL(server.url);
      const front = createServer(own, (socket) => {
        const far = connect(Number(port), '127.0.0.1');
        for (const [one, other] of [
          [socket, far],
          [far, socket],
        ] as const)
          one.on('error', () => other.destroy()).on('close', () => other.destroy());
        socket.pipe(far).pipe(socket);
      });
      front.on('tlsClientError', () => undefined);
      await new Promise<void>((resolve) => front.listen(0, '127.0.0.1', resolve));
      const url = new URL(`${server.url}?secure=true`);
      url.hostname = 'localhost';
      url.port = String((front.address() as AddressInfo).port);
      if (login !== '') url.password = login;
      const folder = await makeFolder({ 'alerts.yaml': YAML(url.href, database.url), 'ca.pem': own.cert });
      try {
        const { stdout, stderr } = await spendwatch(['validate', '--connect'], {
          cwd: folder.path,
          env: isTrusted ? { NODE_EXTRA_CA_CERTS: 'ca.pem' } : {},
        });
        return (stdout + stderr).replaceAll(url.port, 'PORT');
      } finally {
        await folder.remove();
        await new Promise((resolve) => front.close(resolve));
      }
    }
    it('is reached where its CA is trusted', async () => {
      expect(await validated('localhost', {})).toContain('audit store: ok');
    });

    it.each([
      [
        'with a CA that nobody named',
        'localhost',
        { isTrusted: false },
        'self-signed certificate',
        'NODE_EXTRA_CA_CERTS',
      ],
      [
        'with the certificate of another host',
        'db.example.com',
        {},
        'Hostname/IP',
        'the host that the certificate names',
      ],
      [
        'with another password',
        'localhost',
        { login: 'another' },
        'Authentication failed',
        'user and password',
      ],
    ])('%s is a fault with its cure', async (_, host, options, fault, hint) => {
      const told = await validated(host, options);
      expect(told).toMatch(
        new RegExp(`audit store: fault: localhost:PORT/audit: .*${fault}.*\n  hint: .*${hint}`),
      );
      expect(told).not.toMatch(/another|a pass/);
    });
  });
});
