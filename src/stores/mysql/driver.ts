// Loads the driver of MySQL and MariaDB.

import type { Connection, ConnectionOptions } from 'mysql2';
import { AppError } from '../../model/errors.ts';

export interface MysqlDriver {
  createConnection(options: ConnectionOptions): Connection;
}

const VERSION = '3.24.6';

/** Throws AppError `driver_missing`, which names the command that brings it: an install may leave out what is optional. */
export async function loadDriver(load = () => import('mysql2')): Promise<MysqlDriver> {
  try {
    return (await load()).default;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : null;
    if (code !== 'ERR_MODULE_NOT_FOUND') throw error;
    throw new AppError('driver_missing', 'The driver of MySQL is not installed.', {
      hint: `npm install --no-save mysql2@${VERSION}, in the folder of spendwatch`,
      cause: error,
    });
  }
}
