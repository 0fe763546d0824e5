import { execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Connection } from 'mysql2/promise';

/** Debian's package has them; a test without them is skipped, and says so by the name of its suite. */
export const hasMariadb: boolean = ['mariadbd', 'mariadb-install-db'].every((program) => {
  try {
    execFileSync('sh', ['-c', `command -v ${program}`], { env: { PATH: PATH() }, stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
});

/** Servers are often outside of an ordinary user's PATH. */
function PATH(): string {
  return `${process.env.PATH ?? ''}:/usr/sbin`;
}

export interface MariadbServer {
  /** A database of its own on the server; the session zone of its clients is far from UTC. */
  createDatabase(): Promise<MariadbDatabase>;
  readonly port: number;
  stop(): Promise<void>;
}

export interface MariadbDatabase {
  /** The login may do all. */
  readonly url: string;
  readonly name: string;
  /** As its program has it: in UTC. */
  readonly connection: Connection;
  close(): Promise<void>;
}

/** Data are often in memory here. */
const SMALL_LOG = '--innodb-log-file-size=8M';
const LOGIN = 'tester:spendwatch-test';

/** Starts a MariaDB on a loopback port, with its data in a temporary folder; with a key and a certificate it takes TLS too. */
export async function startMariadb(tls?: {
  readonly key: string;
  readonly cert: string;
}): Promise<MariadbServer> {
  const parent = await mkdtemp(join(tmpdir(), 'spendwatch-mariadb-'));
  const remove = (): Promise<void> => rm(parent, { recursive: true, force: true });
  const data = join(parent, 'data');
  const isRoot = process.getuid?.() === 0;
  const user = isRoot ? ['--user=root'] : [];
  const environment = { env: { ...process.env, PATH: PATH() } };
  try {
    execFileSync(
      'mariadb-install-db',
      [
        '--no-defaults',
        `--datadir=${data}`,
        '--auth-root-authentication-method=normal',
        '--skip-test-db',
        SMALL_LOG,
        ...user,
      ],
      { ...environment, stdio: 'pipe' },
    );
    const init = join(parent, 'init.sql');
    const [name, password] = LOGIN.split(':');
    await writeFile(
      init,
      ['127.0.0.1', 'localhost']
        .flatMap((host) => [
          `CREATE USER '${name}'@'${host}' IDENTIFIED BY '${password}';`,
          `GRANT ALL ON *.* TO '${name}'@'${host}' WITH GRANT OPTION;`,
        ])
        .join('\n'),
    );
    const files = tls === undefined ? [] : await tlsFiles(parent, tls);
    const port = await freePort();
    const log = join(parent, 'log.err');
    const server = spawn(
      'mariadbd',
      [
        '--no-defaults',
        `--datadir=${data}`,
        `--init-file=${init}`,
        `--port=${port}`,
        '--bind-address=127.0.0.1',
        `--socket=${join(parent, 'socket')}`,
        `--pid-file=${join(parent, 'pid')}`,
        `--log-error=${log}`,
        // A hostile zone and mode: nothing may depend on the server's being in UTC, or on its quotes.
        '--default-time-zone=+05:30',
        '--sql-mode=ANSI_QUOTES,NO_BACKSLASH_ESCAPES,STRICT_TRANS_TABLES',
        '--transaction-isolation=READ-COMMITTED',
        '--innodb-flush-log-at-trx-commit=0',
        '--innodb-buffer-pool-size=128M',
        SMALL_LOG,
        ...files,
        ...user,
      ],
      { ...environment, stdio: 'ignore' },
    );
    const kill = (): void => void server.kill('SIGKILL');
    // Whatever ends the tests ends their server.
    process.once('exit', kill);
    const ended = new Promise<void>((resolve) => server.once('exit', () => resolve()));
    const url = `mysql://${LOGIN}@127.0.0.1:${port}`;
    await untilReady(url, ended, log).catch((error: unknown) => {
      kill();
      throw error;
    });
    return {
      port,
      createDatabase: () => createDatabase(url),
      async stop() {
        // Its data are removed: it need not write them.
        kill();
        process.off('exit', kill);
        await ended;
        await remove();
      },
    };
  } catch (error) {
    await remove();
    throw error;
  }
}

async function untilReady(url: string, ended: Promise<void>, log: string): Promise<void> {
  const { createConnection } = await import('mysql2/promise');
  let isEnded = false;
  void ended.then(() => {
    isEnded = true;
  });
  for (;;) {
    try {
      await (await createConnection(`${url}/mysql`)).end();
      return;
    } catch (error) {
      // A refused login does not mend itself.
      if (error instanceof Error && 'errno' in error && error.errno === 1045) throw error;
      if (isEnded) throw new Error(`MariaDB did not start:\n${await readFile(log, 'utf8').catch(String)}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

async function createDatabase(server: string): Promise<MariadbDatabase> {
  const { createConnection } = await import('mysql2/promise');
  const name = `test_${randomBytes(8).toString('hex')}`;
  const connection = await createConnection({
    uri: `${server}/mysql`,
    charset: 'utf8mb4_general_ci',
    multipleStatements: true,
  });
  await connection.query(
    `CREATE DATABASE ${name} CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci; USE ${name}; SET time_zone = '+00:00', sql_mode = ''`,
  );
  return {
    url: `${server}/${name}`,
    name,
    connection,
    async close() {
      await connection.query(`DROP DATABASE ${name}`).catch(() => undefined);
      await connection.end();
    },
  };
}

async function tlsFiles(
  parent: string,
  { key, cert }: { readonly key: string; readonly cert: string },
): Promise<string[]> {
  await writeFile(join(parent, 'server.key'), key, { mode: 0o600 });
  await writeFile(join(parent, 'server.crt'), cert);
  return [`--ssl-key=${join(parent, 'server.key')}`, `--ssl-cert=${join(parent, 'server.crt')}`];
}

function freePort(): Promise<number> {
  const probe = createServer();
  return new Promise((resolve, reject) => {
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as AddressInfo;
      probe.close(() => resolve(port));
    });
  });
}
