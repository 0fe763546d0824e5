// Opens an embedded database, or reaches it through the worker that has it open.

import { existsSync, realpathSync } from 'node:fs';
import { resolve } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { AppError } from '../model/errors.ts';
import { openPglite } from './pglite.ts';
import type { Sql, SqlOptions } from './port.ts';
import { connectSocket } from './socket/client.ts';
import { socketPath } from './socket/socket-path.ts';

/** Another process may be opening the folder, and serve it a moment later; or have it for one short command. */
const RETRY_MS = 100;

/** Opens the embedded database in a folder. Throws `store_locked` where another process has it and does not serve it. */
export async function openEmbedded(folder: string, options: SqlOptions): Promise<Sql> {
  if (options.onlyThroughWorker === true) return openThroughWorker(folder, options);
  const giveUpAt = performance.now() + (options.waitMs ?? 0);
  for (;;) {
    try {
      return await openPglite(folder, options);
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== 'store_locked') throw error;
      const through = await throughWorker(folder, options, error);
      if (through !== null) return through;
      if (performance.now() >= giveUpAt) throw error;
    }
    await setTimeout(RETRY_MS);
  }
}

async function openThroughWorker(folder: string, options: SqlOptions): Promise<Sql> {
  const path = resolve(options.baseDir ?? '.', folder);
  if (!existsSync(path)) throw new AppError('store_missing', `there is no embedded store in ${path}`);
  const unserved = new AppError('store_unreachable', `no worker has the embedded database in ${path} open`, {
    hint: 'Start spendwatch run.',
  });
  const sql = await throughWorker(folder, options, unserved);
  if (sql === null) throw unserved;
  return sql;
}

async function throughWorker(
  folder: string,
  { baseDir = '.', throughWorker: access }: SqlOptions,
  locked: AppError,
): Promise<Sql | null> {
  if (access === undefined) return null;
  const path = realpathSync(resolve(baseDir, folder));
  try {
    return await connectSocket(socketPath(path), access, `the embedded database in ${path}`);
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'socket_path_long') throw error;
    throw new AppError('store_locked', `${locked.message} ${error.message}.`, { hint: error.hint });
  }
}
