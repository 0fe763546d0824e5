// Opens PostgreSQL servers.

import type { PoolConfig } from 'pg';
import { type DatabaseUrl, parseDatabaseUrl } from '../model/database-url.ts';
import { AppError } from '../model/errors.ts';
import { redactor } from '../model/redact.ts';
import type { Sql, SqlOptions } from './port.ts';
import { encryptionOf, fallBack } from './postgres-tls.ts';
import { inTransaction, type OpenPool, SILENCE_MS } from './postgres-transaction.ts';
import { PARSERS } from './values.ts';

const DEFAULT_STATEMENT_TIMEOUT_MS = 60_000;

/** A small pool of connections to a server. The first query makes the first connection. */
export async function openPostgres(url: string, options: SqlOptions): Promise<Sql> {
  const { default: pg } = await import('pg');
  const timeoutMs = options.statementTimeoutMs ?? DEFAULT_STATEMENT_TIMEOUT_MS;
  const target = parsed(url);
  const place = { name: placeOf(target), redact: redactor(secretsOf(target)) };
  const encryption = await encryptionOf(target.parameters, options.baseDir);
  const pool = new pg.Pool({
    ...poolConfig(target, timeoutMs),
    ...(encryption.ssl === undefined ? {} : { ssl: encryption.ssl }),
    types: {
      getTypeParser: ((id: number, format?: 'text') =>
        PARSERS[id] ?? pg.types.getTypeParser(id, format)) as typeof pg.types.getTypeParser,
    },
  });
  fallBack(pool, encryption);
  // An idle connection that breaks is replaced by the next query. Without a listener its error would end the process.
  pool.on('error', () => undefined);
  pool.on('connect', (client) => void client.on('error', () => undefined));

  const open: OpenPool = { pool, place };
  let closed: Promise<void> | null = null;
  return {
    engine: 'postgres',
    query: (text, values) => inTransaction(open, timeoutMs, {}, (session) => session.query(text, values)),
    transaction: (transactionOptions, work) => inTransaction(open, timeoutMs, transactionOptions, work),
    close: () => (closed ??= pool.end()),
  };
}

function poolConfig(target: DatabaseUrl, statementTimeoutMs: number): PoolConfig {
  const { user, password, host, port, database, parameters } = target;
  const options = startOptionsOf(target);
  const given = Object.entries({ user, password, host, port, database, options });
  return {
    ...Object.fromEntries(given.filter(([, value]) => value !== undefined)),
    application_name: parameters.get('application_name') ?? 'spendwatch',
    max: 4,
    // In libpq, 0 means no time limit; here the default of 10 s applies, so that nothing waits for ever.
    connectionTimeoutMillis: (Number(parameters.get('connect_timeout')) || 10) * 1_000,
    enableChannelBinding: parameters.get('channel_binding') === 'require',
    idleTimeoutMillis: 60_000,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    // Also limits COMMIT and ROLLBACK, so that a silent server cannot block them for ever.
    query_timeout: statementTimeoutMs + SILENCE_MS,
  };
}

/** `PostgreSQL at host:port, database "x"`: what a URL says, without its user and password. */
function placeOf({ host = 'localhost', port = 5432, database, user }: DatabaseUrl): string {
  return `PostgreSQL at ${host}:${port}, database "${database ?? user ?? ''}"`;
}

function parsed(url: string): DatabaseUrl {
  const found = parseDatabaseUrl(url);
  if (!('fault' in found)) return found;
  throw new AppError('store_url_invalid', `The URL of the database cannot be read: ${found.fault}.`, {
    hint: found.hint,
  });
}

/** Prisma's `schema` parameter: the schema in which unqualified names are looked up. */
function startOptionsOf({ parameters }: DatabaseUrl): string | undefined {
  // No option contains a plus, and many libraries write one for a space.
  const options = parameters.get('options')?.replaceAll('+', ' ');
  const schema = parameters.get('schema');
  if (schema === undefined || schema === '' || schema === 'public') return options;
  const quoted = `"${schema.replaceAll('"', '""')}"`.replaceAll(/[\\ ]/g, '\\$&');
  return [options, `-c search_path=${quoted}`].filter((text) => text !== undefined).join(' ');
}

/** The password of a URL, unless it equals the name of the user or the database, which errors must show. */
function secretsOf({ user, password, database, parameters }: DatabaseUrl): string[] {
  const options = [...parameters].flatMap(([key, value]) => (/password/i.test(key) ? [value] : []));
  return [password ?? '', ...options].filter((secret) => secret !== user && secret !== database);
}
