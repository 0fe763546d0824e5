// What has been notified, and since when groups hold.

import { AppError } from '../model/errors.ts';
import { type Fixed, parseFixed } from '../model/money.ts';
import type { Episode, Notified } from '../model/notification.ts';
import type { PeriodKey } from '../model/window.ts';
import type { SqlSession } from '../sql/port.ts';

/** Up to which evaluation time a rule's findings were recorded (null where none were), and its open episodes as of then. */
export interface RuleState {
  readonly watermark: number | null;
  readonly episodes: readonly Episode[];
}

/** Reads the states of some rules in one snapshot; rules without a state are absent. */
export async function readRuleStates(
  sql: SqlSession,
  fingerprints: readonly string[],
): Promise<Map<string, RuleState>> {
  const rows = await sql.query<RuleStateRow>(
    `SELECT fingerprint, evaluated_to, group_id, step, since, began, held_to, quiet_since, unseen_since
     FROM unnest($1::text[]) AS asked (fingerprint)
     LEFT JOIN spendwatch.rule_watermark USING (fingerprint)
     LEFT JOIN spendwatch.episode USING (fingerprint)
     WHERE evaluated_to IS NOT NULL OR group_id IS NOT NULL`,
    [fingerprints],
  );
  const found = new Map<string, { watermark: number | null; episodes: Episode[] }>();
  for (const { fingerprint, evaluated_to, ...episode } of rows) {
    const rule = found.get(fingerprint) ?? { watermark: evaluated_to?.getTime() ?? null, episodes: [] };
    found.set(fingerprint, rule);
    if (episode.group_id !== null) rule.episodes.push(episodeOf(episode));
  }
  return found;
}

interface EpisodeRow {
  readonly group_id: string;
  readonly step: number;
  readonly since: Date;
  readonly began: Date;
  readonly held_to: Date | null;
  readonly quiet_since: Date | null;
  readonly unseen_since: Date | null;
}

type RuleStateRow = { readonly fingerprint: string; readonly evaluated_to: Date | null } & (
  | { readonly group_id: null }
  | EpisodeRow
);

function episodeOf(row: EpisodeRow): Episode {
  const { group_id, step, since, began, held_to, quiet_since, unseen_since } = row;
  return {
    groupId: group_id,
    step,
    since: since.getTime(),
    began: began.getTime(),
    heldTo: held_to?.getTime() ?? null,
    quietSince: quiet_since?.getTime() ?? null,
    unseenSince: unseen_since?.getTime() ?? null,
  };
}

/** A question to the ledger about one rule: what was notified of these groups, for decisions from `firstAt` (ms) on. */
export interface LedgerQuestion {
  readonly fingerprint: string;
  readonly groupIds: readonly string[];
  readonly firstAt: number;
}

/**
 * Reads what was notified, for many rules and groups in one statement. For each group these are the notifications from
 * `firstAt` on and the last one before: enough to tell whether the current period was notified, and whether an alert is
 * ongoing.
 */
export async function readNotified(
  sql: SqlSession,
  questions: readonly LedgerQuestion[],
): Promise<Map<string, Notified[]>> {
  const asked = questions.flatMap(({ fingerprint, groupIds, firstAt }) =>
    groupIds.map((groupId) => ({ fingerprint, groupId, before: new Date(firstAt - 1).toISOString() })),
  );
  if (asked.length === 0) return new Map();
  const ofGroup = `SELECT period, step, value, notified_at, resolved_at FROM spendwatch.notification AS known
     WHERE known.fingerprint = asked.fingerprint AND known.group_id = asked.group_id`;
  const rows = await sql.query<NotifiedRow>(
    `SELECT fingerprint, group_id, notified.*
     FROM unnest($1::text[], $2::text[], $3::timestamptz[]) AS asked (fingerprint, group_id, before)
     CROSS JOIN LATERAL (${ofGroup} AND notified_at > before
       UNION ALL (${ofGroup} AND notified_at <= before ORDER BY notified_at DESC LIMIT 1)) AS notified`,
    [
      asked.map(({ fingerprint }) => fingerprint),
      asked.map(({ groupId }) => groupId),
      asked.map(({ before }) => before),
    ],
  );
  const found = new Map<string, Notified[]>();
  for (const row of rows) {
    const notified = notifiedOf(row);
    const known = found.get(row.fingerprint);
    if (known === undefined) found.set(row.fingerprint, [notified]);
    else known.push(notified);
  }
  return found;
}

interface NotifiedRow {
  readonly fingerprint: string;
  readonly group_id: string;
  readonly period: PeriodKey;
  readonly step: number;
  readonly value: string;
  readonly notified_at: Date;
  readonly resolved_at: Date | null;
}

function notifiedOf({ group_id, period, step, value, notified_at, resolved_at }: NotifiedRow): Notified {
  return {
    groupId: group_id,
    period,
    step,
    value: parsedValue(value),
    at: notified_at.getTime(),
    isResolved: resolved_at !== null,
  };
}

/** A value of the ledger. With 0 in place of one that is no number, the next value would count as grown. */
export function parsedValue(value: string): Fixed {
  const amount = parseFixed(value);
  if (amount !== null) return amount;
  throw new AppError('state_unreadable', `The state database holds a value that is not a number: ${value}`);
}
