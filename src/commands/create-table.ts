// `init --create-table`: creates the default audit table.

import { openAudit } from '../app.ts';
import { unsetNote } from '../config/place.ts';
import type { Io } from './io.ts';
import { loadWithoutChannels } from './load.ts';

/** Creates the default audit table and its indexes in the store that the file names. */
export async function createTable(path: string, io: Pick<Io, 'out' | 'err' | 'env'>): Promise<0> {
  const config = await loadWithoutChannels(path, io);
  const { store } = await openAudit(config);
  try {
    const note = unsetNote(config);
    if (note !== null) io.err(note);
    const created = await store.createTable();
    io.out(
      created.length === 0
        ? 'the audit table and its indexes are there already'
        : `created ${created.join(', ')}`,
    );
    return 0;
  } finally {
    await store.close();
  }
}
