import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, realpathSync, statSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { createConnection, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openSql } from '../../src/sql/open.ts';
import type { Sql } from '../../src/sql/port.ts';
import { connectSocket } from '../../src/sql/socket/client.ts';
import { LIMITS, serveSocket } from '../../src/sql/socket/server.ts';
import { startEngine } from '../support/sql-engines.ts';
import { eventually } from '../support/until.ts';

const OPEN = new URL('../../src/sql/open.ts', import.meta.url).href;
let parent: string;
beforeAll(async () => {
  parent = realpathSync(await mkdtemp(join(tmpdir(), 'sw-')));
});
afterAll(() => rm(parent, { recursive: true, force: true }));

/** A process that runs a program with `openSql`, and what it has said. */
function processOf(program: string) {
  const text = `const { openSql } = await import(${JSON.stringify(OPEN)}); ${program}`;
  const args = ['--liftoff-only', '--import', 'tsx', '--input-type=module', '-e', text];
  const child = spawn(process.execPath, args, {
    cwd: new URL('../..', import.meta.url).pathname,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    said += chunk;
  });
  const ended = once(child, 'exit');
  return {
    says: (word: string) => eventually(() => expect(said).toContain(word)),
    async kill() {
      child.kill('SIGKILL');
      await ended;
    },
    freeze: () => child.kill('SIGSTOP'),
    ended,
  };
}

const worker = (folder: string) =>
  processOf(`await openSql(${JSON.stringify(`pglite:${folder}`)}, { serve: (trouble) => console.log(trouble) });
    console.log('open'); setInterval(() => {}, 1000);`);

describe('a folder that another process has open and serves', () => {
  let folder: string;
  let holder: ReturnType<typeof worker>;
  const through = (access: 'read' | 'write') => openSql(`pglite:${folder}`, { throughWorker: access });

  beforeAll(async () => {
    folder = join(parent, 'served');
    holder = worker(folder);
    await holder.says('open');
    const sql = await through('write');
    await sql.query('CREATE TABLE item (id integer PRIMARY KEY)');
    await sql.close();
  });
  afterAll(() => holder.kill());

  it('is used through its socket, which is its owner’s alone', async () => {
    expect(statSync(join(folder, 'spendwatch.sock')).mode & 0o777).toBe(0o600);
    const sql = await through('write');
    await sql.query('INSERT INTO item VALUES (1)');
    const other = await through('read');
    expect(await other.query('SELECT * FROM item')).toEqual([{ id: 1 }]);
    await Promise.all([sql.close(), other.close()]);
  });

  it('stays locked for commands that do not ask for it', async () => {
    await expect(openSql(`pglite:${folder}`)).rejects.toMatchObject({ code: 'store_locked' });
  });

  it('changes nothing for a command that only reads', async () => {
    const sql = await through('read');
    await expect(sql.query('INSERT INTO item VALUES (7)')).rejects.toMatchObject({ code: 'store_read_only' });
    const writing = sql.transaction({}, (session) => session.query('INSERT INTO item VALUES (7)'));
    await expect(writing).rejects.toMatchObject({ code: 'store_read_only' });
    await sql.close();
  });

  it('is free at once when a command is killed in the middle of a transaction, which is rolled back', async () => {
    const command = processOf(`
      const sql = await openSql(${JSON.stringify(`pglite:${folder}`)}, { throughWorker: 'write' });
      await sql.transaction({}, async (session) => {
        await session.query('INSERT INTO item VALUES (2)');
        console.log('written');
        await new Promise(() => setInterval(() => {}, 1000));
      });`);
    await command.says('written');
    await command.kill();
    const sql = await through('write');
    expect(await sql.query('SELECT * FROM item WHERE id = 2')).toEqual([]);
    await sql.close();
  });
});

it('a socket that a killed worker left is replaced by the next worker, and nobody waits for it', async () => {
  const folder = join(parent, 'killed');
  const first = worker(folder);
  await first.says('open');
  await first.kill();
  expect(existsSync(join(folder, 'spendwatch.sock'))).toBe(true);

  // Without a worker the command opens the folder itself.
  const alone = await openSql(`pglite:${folder}`, { throughWorker: 'write' });
  await alone.query('CREATE TABLE mine (id integer)');
  await alone.close();

  const second = worker(folder);
  await second.says('open');
  const sql = await openSql(`pglite:${folder}`, { throughWorker: 'read' });
  expect(await sql.query('SELECT * FROM mine')).toEqual([]);
  await second.kill();
  await expect(sql.query('SELECT 1')).rejects.toMatchObject({
    code: 'store_unreachable',
    message: expect.stringContaining(folder),
  });
  await sql.close();
});

it('waits for a folder that another process has for a moment', async () => {
  const folder = join(parent, 'busy');
  const url = JSON.stringify(`pglite:${folder}`);
  const other = processOf(`const sql = await openSql(${url}); console.log('open');
    setTimeout(() => sql.close(), 500);`);
  await other.says('open');
  const sql = await openSql(`pglite:${folder}`, { waitMs: 600_000 });
  expect(await sql.query('SELECT 1 AS one')).toEqual([{ one: 1 }]);
  await sql.close();
  await other.ended;
});

it('a folder whose path is too long for a socket is opened and not served, and both sides say why', async () => {
  const folder = join(parent, 'x'.repeat(120));
  const holder = worker(folder);
  await holder.says('may have');
  await holder.says('open');
  await expect(openSql(`pglite:${folder}`, { throughWorker: 'read' })).rejects.toMatchObject({
    code: 'store_locked',
    message: expect.stringMatching(/in use by .* bytes, and the path of a socket may have 10[37]/),
    hint: expect.stringContaining('shorter path'),
  });
  await holder.kill();
});

describe('a server of an embedded database', () => {
  let sql: Sql;
  let stop: () => Promise<void>;
  let path: string;
  let close: () => Promise<void>;
  beforeAll(async () => {
    const engine = await startEngine('pglite');
    sql = engine.sql;
    stop = engine.stop;
    path = join(parent, 'test.sock');
    ({ close } = await serveSocket(path, sql, { ...LIMITS, pauseMs: 200, transactionMs: 1_000 }));
    await sql.query('CREATE TABLE item (id integer PRIMARY KEY)');
  });
  afterAll(async () => {
    await close();
    expect(readdirSync(parent)).not.toContain('test.sock');
    await stop();
  });
  const connect = async (): Promise<Sql> => (await connectSocket(path, 'write', 'the store')) as Sql;

  it('keeps transactions of commands and of its own process apart', async () => {
    const commands = await Promise.all([connect(), connect()]);
    const users = [sql, ...commands];
    let inside = 0;
    await Promise.all(
      Array.from({ length: 30 }, (_, i) =>
        users[i % 3]
          ?.transaction({}, async (session) => {
            inside += 1;
            expect(inside).toBe(1);
            await session.query('INSERT INTO item VALUES ($1)', [100 + i]);
            inside -= 1;
            if (i % 5 === 0) throw new Error('not this one');
          })
          .catch((error: Error) => expect(error.message).toBe('not this one')),
      ),
    );
    const [row] = await sql.query('SELECT count(*) FROM item WHERE id >= 100');
    expect(row).toEqual({ count: '24' });
    await Promise.all(commands.map((one) => one.close()));
  });

  it('rolls back the transaction of a command that falls silent, and serves others meanwhile', async () => {
    const silent = await connect();
    const transaction = silent.transaction({}, async (session) => {
      await session.query('INSERT INTO item VALUES (50)');
      expect(await sql.query('SELECT * FROM item WHERE id = 50')).toEqual([]);
      await session.query('SELECT 1');
    });
    await expect(transaction).rejects.toMatchObject({
      code: 'store_timeout',
      message: expect.stringContaining('paused for more than 0.2 s'),
    });
    const next = await connect();
    expect(await next.query('SELECT * FROM item WHERE id = 50')).toEqual([]);
    await Promise.all([silent.close(), next.close()]);
  });

  it('rolls back a transaction that never ends', async () => {
    const busy = await connect();
    const transaction = busy.transaction({}, async (session) => {
      for (;;) await session.query('SELECT 1');
    });
    await expect(transaction).rejects.toMatchObject({ code: 'store_timeout' });
    await busy.close();
  });

  it('outlives what no command would say', async () => {
    const garbage = [
      'not JSON\n',
      '{}\n',
      '[]\n',
      'null\n',
      '{"spendwatch":1,"access":"write"}\n{"what":1}\n',
    ];
    for (const text of garbage) {
      const socket: Socket = createConnection(path);
      await once(socket, 'connect');
      socket.on('error', () => undefined).resume();
      socket.end(text);
      await once(socket, 'close');
    }
    const command = await connect();
    expect(await command.query('SELECT 1 AS one')).toEqual([{ one: 1 }]);
    await command.close();
  });

  it('says so to a command of another version', async () => {
    const socket: Socket = createConnection(path).setEncoding('utf8');
    socket.write('{"spendwatch":99,"access":"read"}\n');
    const [answer] = await once(socket, 'data');
    expect(JSON.parse(answer).fault).toMatchObject({ code: 'store_locked', hint: 'Restart the worker.' });
    socket.destroy();
  });

  it('closes although a command is in the middle of a transaction, which is rolled back', async () => {
    const other = join(parent, 'other.sock');
    const server = await serveSocket(other, sql);
    const command = (await connectSocket(other, 'write', 'the store')) as Sql;
    const transaction = command.transaction({}, async (session) => {
      await session.query('INSERT INTO item VALUES (60)');
      await server.close();
      await session.query('SELECT 1');
    });
    await expect(transaction).rejects.toMatchObject({ code: 'store_unreachable' });
    expect(await sql.query('SELECT * FROM item WHERE id = 60')).toEqual([]);
    expect(existsSync(other)).toBe(false);
    await command.close();
  });

  it('gives a large answer whole', async () => {
    const command = await connect();
    const rows = await command.query<{ id: number; text: string }>(
      `SELECT id, repeat('x', 1000) AS text FROM generate_series(1, 20000) AS id`,
    );
    expect(rows).toHaveLength(20_000);
    expect(rows[19_999]).toEqual({ id: 20_000, text: 'x'.repeat(1000) });
    await command.close();
  });
});

it('where nobody listens there is no connection', async () => {
  await mkdir(join(parent, 'empty'));
  expect(await connectSocket(join(parent, 'empty', 'spendwatch.sock'), 'read', 'the store')).toBeNull();
});
