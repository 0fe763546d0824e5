// Loads a driver of SQLite: Node's own, or the package that is like it.

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

/** Has the same functions as node:sqlite; its binaries come inside the npm package. */
const PACKAGE = '@photostructure/sqlite';
const VERSION = '1.2.1';

/** Node has a driver of its own since 22.13. Throws AppError `driver_missing`, which names the command that brings one. */
export async function loadDriver(): Promise<Driver> {
  for (const name of ['node:sqlite', PACKAGE]) {
    try {
      return (await import(name)) as Driver;
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? error.code : null;
      if (code !== 'ERR_UNKNOWN_BUILTIN_MODULE' && code !== 'ERR_MODULE_NOT_FOUND') throw error;
    }
  }
  throw new AppError(
    'driver_missing',
    `The driver of SQLite is not installed, and Node ${process.version} has none.`,
    {
      hint: `npm install --no-save ${PACKAGE}@${VERSION}; or use Node 22.13 or newer`,
    },
  );
}
