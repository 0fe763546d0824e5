// Reads the state store for a check: the sums that a worker keeps, and the silences that people added.

import type { Config } from '../config/config.ts';
import { sumsBasis } from '../config/sums-basis.ts';
import { isPostgresUrl } from '../model/database-url.ts';
import { AppError, asAppError } from '../model/errors.ts';
import { withLimit } from '../model/time-limit.ts';
import { openSql } from '../sql/open.ts';
import type { Sql } from '../sql/port.ts';
import { isCurrent } from '../state/migrate.ts';
import { type KeptSums, readKeptSums } from '../state/open.ts';
import { peekSilences, type SilencesSeen } from '../state/silences.ts';

/** What a check knows from the state store, which it can do without. */
export interface CheckState {
  /** Null where no worker keeps any that this program understands, or where they were not asked for. */
  readonly kept: KeptSums | null;
  readonly seen: SilencesSeen;
  /** The state store, to be read only; null where it could not be, or where nothing that this program understands is kept. */
  readonly sql: Sql | null;
  /** Why the state store could not be read; null where it could, or where there is none yet. */
  readonly trouble: AppError | null;
  close(): Promise<void>;
}

/** How long a check waits for a state store that does not answer; opening an embedded one takes a while. */
const PATIENCE_MS = 3_000;
const EMBEDDED_PATIENCE_MS = 10_000;
/** Another command may have the folder for a moment, or a worker is about to serve it. */
const FOLDER_WAIT_MS = 2_000;

/** Reads what holds at an instant, and kept sums if they are wanted. Never throws. */
export async function openCheckState(
  config: Config,
  auditSql: Sql | null,
  at: number,
  wantsSums: boolean,
): Promise<CheckState> {
  const { url } = config.state;
  const opening = url === null ? null : openState(url.reveal(), config.dir);
  const close = async (): Promise<void> => (await opening)?.close();
  const read = async () => {
    const sql = (await opening) ?? auditSql;
    if (sql === null) throw new AppError('store_missing', 'no state store is named');
    return { ...(await readCheckState(config, sql, at, wantsSums)), trouble: null, close };
  };
  const isEmbedded = url !== null && !isPostgresUrl(url.reveal());
  try {
    return await withLimit(read(), isEmbedded ? EMBEDDED_PATIENCE_MS : PATIENCE_MS);
  } catch (error) {
    void close().catch(() => undefined);
    const fault = asAppError(error, 'state_unreadable');
    const trouble = fault.code === 'store_missing' ? null : fault;
    const seen = { silences: [], incidentOf: null };
    return { kept: null, seen, sql: null, trouble, close: async () => undefined };
  }
}

/** The same from a state store that is open. */
export async function readCheckState(
  config: Config,
  sql: Sql,
  at: number,
  wantsSums: boolean,
): Promise<Pick<CheckState, 'kept' | 'seen' | 'sql'>> {
  const [kept, seen, isUnderstood] = await Promise.all([
    // Without them the check asks the audit store; `validate --connect` reports what is wrong with the state store.
    wantsSums ? readKeptSums(sql, sumsBasis(config)).catch(() => null) : null,
    peekSilences(sql, at, config.silences),
    isCurrent(sql),
  ]);
  return { kept, seen, sql: isUnderstood ? sql : null };
}

function openState(url: string, baseDir: string): Promise<Sql> {
  return openSql(url, { baseDir, mustExist: true, throughWorker: 'read', waitMs: FOLDER_WAIT_MS });
}
