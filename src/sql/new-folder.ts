// Says why the folder of an embedded database cannot be made, before anything is made.

import { access, constants, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { AppError, messageOf } from '../model/errors.ts';

/** `path` is absolute. Null where nothing is in the way; `above` is the part of it that is looked at. */
export async function newFolderFault(path: string, above: string = path): Promise<AppError | null> {
  try {
    if (!(await stat(above)).isDirectory()) return folderFault(path, `${above} is a file`);
    await access(above, constants.W_OK | constants.X_OK);
    return null;
  } catch (error) {
    const isMissing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    const next = dirname(above);
    return isMissing && next !== above
      ? newFolderFault(path, next)
      : folderFault(path, messageOf(error), error);
  }
}

export function folderFault(path: string, why: string, cause?: unknown): AppError {
  return new AppError(
    'store_unreachable',
    `${path} cannot be made a folder of an embedded database: ${why}`,
    { hint: 'Check owner and permissions of the folder above it.', cause },
  );
}
