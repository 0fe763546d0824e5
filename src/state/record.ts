import type { NewDelivery } from '../model/delivery.ts';
import { FIXED_DIGITS, formatFixed } from '../model/money.ts';
import type { EpisodeChanges, Saying } from '../model/said.ts';
import type { Sql, SqlSession } from '../sql/port.ts';
import { insertDeliveries } from './delivery-rows.ts';
import { type Candidate, ensureHeld } from './leader.ts';
import { isForward, moveOn, moveTogether } from './progress.ts';

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
}

/**
 * Records what was decided in one transaction: what is said, the episodes, how far each rule has come, and the
 * deliveries. Nothing is sent that was not committed here, and the conditional upsert lets each (rule, group,
 * period) through once per step or growth, however many processes try at the same time. With a `leader` it throws
 * AppError `lease_lost` where another worker has taken the lease over, and nothing is recorded.
 */
export async function record<S extends Saying>(
  sql: Sql,
  recordings: readonly Recording<S>[],
  now: number,
  leader: Candidate | null = null,
): Promise<Recorded> {
  const inOrder = [...recordings].sort((a, b) => (a.fingerprint < b.fingerprint ? -1 : 1));
  const steps = inOrder.flatMap(({ fingerprint, rule, progress }) =>
    progress === null ? [] : [{ fingerprint, rule: rule ?? '', ...progress }],
  );
  if (inOrder.length === 0) return NOTHING_QUEUED;
  if (inOrder.every(onlyMovesOn)) {
    if (leader !== null) await ensureHeld(sql, leader);
    if (await moveTogether(sql, steps)) return NOTHING_QUEUED;
  }
  return sql.transaction({}, async (session) => {
    if (leader !== null) await ensureHeld(session, leader);
    const moved = await moveOn(session, steps, now);
    const current = inOrder.filter(
      ({ progress, fingerprint }) => progress === null || moved.has(fingerprint),
    );
    const won = await say(session, current);
    const queued = current.flatMap(({ tellings }) =>
      tellings.flatMap((telling) => {
        const through = telling.sayings.filter((saying) => won.has(saying));
        return through.length === 0 ? [] : telling.compose(through);
      }),
    );
    await insertDeliveries(session, queued, now);
    const advancing = current.filter(({ progress }) => progress === null || isForward(progress, now));
    await changeEpisodes(session, advancing);
    const recorded = new Set(current);
    return {
      queued,
      overtaken: inOrder.filter((one) => !recorded.has(one)).map(({ fingerprint }) => fingerprint),
    };
  });
}

const NOTHING_QUEUED: Recorded = { queued: [], overtaken: [] };

/** Whether a rule that was judged before has nothing to say and nothing to remember, as in most polls. */
export function onlyMovesOn({ progress, episodes: { begun, ended }, tellings }: Recording): boolean {
  return progress?.before != null && begun.length + ended.length + tellings.length === 0;
}

async function say(session: SqlSession, recordings: readonly Recording[]): Promise<Set<Saying>> {
  const sayings = new Map<string, Saying>();
  const rows = recordings.flatMap(({ fingerprint, rule, tellings }) =>
    tellings.flatMap((telling) =>
      telling.sayings.map((saying) => {
        sayings.set(JSON.stringify([fingerprint, saying.groupId, saying.period]), saying);
        return saidRow(fingerprint, rule, saying);
      }),
    ),
  );
  if (rows.length === 0) return new Set();
  const through = await session.query<{ fingerprint: string; group_id: string; period: string }>(
    `INSERT INTO spendwatch.said AS said
       (fingerprint, group_id, period, rule_name, group_json, step, value, growth, said_at, since)
     SELECT fingerprint, group_id, period, rule_name, group_json, step, value, growth, said_at, since
     FROM jsonb_to_recordset($1::text::jsonb) AS r (fingerprint text, group_id text, period text, rule_name text,
       group_json text, step smallint, value numeric, growth numeric, said_at timestamptz, since timestamptz)
     ORDER BY fingerprint COLLATE "C", group_id COLLATE "C", period COLLATE "C"
     ON CONFLICT (fingerprint, group_id, period) DO UPDATE
       SET step = GREATEST(said.step, EXCLUDED.step), value = EXCLUDED.value, growth = EXCLUDED.growth,
           rule_name = EXCLUDED.rule_name, said_at = EXCLUDED.said_at, since = EXCLUDED.since
       WHERE EXCLUDED.step > said.step
          OR (EXCLUDED.growth IS NOT NULL AND said.value > 0 AND EXCLUDED.value >= EXCLUDED.growth * said.value)
     RETURNING fingerprint, group_id, period`,
    [JSON.stringify(rows)],
  );
  return new Set(
    through.flatMap(({ fingerprint, group_id, period }) => {
      const saying = sayings.get(JSON.stringify([fingerprint, group_id, period]));
      return saying === undefined ? [] : [saying];
    }),
  );
}

function saidRow(fingerprint: string, rule: string | null, saying: Saying): Record<string, unknown> {
  return {
    fingerprint,
    group_id: saying.groupId,
    period: saying.period,
    rule_name: rule,
    group_json: JSON.stringify(saying.group),
    step: saying.step,
    value: formatFixed(saying.value, FIXED_DIGITS),
    growth: saying.growth,
    said_at: new Date(saying.at).toISOString(),
    since: new Date(saying.since).toISOString(),
  };
}

async function changeEpisodes(session: SqlSession, recordings: readonly Recording[]): Promise<void> {
  const ended = recordings.flatMap(({ fingerprint, episodes }) =>
    episodes.ended.map(({ groupId, step }) => ({ fingerprint, group_id: groupId, step })),
  );
  const begun = recordings.flatMap(({ fingerprint, episodes }) =>
    episodes.begun.map(({ groupId, step, since }) => ({
      fingerprint,
      group_id: groupId,
      step,
      since: new Date(since).toISOString(),
    })),
  );
  if (ended.length > 0) {
    await session.query(
      `DELETE FROM spendwatch.episode AS episode
       USING jsonb_to_recordset($1::text::jsonb) AS r (fingerprint text, group_id text, step smallint)
       WHERE (episode.fingerprint, episode.group_id, episode.step) = (r.fingerprint, r.group_id, r.step)`,
      [JSON.stringify(ended)],
    );
  }
  if (begun.length > 0) {
    await session.query(
      `INSERT INTO spendwatch.episode (fingerprint, group_id, step, since)
       SELECT fingerprint, group_id, step, since FROM jsonb_to_recordset($1::text::jsonb)
         AS r (fingerprint text, group_id text, step smallint, since timestamptz)
       ON CONFLICT (fingerprint, group_id, step) DO UPDATE SET since = EXCLUDED.since`,
      [JSON.stringify(begun)],
    );
  }
}
