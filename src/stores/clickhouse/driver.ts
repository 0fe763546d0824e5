// Loads the client of ClickHouse, when a URL asks for it.

import { AppError } from '../../model/errors.ts';

const VERSION = '1.23.1';

/** Throws AppError `driver_missing`, which names the command that brings it: an install may leave out what is optional. */
export async function loadDriver(
  load = () => import('@clickhouse/client'),
): Promise<typeof import('@clickhouse/client')> {
  try {
    return await load();
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : null;
    if (code !== 'ERR_MODULE_NOT_FOUND') throw error;
    throw new AppError('driver_missing', 'The driver of ClickHouse is not installed.', {
      hint: `npm install --no-save @clickhouse/client@${VERSION}, in the folder of spendwatch`,
      cause: error,
    });
  }
}
