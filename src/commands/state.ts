// Opens the state store for commands that read or change it.

import { openStateSql } from '../app.ts';
import type { Config } from '../config/config.ts';
import { unsetNote } from '../config/place.ts';
import type { Sql } from '../sql/port.ts';
import { ensureCurrent, migrate } from '../state/migrate.ts';
import type { Io } from './io.ts';

/** A worker may be starting, or a check may have the folder. */
const FOLDER_WAIT_MS = 5_000;

/** Runs `work` on the state store, through the worker where that has an embedded one; its schema is brought up to date. */
export function withState<T>(
  config: Config,
  io: Pick<Io, 'err'>,
  work: (sql: Sql) => Promise<T>,
): Promise<T> {
  return withOpen(config, io, 'write', migrate, work);
}

/** The same where a worker must have made the schema: it is left alone. */
export function withKeptState<T>(
  config: Config,
  io: Pick<Io, 'err'>,
  access: 'read' | 'write',
  work: (sql: Sql) => Promise<T>,
): Promise<T> {
  return withOpen(config, io, access, ensureCurrent, work);
}

async function withOpen<T>(
  config: Config,
  io: Pick<Io, 'err'>,
  access: 'read' | 'write',
  prepare: (sql: Sql) => Promise<void>,
  work: (sql: Sql) => Promise<T>,
): Promise<T> {
  const sql = await openStateSql(config, {
    mustExist: true,
    throughWorker: access,
    waitMs: FOLDER_WAIT_MS,
  });
  try {
    const note = config.state.url === null ? unsetNote(config) : null;
    if (note !== null) io.err(note);
    await prepare(sql);
    return await work(sql);
  } finally {
    await sql.close();
  }
}
