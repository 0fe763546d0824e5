// Opens an embedded database, or reaches it through the worker that has it open.

import { realpathSync } from 'node:fs';
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
