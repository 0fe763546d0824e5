// Names a file in the state store, however its content changes.

import { createHash } from 'node:crypto';
import type { Config } from './config.ts';
import { placeOf } from './place.ts';

/** The same over edits: of its name, its path and its audit store. Replicas have their file at the same path. */
export function fileId({ name, path, dir, audit }: Pick<Config, 'name' | 'path' | 'dir' | 'audit'>): string {
  return createHash('sha256')
    .update(JSON.stringify([name, path, placeOf(audit.url, dir)]))
    .digest('hex')
    .slice(0, 32);
}
