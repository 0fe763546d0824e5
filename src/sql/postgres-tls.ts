// Sets up TLS as libpq does for sslmode.

import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { ConnectionOptions } from 'node:tls';
import type { Pool, PoolClient } from 'pg';
import { sslModeOf } from '../model/database-url.ts';
import { AppError } from '../model/errors.ts';
import { sqlStateOf } from './sql-error.ts';

type Ssl = false | ConnectionOptions;

/** How a pool encrypts, and what it tries when the server refuses that. */
export interface Encryption {
  /** Undefined leaves it to PGSSLMODE. */
  readonly ssl: Ssl | undefined;
  /** What `prefer` and `allow` try after a refusal. */
  readonly otherwise: Ssl | null;
}

/**
 * The encryption for an `sslmode` of libpq. Certificate files are read at once, so that a missing one is reported at once.
 */
export async function encryptionOf(
  parameters: ReadonlyMap<string, string>,
  folder = '.',
): Promise<Encryption> {
  const mode = sslModeOf(parameters);
  if (mode === null) return { ssl: undefined, otherwise: null };
  if (mode === 'disable') return { ssl: false, otherwise: null };
  const read = async (key: string, option: 'ca' | 'cert' | 'key'): Promise<ConnectionOptions> => {
    const path = parameters.get(key);
    // `system` means the machine's trusted certificates, which Node uses too.
    if (path === undefined || path === '' || path === 'system') return {};
    return { [option]: await readCertificate(key, resolve(folder, path)) };
  };
  const files = {
    ...(await read('sslrootcert', 'ca')),
    ...(await read('sslcert', 'cert')),
    ...(await read('sslkey', 'key')),
  };
  const unverified = { ...files, rejectUnauthorized: false };
  const anyName = { ...files, checkServerIdentity: () => undefined };
  switch (mode) {
    case 'allow':
      return { ssl: false, otherwise: unverified };
    case 'prefer':
      return { ssl: unverified, otherwise: false };
    case 'require':
      // As in libpq: a given CA is checked.
      return { ssl: files.ca === undefined ? unverified : anyName, otherwise: null };
    case 'verify-ca':
      return { ssl: anyName, otherwise: null };
    case 'no-verify':
      return { ssl: unverified, otherwise: null };
    default:
      return { ssl: files, otherwise: null };
  }
}

/** When the server refuses the first choice, the pool uses the second one for all connections. */
export function fallBack(pool: Pool, { otherwise }: Encryption): void {
  if (otherwise === null) return;
  let left: { readonly ssl: Ssl } | null = { ssl: otherwise };
  const connect = pool.connect.bind(pool) as unknown as () => Promise<PoolClient>;
  pool.connect = (async () => {
    try {
      return await connect();
    } catch (error) {
      if (left === null || !isRefusal(error)) throw error;
      pool.options.ssl = left.ssl;
      left = null;
      return connect();
    }
  }) as Pool['connect'];
}

/** Whether the server refused TLS, or refused a connection without it. */
function isRefusal(error: unknown): boolean {
  const text = error instanceof Error ? error.message : '';
  return (
    /does not support SSL/.test(text) || (sqlStateOf(error) === '28000' && /no encryption|SSL off/.test(text))
  );
}

async function readCertificate(key: string, path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    const reason = sqlStateOf(error) ?? 'unknown';
    throw new AppError(
      'store_certificate_missing',
      `The file of ${key} cannot be read: ${path} (${reason})`,
      {
        hint: `Check the path after ${key}= in the URL of the database; a relative one starts at the folder of alerts.yaml.`,
      },
    );
  }
}
