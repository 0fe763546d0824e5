import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openSql } from '../../src/sql/open.ts';
import { clickhouse } from '../../src/stores/clickhouse/clickhouse.ts';
import { mysql } from '../../src/stores/mysql/mysql.ts';
import { createDatabase, type TestDatabase } from '../support/database.ts';

/** The first packet of a server of MySQL: its length, its protocol 10, its version. */
const GREETING = Buffer.from('4a0000000a31302e31312e362d4d61726961444200', 'hex');
const PLACE = { baseDir: '/', statementTimeoutMs: 5000 };
const TABLE = { table: 'calls', columns: { time: 'at' } };

let database: TestDatabase;
let greeter: Server;
/** Accepts connections and says nothing. */
let mute: Server;
/** Answers a simple question at once, and a statement late. */
let slow: ReturnType<typeof createHttpServer>;
let web: ReturnType<typeof createHttpServer>;
const greeted = new Set<Socket>();
beforeAll(async () => {
  database = await createDatabase();
  greeter = createServer((socket) => {
    greeted.add(socket);
    socket.on('error', () => undefined).end(GREETING);
  });
  web = createHttpServer((_, response) => response.writeHead(404).end('nothing here'));
  mute = createServer((socket) => {
    greeted.add(socket);
    socket.on('error', () => undefined).resume();
  });
  slow = createHttpServer(async ({ url, method }, response) => {
    if (method === 'GET' && url === '/ping') return response.end('Ok.');
    await once(mute, 'told');
    return response
      .writeHead(404, { 'x-clickhouse-exception-code': '60' })
      .end('Code: 60. DB::Exception: no table');
  });
  for (const server of [greeter, web, mute, slow])
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterAll(async () => {
  for (const socket of greeted) socket.destroy();
  web?.closeAllConnections();
  slow?.closeAllConnections();
  for (const server of [greeter, web, mute, slow]) await new Promise((resolve) => server?.close(resolve));
  await database?.drop();
});

const portOf = (server: Server): number => (server.address() as AddressInfo).port;
const urlAt = (scheme: string, port: number | string): string => `${scheme}://u:pass@127.0.0.1:${port}/ai`;

/** Why a store with that URL cannot be read. */
async function faultOf(
  engine: typeof mysql | typeof clickhouse,
  url: string,
  statementTimeoutMs = PLACE.statementTimeoutMs,
): Promise<unknown> {
  const store = engine.open(url, { ...PLACE, statementTimeoutMs }, TABLE, null);
  return store.read([], 0).then(
    () => null,
    async (error: unknown) => {
      await store.close();
      return error;
    },
  );
}

describe.concurrent('a URL whose scheme is not that of the server', () => {
  it('mysql:// at PostgreSQL is told before the connection times out', async () => {
    const { port } = new URL(database.url);
    expect(await faultOf(mysql, urlAt('mysql', port))).toMatchObject({
      code: 'store_unreachable',
      message: `127.0.0.1:${port}/ai is no server of MySQL: PostgreSQL is spoken there.`,
      hint: expect.stringContaining('postgres://'),
    });
  });

  it('mysql:// at a server of HTTP is told, too', async () => {
    expect(await faultOf(mysql, urlAt('mysql', portOf(web)))).toMatchObject({
      code: 'store_unreachable',
      message: expect.stringContaining('HTTP is spoken there'),
      hint: expect.stringContaining('clickhouse://'),
    });
  });

  it('clickhouse:// at PostgreSQL or MySQL names their schemes', async () => {
    const { port } = new URL(database.url);
    expect(await faultOf(clickhouse, urlAt('clickhouse', port))).toMatchObject({
      code: 'store_unreachable',
      hint: expect.stringContaining('postgres://'),
    });
    expect(await faultOf(clickhouse, urlAt('clickhouse', portOf(greeter)))).toMatchObject({
      code: 'store_unreachable',
      message: expect.stringContaining('does not speak HTTP'),
      hint: expect.stringContaining('mysql://'),
    });
  });

  it('clickhouse:// at a port that says nothing is told within seconds, and a slow statement is waited for', async () => {
    const waiting = faultOf(clickhouse, urlAt('clickhouse', portOf(slow)), 60_000);
    const port = portOf(mute);
    const silent = ['', '?secure=true'].map((options) =>
      faultOf(clickhouse, `${urlAt('clickhouse', port)}${options}`, 1_000_000),
    );
    for (const fault of await Promise.all(silent))
      expect(fault).toMatchObject({
        code: 'store_unreachable',
        message: `127.0.0.1:${port}/ai accepts connections, but says nothing: it does not answer as ClickHouse does.`,
        hint: expect.stringMatching(/host and port.* scheme/),
      });
    mute.emit('told');
    expect(await waiting).toMatchObject({ code: 'store_table_missing' });
  });

  it('mysql:// at a port that says nothing is told within seconds, too', async () => {
    const port = portOf(mute);
    expect(await faultOf(mysql, urlAt('mysql', port), 1_000_000)).toMatchObject({
      code: 'store_unreachable',
      message: `127.0.0.1:${port}/ai accepts connections, but says nothing: it does not answer as MySQL does.`,
      hint: expect.stringContaining('3306'),
    });
  });

  it('postgres:// at MySQL or HTTP says to check the scheme', async () => {
    for (const server of [greeter, web]) {
      const sql = await openSql(urlAt('postgres', portOf(server)));
      await expect(sql.query('SELECT 1')).rejects.toMatchObject({
        code: 'store_unreachable',
        hint: expect.stringMatching(/scheme/),
      });
      await sql.close();
    }
  });
});
