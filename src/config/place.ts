// Names a store without its password, and the variable of its URL that is not set.

import { resolve } from 'node:path';
import { parseDatabaseUrl } from '../model/database-url.ts';
import type { Secret } from '../model/secret.ts';
import { engineOf } from '../stores/index.ts';
import type { Config } from './config.ts';

/**
 * Where a store is, without a login or options: `db.example.com:5432/audit`, `the embedded store ./data`. With `dir`, the
 * folder of the file, the path is absolute.
 */
export function placeOf(url: Secret, dir?: string): string {
  const text = url.reveal();
  if (text.startsWith('pglite:')) {
    const folder = text.slice('pglite:'.length);
    return `the embedded store ${dir === undefined ? folder : resolve(dir, folder)}`;
  }
  const engine = engineOf(text);
  if (engine !== null) return engine.placeOf(text, dir);
  const parsed = parseDatabaseUrl(text);
  return 'fault' in parsed ? 'a database' : parsed.place;
}

/** Says that a variable is not set and which database is used instead; null if the URL is given. */
export function unsetNote({ unset, audit, dir }: Config): string | null {
  const variable = unset.get('audit.url');
  return variable === undefined ? null : `${variable} is not set: using ${placeOf(audit.url, dir)}`;
}
