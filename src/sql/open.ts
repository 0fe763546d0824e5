// Opens a database by its URL.

import { isPostgresUrl } from '../model/database-url.ts';
import { AppError } from '../model/errors.ts';
import type { Sql, SqlOptions } from './port.ts';

/**
 * Opens `postgres://…`, `postgresql://…` or `pglite:FOLDER`. A server is connected to by the first query, not here, so that
 * a worker can start while its database is unreachable. A folder is opened and locked at once (`store_locked` names the
 * process that has it), or used through the worker that has it. Within a process a folder is opened once, however often it is asked for.
 */
export async function openSql(url: string, options: SqlOptions = {}): Promise<Sql> {
  if (isPostgresUrl(url)) {
    const { openPostgres } = await import('./postgres.ts');
    return openPostgres(url, options);
  }
  if (url.startsWith('pglite:')) {
    const { openEmbedded } = await import('./embedded.ts');
    return openEmbedded(url.slice('pglite:'.length), options);
  }
  // The text itself is not shown, because what stands in place of a URL may hold a password.
  throw new AppError('store_url_invalid', 'The URL of the database has an unknown scheme.', {
    hint: 'Use postgres://user:password@host:5432/database or pglite:FOLDER.',
  });
}
