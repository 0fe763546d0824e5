// Where the socket of an embedded database's folder is.

import { join, relative } from 'node:path';
import { AppError } from '../../model/errors.ts';

/** The longest path that the system takes for a socket, in bytes, without the zero at its end. */
const LONGEST = process.platform === 'darwin' ? 103 : 107;

/**
 * The path of the socket in a folder, relative where that is shorter. Throws AppError `socket_path_long` where it is longer
 * than a socket's path may be.
 */
export function socketPath(folder: string): string {
  const absolute = join(folder, 'spendwatch.sock');
  const fromHere = relative(process.cwd(), absolute);
  const path = bytesOf(fromHere) < bytesOf(absolute) ? fromHere : absolute;
  if (bytesOf(path) <= LONGEST) return path;
  throw new AppError(
    'socket_path_long',
    `${absolute} has ${bytesOf(absolute)} bytes, and the path of a socket may have ${LONGEST}`,
    { hint: 'move the folder to a shorter path, so that commands can reach the worker through it' },
  );
}

function bytesOf(path: string): number {
  return Buffer.byteLength(path);
}
