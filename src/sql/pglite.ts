// Embedded PostgreSQL (PGlite).

import { existsSync, mkdirSync, realpathSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { PGlite, Transaction } from '@electric-sql/pglite';
import { AppError, messageOf } from '../model/errors.ts';
import { showAll } from '../model/redact.ts';
import { SESSION_SQL } from './begin-sql.ts';
import { type FolderLock, lockFolder } from './folder-lock.ts';
import { folderFault } from './new-folder.ts';
import type { Sql, SqlOptions, SqlSession } from './port.ts';
import { type SocketServer, serveSocket } from './socket/server.ts';
import { socketPath } from './socket/socket-path.ts';
import { type Place, sqlError } from './sql-error.ts';
import { PARSERS } from './values.ts';

interface OpenFolder {
  readonly database: PGlite;
  readonly lock: FolderLock;
}

interface SharedFolder {
  readonly opening: Promise<OpenFolder>;
  users: number;
  /** Null until the first user asks for it; and where it could not be opened. */
  serving: Promise<SocketServer | null> | null;
}

/**
 * Folders that this process has open. Two instances on one folder would destroy it, and the audit and the state store are in
 * the same folder by default, so all users share one instance.
 */
const folders = new Map<string, SharedFolder>();

/** Opens the embedded database in a folder. Creates the folder, with its parents, unless it must exist. */
export async function openPglite(folder: string, options: SqlOptions): Promise<Sql> {
  if (folder === '') {
    throw new AppError('store_url_invalid', 'The URL "pglite:" names no folder.', {
      hint: 'Write the folder after the colon: pglite:./spendwatch-data.',
    });
  }
  const wanted = resolve(options.baseDir ?? '.', folder);
  if (options.mustExist === true && !existsSync(join(wanted, 'PG_VERSION'))) {
    throw new AppError('store_missing', `there is no embedded store in ${wanted}`);
  }
  const path = createFolder(wanted);
  const place = { name: `the embedded database in ${path}`, redact: showAll };
  // An instance that is closing has left the map already; wait until it is closed.
  await closing.get(path);
  const shared = folders.get(path) ?? { opening: openFolder(path), users: 0, serving: null };
  folders.set(path, shared);
  shared.users += 1;
  try {
    const { database } = await shared.opening;
    if (options.serve !== undefined) {
      shared.serving ??= serve(
        path,
        portTo(database, place, async () => undefined),
        options.serve,
      );
      await shared.serving;
    }
    return portTo(database, place, () => leave(path, shared));
  } catch (error) {
    if (folders.get(path) === shared) folders.delete(path);
    throw error;
  }
}

/** A worker whose folder cannot be served works all the same. */
async function serve(
  path: string,
  sql: Sql,
  unable: (trouble: string) => void,
): Promise<SocketServer | null> {
  try {
    return await serveSocket(socketPath(path), sql);
  } catch (error) {
    unable(`commands cannot reach this worker through a socket in ${path}: ${messageOf(error)}`);
    return null;
  }
}

function portTo(database: PGlite, place: Place, leaveFolder: () => Promise<void>): Sql {
  let left: Promise<void> | null = null;
  return {
    engine: 'pglite',
    query: <Row>(text: string, values?: readonly unknown[]) => run<Row>(database, place, text, values),
    async transaction(options, work) {
      try {
        return await database.transaction(async (transaction) => {
          const session: SqlSession = { query: (text, values) => run(transaction, place, text, values) };
          if (options.readOnly === true) {
            await session.query('SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY');
          }
          return await work(session);
        });
      } catch (error) {
        // An error of `work` passes unchanged. A driver's error is one of COMMIT or ROLLBACK.
        throw isDriverError(error) ? sqlError(error, place) : error;
      }
    },
    close: () => (left ??= leaveFolder()),
  };
}

async function run<Row>(
  connection: PGlite | Transaction,
  place: Place,
  text: string,
  values: readonly unknown[] | undefined,
): Promise<Row[]> {
  try {
    if (values === undefined) {
      const results = await connection.exec(text, { parsers: PARSERS });
      return (results.at(-1)?.rows ?? []) as Row[];
    }
    return (await connection.query<Row>(text, [...values], { parsers: PARSERS })).rows;
  } catch (error) {
    throw sqlError(error, place);
  }
}

function isDriverError(error: unknown): boolean {
  return error instanceof Error && 'code' in error && 'severity' in error;
}

function createFolder(path: string): string {
  try {
    mkdirSync(path, { recursive: true });
    return realpathSync(path);
  } catch (error) {
    throw folderFault(path, messageOf(error), error);
  }
}

async function openFolder(path: string): Promise<OpenFolder> {
  const lock = lockFolder(path);
  try {
    const { PGlite } = await import('@electric-sql/pglite');
    const database = await PGlite.create(path);
    await database.exec(SESSION_SQL);
    return { database, lock };
  } catch (error) {
    lock.release();
    throw new AppError(
      'store_unreachable',
      `The embedded database in ${path} cannot be opened: ${messageOf(error)}`,
      {
        hint: 'If the folder holds something else, name another one; if it was damaged, restore it from a backup.',
        cause: error,
      },
    );
  }
}

const closing = new Map<string, Promise<void>>();

/** Closes the database and unlocks the folder when the last user leaves. */
async function leave(path: string, shared: SharedFolder): Promise<void> {
  shared.users -= 1;
  if (shared.users > 0) return;
  folders.delete(path);
  const closed = shared.opening.then(async ({ database, lock }) => {
    try {
      await (await shared.serving)?.close();
      await database.close();
    } finally {
      lock.release();
    }
  });
  closing.set(
    path,
    closed.catch(() => undefined),
  );
  try {
    await closed;
  } finally {
    closing.delete(path);
  }
}
