// Writes what was said and since when, in batches.

import { FIXED_DIGITS, formatFixed } from '../model/money.ts';
import type { EpisodeChanges, Saying } from '../model/said.ts';
import type { SqlSession } from '../sql/port.ts';

/** The sayings of one rule that are to be recorded. */
export interface RuleSayings {
  readonly fingerprint: string;
  readonly rule: string | null;
  readonly sayings: readonly Saying[];
}

/** Rows in one statement. A rule by user may fire for half a million users, and one parameter cannot hold that many rows. */
const BATCH = 5_000;

/**
 * Records sayings in a transaction, and returns those that nobody else has said meanwhile. All processes lock the rows in the same
 * order, so that two of them never wait for each other.
 */
export async function writeSaid(session: SqlSession, rules: readonly RuleSayings[]): Promise<Set<Saying>> {
  const rows = rules.flatMap(({ fingerprint, rule, sayings }) =>
    sayings.map((saying) => ({ fingerprint, rule, saying })),
  );
  rows.sort(
    (a, b) =>
      inOrder(a.fingerprint, b.fingerprint) ||
      inOrder(a.saying.groupId, b.saying.groupId) ||
      inOrder(a.saying.period, b.saying.period),
  );
  const won = new Set<Saying>();
  for (const batch of batchesOf(rows)) {
    const through = await session.query<{ fingerprint: string; group_id: string; period: string }>(
      `INSERT INTO spendwatch.said AS said
         (fingerprint, group_id, period, rule_name, group_json, step, value, growth, said_at, since)
       SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::smallint[], $7::numeric[],
         $8::numeric[], $9::timestamptz[], $10::timestamptz[])
       ON CONFLICT (fingerprint, group_id, period) DO UPDATE
         SET step = GREATEST(said.step, EXCLUDED.step), value = EXCLUDED.value, growth = EXCLUDED.growth,
             rule_name = EXCLUDED.rule_name, said_at = EXCLUDED.said_at, since = EXCLUDED.since
         WHERE EXCLUDED.step > said.step
            OR (EXCLUDED.growth IS NOT NULL AND said.value > 0 AND EXCLUDED.value >= EXCLUDED.growth * said.value)
       RETURNING fingerprint, group_id, period`,
      [
        batch.map(({ fingerprint }) => fingerprint),
        batch.map(({ saying }) => saying.groupId),
        batch.map(({ saying }) => saying.period),
        batch.map(({ rule }) => rule),
        batch.map(({ saying }) => JSON.stringify(saying.group)),
        batch.map(({ saying }) => saying.step),
        batch.map(({ saying }) => formatFixed(saying.value, FIXED_DIGITS)),
        batch.map(({ saying }) => saying.growth),
        batch.map(({ saying }) => new Date(saying.at).toISOString()),
        batch.map(({ saying }) => new Date(saying.since).toISOString()),
      ],
    );
    const sayings = new Map(
      batch.map(({ fingerprint, saying }) => [nameOf(fingerprint, saying.groupId, saying.period), saying]),
    );
    for (const { fingerprint, group_id, period } of through) {
      const saying = sayings.get(nameOf(fingerprint, group_id, period));
      if (saying !== undefined) won.add(saying);
    }
  }
  return won;
}

/** In a transaction, ends and begins the open episodes of rules. */
export async function writeEpisodes(
  session: SqlSession,
  rules: readonly { readonly fingerprint: string; readonly episodes: EpisodeChanges }[],
): Promise<void> {
  const ended = rules.flatMap(({ fingerprint, episodes }) =>
    episodes.ended.map((episode) => ({ ...episode, fingerprint })),
  );
  const begun = rules.flatMap(({ fingerprint, episodes }) =>
    episodes.begun.map((episode) => ({ ...episode, fingerprint })),
  );
  for (const batch of batchesOf(ended)) {
    await session.query(
      `DELETE FROM spendwatch.episode AS episode
       USING unnest($1::text[], $2::text[], $3::smallint[]) AS r (fingerprint, group_id, step)
       WHERE (episode.fingerprint, episode.group_id, episode.step) = (r.fingerprint, r.group_id, r.step)`,
      keysOf(batch),
    );
  }
  for (const batch of batchesOf(begun)) {
    await session.query(
      `INSERT INTO spendwatch.episode (fingerprint, group_id, step, since)
       SELECT * FROM unnest($1::text[], $2::text[], $3::smallint[], $4::timestamptz[])
       ON CONFLICT (fingerprint, group_id, step) DO UPDATE SET since = EXCLUDED.since`,
      [...keysOf(batch), batch.map(({ since }) => new Date(since).toISOString())],
    );
  }
}

function keysOf(
  rows: readonly { readonly fingerprint: string; readonly groupId: string; readonly step: number }[],
): unknown[][] {
  return [
    rows.map(({ fingerprint }) => fingerprint),
    rows.map(({ groupId }) => groupId),
    rows.map(({ step }) => step),
  ];
}

function* batchesOf<T>(rows: readonly T[]): Generator<readonly T[]> {
  for (let from = 0; from < rows.length; from += BATCH) yield rows.slice(from, from + BATCH);
}

function nameOf(fingerprint: string, groupId: string, period: string): string {
  return `${fingerprint} ${groupId} ${period}`;
}

function inOrder(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
