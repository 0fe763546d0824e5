// Loads a driver of SQLite: Node's own, or the package that is like it.

import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { AppError } from '../../model/errors.ts';

/** The part of node:sqlite that is used. */
export interface SqliteDatabase {
  exec(sql: string): void;
  prepare(sql: string): SqliteStatement;
  close(): void;
}

export interface SqliteStatement {
  iterate(...values: readonly SqliteValue[]): Iterable<unknown>;
  setReadBigInts(enabled: boolean): void;
  /** Node before 22.16 lacks it. */
  setReturnArrays?(enabled: boolean): void;
}

export type SqliteValue = string | number | bigint | null;

interface Driver {
  readonly DatabaseSync: new (path: string, options: { readonly readOnly: boolean }) => SqliteDatabase;
}

/** A variable, because the types of Node 20 do not know it. */
const NODES_OWN: string = 'node:sqlite';
/** Has the same functions as node:sqlite; its binaries come inside the npm package. */
const PACKAGE = '@photostructure/sqlite';

/** Node has a driver of its own since 22.13. Throws AppError `driver_missing`, which names the command that brings one. */
export async function loadDriver(): Promise<Driver> {
  const folder = join(programFolder(), 'drivers');
  const loads = [() => import(NODES_OWN), () => createRequire(join(folder, 'package.json'))(PACKAGE)];
  for (const load of loads) {
    try {
      return (await load()) as Driver;
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? error.code : null;
      if (code !== 'ERR_UNKNOWN_BUILTIN_MODULE' && code !== 'MODULE_NOT_FOUND') throw error;
    }
  }
  throw new AppError(
    'driver_missing',
    `The driver of SQLite is not installed, and Node ${process.version} has none.`,
    { hint: `npm ci --prefix ${folder}; or use Node 22.13 or newer` },
  );
}

/** Where package.json of this program is. */
function programFolder(): string {
  let folder = import.meta.dirname;
  while (!existsSync(join(folder, 'package.json')) && dirname(folder) !== folder) folder = dirname(folder);
  return folder;
}
