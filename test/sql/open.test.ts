import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { openSql } from '../../src/sql/open.ts';
import type { Sql, SqlSession } from '../../src/sql/port.ts';
import { createDatabase, type TestDatabase } from '../support/database.ts';
import { startSqlGate } from '../support/sql-gate.ts';
import { eventually } from '../support/until.ts';

const opened: Sql[] = [];
async function open(url: string, options = {}): Promise<Sql> {
  const sql = await openSql(url, options);
  opened.push(sql);
  return sql;
}
afterEach(async () => {
  for (const sql of opened.splice(0)) await sql.close();
});

describe('a server that cannot be used', () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createDatabase();
  });
  afterAll(() => database.drop());

  /** The fault of the first query, whose text must not hold the password. */
  async function faultOf(
    change: (url: URL) => void,
  ): Promise<{ code: string; message: string; hint: string }> {
    const url = new URL(database.url);
    url.password = 'sEcReT';
    change(url);
    const sql = await open(url.href);
    const fault = await sql.query('SELECT 1').then(
      () => null,
      (error: unknown) => error,
    );
    expect(JSON.stringify([String(fault), fault])).not.toContain('sEcReT');
    return fault as { code: string; message: string; hint: string };
  }
  const password = () => new URL(database.url).password;

  it('is opened all the same: the first query finds out', async () => {
    const { port } = await closedPort();
    const fault = await faultOf((url) => {
      url.port = String(port);
    });
    expect(fault.code).toBe('store_unreachable');
    expect(fault.message).toContain(
      `127.0.0.1:${port}, database "${new URL(database.url).pathname.slice(1)}"`,
    );
  });

  it('names a wrong password', async () => {
    const fault = await faultOf(() => undefined);
    expect(fault).toMatchObject({ code: 'store_unreachable', hint: 'Check user and password of the URL.' });
    expect(fault.message).toMatch(/password authentication failed/);
  });

  it('names a database that is not there', async () => {
    const url = new URL(database.url);
    url.pathname = '/no_such_database';
    const sql = await open(url.href);
    await expect(sql.query('SELECT 1')).rejects.toMatchObject({
      code: 'store_unreachable',
      message: expect.stringContaining('"no_such_database" does not exist'),
    });
  });

  it('names TLS where the server has none', async () => {
    const fault = await faultOf((url) => {
      url.password = password();
      url.searchParams.set('sslmode', 'verify-full');
    });
    expect(fault.code).toBe('store_unreachable');
    expect(fault.hint).toMatch(/sslmode/);
  });

  it('is unreachable in a transaction too', async () => {
    const { port } = await closedPort();
    const sql = await open(`postgres://u:p@127.0.0.1:${port}/d`);
    await expect(sql.transaction({}, async () => 1)).rejects.toMatchObject({ code: 'store_unreachable' });
  });

  it('stops a statement at its time limit, and the connection is good for the next', async () => {
    const sql = await open(database.url);
    const slow = sql.transaction({ statementTimeoutMs: 50 }, (session) =>
      session.query('SELECT pg_sleep(30)'),
    );
    await expect(slow).rejects.toMatchObject({ code: 'store_timeout' });
    expect(await sql.query('SELECT 1 AS one')).toEqual([{ one: 1 }]);
  });

  it('tells a statement over its limit from a process that was too busy to send it at once', async () => {
    const gate = await startSqlGate(database.url);
    try {
      const sql = await open(gate.url);
      for (const readOnly of [true, false]) {
        const held = gate.hold('before', ({ text }) => text.includes('pg_sleep'));
        const slow = sql.transaction({ readOnly, statementTimeoutMs: 50 }, (session) =>
          session.query('SELECT pg_sleep(30)'),
        );
        const told = expect(slow).rejects.toMatchObject({ code: 'store_timeout' });
        await held.caught;
        // Longer than the limit.
        await (await open(database.url)).query('SELECT pg_sleep(0.2)');
        held.release();
        await told;
      }
    } finally {
      await gate.close();
    }
  });

  it('reports why a transaction could not begin, whatever it does', async () => {
    const sql = await open(database.url);
    for (const readOnly of [true, false]) {
      const options = { readOnly, statementTimeoutMs: -1 };
      const works = [
        async (session: SqlSession) => session.query('SELECT 1'),
        async (session: SqlSession) =>
          session
            .query('SELECT 1')
            .catch(() => session.query('SELECT 2'))
            .catch(() => []),
        async () => [],
      ];
      for (const work of works) {
        await expect(sql.transaction(options, work)).rejects.toMatchObject({
          code: 'store_query_failed',
          message: expect.stringContaining('-1'),
        });
      }
    }
    expect(await sql.query('SELECT 1 AS one')).toEqual([{ one: 1 }]);
  });

  it('needs one connection for transactions that only read, one after the other', async () => {
    const role = `single_${Math.random().toString(36).slice(2)}`;
    const owner = await open(database.url);
    await owner.query(`CREATE ROLE ${role} LOGIN PASSWORD 'reading' CONNECTION LIMIT 1`);
    const url = Object.assign(new URL(database.url), { username: role, password: 'reading' });
    const sql = await openSql(url.href);
    try {
      for (let i = 0; i < 20; i += 1) {
        const read = sql.transaction({ readOnly: true }, (session) => session.query('SELECT 1 AS one'));
        expect(await read).toEqual([{ one: 1 }]);
      }
    } finally {
      await sql.close();
      await owner.query(`DROP ROLE ${role}`);
    }
  });

  it('has no more use for a connection that ends with its transaction', async () => {
    const gate = await startSqlGate(database.url);
    try {
      const sql = await open(gate.url);
      let pid: unknown = null;
      const read = () =>
        sql.transaction({ readOnly: true }, async (session) => {
          const rows = await session.query('SELECT pg_backend_pid() AS pid');
          pid ??= rows[0]?.pid;
          return rows;
        });
      const held = gate.hold('before', ({ text }) => text === 'COMMIT');
      const ended = expect(read()).rejects.toMatchObject({ code: 'store_unreachable' });
      await held.caught;
      const other = await open(database.url);
      await other.query('SELECT pg_terminate_backend($1)', [pid]);
      held.release();
      await ended;
      for (let i = 0; i < 3; i += 1) expect((await read())[0]?.pid).not.toBe(pid);
    } finally {
      await gate.close();
    }
  });

  it('outlives connections that the server ends', async () => {
    const sql = await open(database.url);
    await sql.query('SELECT 1');
    const other = await open(database.url);
    await other.query(
      'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()',
    );
    await eventually(async () => expect(await sql.query('SELECT 1 AS one')).toEqual([{ one: 1 }]));
    const cut = sql.transaction({}, (session) =>
      session.query('SELECT pg_terminate_backend(pg_backend_pid())'),
    );
    await expect(cut).rejects.toMatchObject({ code: 'store_unreachable' });
    expect(await sql.query('SELECT 1 AS one')).toEqual([{ one: 1 }]);
  });
});

describe('a URL', () => {
  it.each(['mysql://u:sEcReT@h/d', '', 'sEcReT', 'pglite:', 'postgres://u:sEc%ReT@h:99999/d'])(
    'that is of no use (%j) is a fault that does not repeat it',
    async (url) => {
      const fault = await openSql(url).then(
        () => null,
        (error: unknown) => error,
      );
      expect(fault).toMatchObject({ code: 'store_url_invalid' });
      expect(JSON.stringify([String(fault), fault])).not.toContain('sEc');
    },
  );
});

describe('the folder of an embedded database', () => {
  let parent: string;
  beforeAll(async () => {
    parent = await mkdtemp(join(tmpdir(), 'spendwatch-folder-'));
  });
  afterAll(() => rm(parent, { recursive: true, force: true }));

  it('is relative to the base folder, created with its parents, and kept', async () => {
    const first = await open('pglite:a/b/data', { baseDir: parent });
    await first.query('CREATE TABLE t (a int); INSERT INTO t VALUES (1)');
    await first.close();
    expect(existsSync(join(parent, 'a/b/data/PG_VERSION'))).toBe(true);
    const again = await open(`pglite:${join(parent, 'a/b/data')}`);
    expect(await again.query('SELECT a FROM t')).toEqual([{ a: 1 }]);
  });

  it('is opened once however often a process asks, and stays open for the last who has it', async () => {
    const [one, two] = await Promise.all([
      open('pglite:shared', { baseDir: parent }),
      open('pglite:./shared', { baseDir: parent }),
    ]);
    await one.query('CREATE TABLE t (a int)');
    await one.close();
    await one.close();
    expect(await two.query('SELECT a FROM t')).toEqual([]);
    const closing = two.close();
    const three = await open('pglite:shared', { baseDir: parent });
    await closing;
    expect(await three.query('SELECT a FROM t')).toEqual([]);
  });

  it('is refused to a second process with the pid of the first', async () => {
    const folder = join(parent, 'locked');
    const child = await holder(folder);
    try {
      await expect(openSql(`pglite:${folder}`)).rejects.toMatchObject({
        code: 'store_locked',
        message: expect.stringContaining(`pid ${child.pid}`),
      });
    } finally {
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
    // Killed without a chance to clean up: the lock is there, its holder is not.
    const sql = await open(`pglite:${folder}`);
    expect(await sql.query('SELECT 1 AS one')).toEqual([{ one: 1 }]);
  });

  it.each([
    ['of a process that is gone', { pid: 2 ** 22 + 1, started: '1', host: hostname() }],
    ['of an earlier process with the same pid', { pid: process.pid, started: '1', host: hostname() }],
  ])('is taken over from a lock %s', async (_, holder) => {
    const folder = join(parent, `stale-${String(holder.pid)}`);
    mkdirSync(folder);
    writeFileSync(join(folder, 'spendwatch.lock'), JSON.stringify(holder));
    const sql = await open(`pglite:${folder}`);
    expect(JSON.parse(readFileSync(join(folder, 'spendwatch.lock'), 'utf8'))).toMatchObject({
      pid: process.pid,
    });
    await sql.close();
    expect(existsSync(join(folder, 'spendwatch.lock'))).toBe(false);
  });

  it('is not taken from another host that touched its lock just before', async () => {
    const folder = join(parent, 'elsewhere');
    mkdirSync(folder);
    writeFileSync(
      join(folder, 'spendwatch.lock'),
      JSON.stringify({ pid: 1, started: '1', host: 'another-host' }),
    );
    await expect(openSql(`pglite:${folder}`)).rejects.toMatchObject({
      code: 'store_locked',
      message: expect.stringContaining('pid 1 on host another-host'),
    });
  });
});

async function closedPort(): Promise<{ port: number }> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return { port };
}

/** A process that has the folder open until it is killed. */
async function holder(folder: string): Promise<ChildProcess> {
  const program = `const { openSql } = await import(${JSON.stringify(new URL('../../src/sql/open.ts', import.meta.url).href)});
    await openSql(${JSON.stringify(`pglite:${folder}`)}); console.log('open'); setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', program], {
    cwd: new URL('../..', import.meta.url).pathname,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [said] = await Promise.race([once(child.stdout, 'data'), once(child, 'exit')]);
  expect(String(said)).toBe('open\n');
  return child;
}
