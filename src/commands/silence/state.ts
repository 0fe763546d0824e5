// Opens the state store for `spendwatch silence`.

import { openStateSql } from '../../app.ts';
import type { Config } from '../../config/config.ts';
import { unsetNote } from '../../config/place.ts';
import type { Sql } from '../../sql/port.ts';
import { migrate } from '../../state/migrate.ts';
import type { Io } from '../io.ts';

/** A worker may be starting, or a check may have the folder. */
const FOLDER_WAIT_MS = 5_000;

/** Runs `work` on the state store, through the worker where that has an embedded one. */
export async function withState<T>(
  config: Config,
  io: Pick<Io, 'err'>,
  work: (sql: Sql) => Promise<T>,
): Promise<T> {
  const sql = await openStateSql(config, {
    mustExist: true,
    throughWorker: 'write',
    waitMs: FOLDER_WAIT_MS,
  });
  try {
    const note = config.state.url === null ? unsetNote(config) : null;
    if (note !== null) io.err(note);
    await migrate(sql);
    return await work(sql);
  } finally {
    await sql.close();
  }
}
