// Turns SQLite's errors into AppErrors with a hint.

import { existsSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { AppError, messageOf } from '../../model/errors.ts';

interface Fault {
  readonly code: string;
  readonly text: string;
  readonly hint: string | null;
}

const LOCKED: Fault = {
  code: 'store_timeout',
  text: 'is locked by its program',
  hint: 'The next poll tries again. In WAL mode (PRAGMA journal_mode = WAL, by its program) readers and writers do not wait for each other.',
};
const DAMAGED: Fault = {
  code: 'store_unreachable',
  text: 'is no SQLite database, or is damaged',
  hint: 'Check the path in audit.url.',
};

const HALF_WRITTEN: Fault = {
  code: 'store_unreachable',
  text: 'was left in the middle of a write',
  hint: 'Start its program once, which repairs it.',
};
const READ_ONLY = 8;

/** By SQLite's primary result code. */
const FAULTS: Readonly<Record<number, Fault>> = {
  3: { code: 'store_forbidden', text: 'may not be read', hint: 'Let the user of spendwatch read the file.' },
  5: LOCKED,
  6: LOCKED,
  [READ_ONLY]: {
    code: 'store_unreachable',
    text: 'is in WAL mode, its program is not running, and the files beside it may not be written',
    hint: 'Start its program, or let the user of spendwatch write the folder.',
  },
  10: {
    code: 'store_unreachable',
    text: 'cannot be read',
    hint: 'Check the disk. SQLite needs one with file locks, which many network file systems lack.',
  },
  11: DAMAGED,
  14: {
    code: 'store_unreachable',
    text: 'cannot be opened',
    hint: 'Check the path in audit.url and the rights. In WAL mode the user of spendwatch must be able to write the folder, or its program must be running.',
  },
  26: DAMAGED,
};

/** Why a path cannot be a database, where that is known before it is opened; else null. */
export async function pathFault(path: string, shown: string): Promise<AppError | null> {
  const found = await stat(path).catch((error: NodeJS.ErrnoException) => error);
  if (found instanceof Error) {
    if (found.code !== 'ENOENT') return null;
    return new AppError('store_unreachable', `There is no file ${shown}.`, {
      hint: 'Check audit.url: sqlite:FILE and sqlite:///FILE are relative to the folder of alerts.yaml, sqlite:////FILE begins at the root.',
    });
  }
  if (!found.isDirectory()) return null;
  return new AppError('store_unreachable', `${shown} is a folder.`, {
    hint: 'Name the file of the database in audit.url.',
  });
}

/** `path` is shown as written in the file. */
export function sqliteError(error: unknown, path: string): AppError {
  if (error instanceof AppError) return error;
  // SQLite takes a name in quotes that it does not know for a text in the wrong quotes.
  const text = messageOf(error).replace(/ - should this be a string literal.*/, '');
  const number = error instanceof Error && 'errcode' in error ? Number(error.errcode) & 0xff : 0;
  const isHalfWritten = number === READ_ONLY && existsSync(`${path}-journal`);
  const found = isHalfWritten ? HALF_WRITTEN : FAULTS[number];
  if (found !== undefined) {
    return new AppError(found.code, `${path} ${found.text}: ${text}`, { hint: found.hint, cause: error });
  }
  if (/^no such table/.test(text)) {
    return new AppError('store_table_missing', `${path}: ${text}`, {
      hint: 'Check `table` or `preset`.',
      cause: error,
    });
  }
  if (/^no such column/.test(text)) {
    const hint = 'Check `columns` and `dimensions` against the columns of the table.';
    return new AppError('store_column_missing', `${path}: ${text}`, { hint, cause: error });
  }
  return new AppError('store_query_failed', `${path}: ${text}`, { cause: error });
}
