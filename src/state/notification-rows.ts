// Writes notifications and open episodes, in batches.

import { FIXED_DIGITS, formatFixed } from '../model/money.ts';
import type { EpisodeChanges, Notification } from '../model/notification.ts';
import type { SqlSession } from '../sql/port.ts';
import { batchesOf } from './batches.ts';

/** The notifications of one rule that are to be recorded. */
export interface RuleNotifications {
  readonly fingerprint: string;
  readonly rule: string | null;
  readonly notifications: readonly Notification[];
}

/**
 * Records notifications in a transaction, and returns those that no other process has recorded meanwhile. All processes lock
 * the rows in the same order, so that they never deadlock.
 */
export async function writeNotifications(
  session: SqlSession,
  rules: readonly RuleNotifications[],
): Promise<Set<Notification>> {
  const rows = rules.flatMap(({ fingerprint, rule, notifications }) =>
    notifications.map((notification) => ({ fingerprint, rule, notification })),
  );
  rows.sort(
    (a, b) =>
      inOrder(a.fingerprint, b.fingerprint) ||
      inOrder(a.notification.groupId, b.notification.groupId) ||
      inOrder(a.notification.period, b.notification.period),
  );
  const won = new Set<Notification>();
  for (const batch of batchesOf(rows)) {
    const through = await session.query<{ fingerprint: string; group_id: string; period: string }>(
      `INSERT INTO spendwatch.notification AS known
         (fingerprint, group_id, period, rule_name, group_json, step, value, growth, notified_at, since)
       SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::smallint[], $7::numeric[],
         $8::numeric[], $9::timestamptz[], $10::timestamptz[])
       ON CONFLICT (fingerprint, group_id, period) DO UPDATE
         SET step = CASE WHEN known.resolved_at IS NULL THEN GREATEST(known.step, EXCLUDED.step) ELSE EXCLUDED.step END,
             resolved_at = NULL, value = EXCLUDED.value, growth = EXCLUDED.growth,
             rule_name = EXCLUDED.rule_name, notified_at = EXCLUDED.notified_at, since = EXCLUDED.since
         WHERE EXCLUDED.step > known.step OR known.resolved_at IS NOT NULL
            OR (EXCLUDED.growth IS NOT NULL AND known.value > 0 AND EXCLUDED.value >= EXCLUDED.growth * known.value)
       RETURNING fingerprint, group_id, period`,
      [
        batch.map(({ fingerprint }) => fingerprint),
        batch.map(({ notification }) => notification.groupId),
        batch.map(({ notification }) => notification.period),
        batch.map(({ rule }) => rule),
        batch.map(({ notification }) => JSON.stringify(notification.group)),
        batch.map(({ notification }) => notification.step),
        batch.map(({ notification }) => formatFixed(notification.value, FIXED_DIGITS)),
        batch.map(({ notification }) => notification.growth),
        batch.map(({ notification }) => new Date(notification.at).toISOString()),
        batch.map(({ notification }) => new Date(notification.since).toISOString()),
      ],
    );
    const notifications = new Map(
      batch.map(({ fingerprint, notification }) => [
        nameOf(fingerprint, notification.groupId, notification.period),
        notification,
      ]),
    );
    for (const { fingerprint, group_id, period } of through) {
      const notification = notifications.get(nameOf(fingerprint, group_id, period));
      if (notification !== undefined) won.add(notification);
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
      `INSERT INTO spendwatch.episode (fingerprint, group_id, step, since, began, held_to, quiet_since,
         unseen_since)
       SELECT * FROM unnest($1::text[], $2::text[], $3::smallint[], $4::timestamptz[], $5::timestamptz[],
         $6::timestamptz[], $7::timestamptz[], $8::timestamptz[])
       ON CONFLICT (fingerprint, group_id, step) DO UPDATE
         SET since = EXCLUDED.since, began = EXCLUDED.began, held_to = EXCLUDED.held_to, quiet_since = EXCLUDED.quiet_since,
             unseen_since = EXCLUDED.unseen_since`,
      [
        ...keysOf(batch),
        batch.map(({ since }) => instantOf(since)),
        batch.map(({ began }) => instantOf(began)),
        batch.map(({ heldTo }) => instantOf(heldTo)),
        batch.map(({ quietSince }) => instantOf(quietSince)),
        batch.map(({ unseenSince }) => instantOf(unseenSince)),
      ],
    );
  }
}

function instantOf(ms: number | null): string | null {
  return ms === null ? null : new Date(ms).toISOString();
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

function nameOf(fingerprint: string, groupId: string, period: string): string {
  return `${fingerprint} ${groupId} ${period}`;
}

function inOrder(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
