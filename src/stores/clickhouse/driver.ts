// Loads the client of ClickHouse, when a URL asks for it.

import { AppError } from '../../model/errors.ts';

const PACKAGE = '@clickhouse/client';
const VERSION = '1.23.1';

/** Throws AppError `driver_missing`, which names the command that brings it. */
export async function loadDriver(): Promise<typeof import('@clickhouse/client')> {
  try {
    return await import('@clickhouse/client');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : null;
    if (code !== 'ERR_MODULE_NOT_FOUND') throw error;
    throw new AppError('driver_missing', 'The client of ClickHouse is not installed.', {
      hint: `npm install --no-save ${PACKAGE}@${VERSION}`,
    });
  }
}
