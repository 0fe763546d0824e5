// What a poll decided, in one transaction.

import type { NewDelivery } from '../model/delivery.ts';
import { AppError, asAppError } from '../model/errors.ts';
import type { EpisodeChanges, Saying } from '../model/said.ts';
import type { Sql } from '../sql/port.ts';
import { insertDeliveries } from './delivery-rows.ts';
import { type Candidate, ensureHeld } from './leader.ts';
import { isForward, moveOn, moveTogether, type Step } from './progress.ts';
import { writeEpisodes, writeSaid } from './said-rows.ts';

/** What goes out together: `compose` makes the deliveries of those sayings that nobody has said meanwhile. */
export interface Telling<S extends Saying = Saying> {
  readonly sayings: readonly S[];
  /** Called inside the transaction, with at least one saying; must be quick, and pure but for its result. */
  compose(won: readonly S[]): readonly NewDelivery[];
}

/** What one rule (or spendwatch itself) has to say, and how far it has come. */
export interface Recording<S extends Saying = Saying> {
  readonly fingerprint: string;
  readonly rule: string | null;
  /** The instant up to which the rule is now decided, and what `readProgress` said before; null where none is kept. */
  readonly progress: { readonly before: number | null; readonly at: number } | null;
  readonly episodes: EpisodeChanges;
  readonly tellings: readonly Telling<S>[];
}

export interface Recorded {
  readonly queued: readonly NewDelivery[];
  /**
   * Fingerprints whose progress another process has moved on since it was read: nothing of them was recorded. What
   * was decided may rest on an old state, so read the ledger again, leave out the instants that are done, decide again.
   */
  readonly overtaken: readonly string[];
  /** By fingerprint, why a rule was not recorded while the others were; its message could not be made, for example. */
  readonly failed: ReadonlyMap<string, AppError>;
}

/**
 * Records what was decided in one transaction: what is said, the episodes, how far each rule has come, and the
 * deliveries. Nothing is sent that was not committed here, and the conditional upsert lets each (rule, group,
 * period) through once per step or growth, however many processes try at the same time. A fault while one rule is
 * recorded fails that rule alone. Throws when the state store is away, and when messages about spendwatch itself cannot be
 * recorded. With a `leader`, throws AppError `lease_lost` and records nothing when another worker has taken over the lease.
 */
export async function record<S extends Saying>(
  sql: Sql,
  recordings: readonly Recording<S>[],
  now: number,
  leader: Candidate | null = null,
): Promise<Recorded> {
  const inOrder = [...recordings].sort((a, b) => (a.fingerprint < b.fingerprint ? -1 : 1));
  if (inOrder.length === 0) return NOTHING_RECORDED;
  if (inOrder.every(onlyMovesOn)) {
    if (leader !== null) await ensureHeld(sql, leader);
    if (await moveTogether(sql, stepsOf(inOrder))) return NOTHING_RECORDED;
  }
  try {
    return await recordTogether(sql, inOrder, now, leader);
  } catch (error) {
    if (!isOfOneRule(error) || inOrder.some(({ rule }) => rule === null)) throw error;
    return recordEach(sql, inOrder, now, leader);
  }
}

const NOTHING_RECORDED: Recorded = { queued: [], overtaken: [], failed: new Map() };

/** A fault of one rule's data, or of the program, that other rules may not have. */
function isOfOneRule(error: unknown): boolean {
  return !(error instanceof AppError) || error.code === 'store_query_failed';
}

/** Each rule in a transaction of its own, after one of them failed the transaction for all. */
async function recordEach<S extends Saying>(
  sql: Sql,
  recordings: readonly Recording<S>[],
  now: number,
  leader: Candidate | null,
): Promise<Recorded> {
  const queued: NewDelivery[] = [];
  const overtaken: string[] = [];
  const failed = new Map<string, AppError>();
  let fault: AppError | null = null;
  for (const recording of recordings) {
    try {
      if (fault !== null) throw fault;
      const recorded = await recordTogether(sql, [recording], now, leader);
      for (const delivery of recorded.queued) queued.push(delivery);
      for (const fingerprint of recorded.overtaken) overtaken.push(fingerprint);
    } catch (error) {
      // The rules recorded so far stay recorded, whatever becomes of the rest, so the report must have them.
      failed.set(recording.fingerprint, asAppError(error, 'rule_failed'));
      if (!isOfOneRule(error)) fault = asAppError(error, 'rule_failed');
    }
  }
  return { queued, overtaken, failed };
}

function recordTogether<S extends Saying>(
  sql: Sql,
  inOrder: readonly Recording<S>[],
  now: number,
  leader: Candidate | null,
): Promise<Recorded> {
  return sql.transaction({}, async (session) => {
    if (leader !== null) await ensureHeld(session, leader);
    const moved = await moveOn(session, stepsOf(inOrder), now);
    const current = inOrder.filter(
      ({ progress, fingerprint }) => progress === null || moved.has(fingerprint),
    );
    const won = await writeSaid(
      session,
      current.map(({ fingerprint, rule, tellings }) => ({
        fingerprint,
        rule,
        sayings: tellings.flatMap(({ sayings }) => sayings),
      })),
    );
    const queued = current.flatMap(({ tellings }) =>
      tellings.flatMap((telling) => {
        const through = telling.sayings.filter((saying) => won.has(saying));
        return through.length === 0 ? [] : telling.compose(through);
      }),
    );
    await insertDeliveries(session, queued, now);
    await writeEpisodes(
      session,
      current.filter(({ progress }) => progress === null || isForward(progress, now)),
    );
    const recorded = new Set(current);
    return {
      queued,
      overtaken: inOrder.filter((one) => !recorded.has(one)).map(({ fingerprint }) => fingerprint),
      failed: new Map(),
    };
  });
}

function stepsOf(recordings: readonly Recording[]): Step[] {
  return recordings.flatMap(({ fingerprint, rule, progress }) =>
    progress === null ? [] : [{ fingerprint, rule: rule ?? '', ...progress }],
  );
}

/** Whether a rule that was judged before has nothing to say and nothing to remember, as in most polls. */
export function onlyMovesOn({ progress, episodes: { begun, ended }, tellings }: Recording): boolean {
  return progress?.before != null && begun.length + ended.length + tellings.length === 0;
}
