// Reads what was queued for channels, the newest first.

import { type DeliveryState, OPEN_STATES } from '../model/delivery.ts';
import type { FailureReason } from '../model/errors.ts';
import { type Message, NO_ALERTS } from '../model/message.ts';
import type { Severity } from '../model/rule.ts';
import type { SqlSession } from '../sql/port.ts';

/** A delivery that was queued, whatever became of it. Instants in ms. */
export interface PastDelivery {
  readonly id: string;
  readonly channel: string;
  readonly channelType: string;
  /** The worst rule that it tells of; null for messages about spendwatch itself. */
  readonly rule: string | null;
  readonly severity: Severity;
  readonly message: Message;
  /** For people's messages about incidents: JSON text, as in IncidentNews; null for others. */
  readonly notices: string | null;
  readonly incidents: readonly string[];
  /** Whether it reports that another delivery did not arrive. */
  readonly isReport: boolean;
  readonly outcome: Outcome;
  readonly attempts: number;
  readonly createdAt: number;
  /** When it was delivered or given up; null while it is pending. */
  readonly settledAt: number | null;
  /** When it is tried next. */
  readonly nextAt: number;
  /** When the other channels got a report about it; null where they did not. */
  readonly reportedAt: number | null;
  /** Of the last failed attempt. */
  readonly failure: { readonly reason: FailureReason; readonly text: string } | null;
}

export type Outcome = 'delivered' | 'pending' | 'given_up';

/** Which deliveries are asked for; an empty list asks for all. */
export interface HistoryQuestion {
  /** ms */
  readonly since: number;
  /** A delivery that tells of other rules too fits; one that has a rule only in its earlier news may be among the answers. */
  readonly rules: readonly string[];
  readonly channels: readonly string[];
  readonly outcomes: readonly Outcome[];
}

/** A message may be long, so few are read at once. */
const PAGE = 100;

/** Hands the deliveries to `take`, the newest first, until it returns false. */
export async function readHistory(
  sql: SqlSession,
  { since, rules, channels, outcomes }: HistoryQuestion,
  take: (delivery: PastDelivery) => boolean,
): Promise<void> {
  let last: Pick<PastDelivery, 'createdAt' | 'id'> | null = null;
  for (;;) {
    const rows: Row[] = await sql.query<Row>(
      `SELECT id, channel, channel_type, rule_name, severity, message, notices, incidents, is_report, state, attempts,
         created_at, settled_at, next_at, reported_at, failure_reason, failure_text
       FROM spendwatch.delivery
       WHERE created_at >= $1
         AND (cardinality($2::text[]) = 0 OR rule_name = ANY ($2::text[])
           OR EXISTS (SELECT FROM unnest($3::text[]) AS named WHERE strpos(message, named) + strpos(COALESCE(notices, ''), named) > 0))
         AND (cardinality($4::text[]) = 0 OR channel = ANY ($4::text[]))
         AND (cardinality($5::text[]) = 0 OR state = ANY ($5::text[]))
         AND ($6::timestamptz IS NULL OR (created_at, id) < ($6, $7))
       ORDER BY created_at DESC, id DESC LIMIT ${PAGE}`,
      [
        new Date(since),
        rules,
        rules.map((rule) => `"rule":${JSON.stringify(rule)}`),
        channels,
        outcomes.flatMap(statesOf),
        last === null ? null : new Date(last.createdAt),
        last === null ? null : last.id,
      ],
    );
    for (const row of rows) {
      last = pastDelivery(row);
      if (!take(last as PastDelivery)) return;
    }
    if (rows.length < PAGE) return;
  }
}

function statesOf(outcome: Outcome): readonly DeliveryState[] {
  return outcome === 'pending' ? OPEN_STATES : [outcome];
}

interface Row {
  readonly id: string;
  readonly channel: string;
  readonly channel_type: string;
  readonly rule_name: string | null;
  readonly severity: Severity;
  readonly message: string;
  readonly notices: string | null;
  readonly incidents: readonly string[] | null;
  readonly is_report: boolean;
  readonly state: DeliveryState;
  readonly attempts: number;
  readonly created_at: Date;
  readonly settled_at: Date | null;
  readonly next_at: Date;
  readonly reported_at: Date | null;
  readonly failure_reason: FailureReason | null;
  readonly failure_text: string | null;
}

function pastDelivery(row: Row): PastDelivery {
  const { failure_reason: reason, failure_text: text, state } = row;
  return {
    id: row.id,
    channel: row.channel,
    channelType: row.channel_type,
    rule: row.rule_name,
    severity: row.severity,
    message: { ...NO_ALERTS, ...(JSON.parse(row.message) as Message) },
    notices: row.notices,
    incidents: row.incidents ?? [],
    isReport: row.is_report,
    outcome: state === 'queued' || state === 'reported' ? 'pending' : state,
    attempts: row.attempts,
    createdAt: row.created_at.getTime(),
    settledAt: row.settled_at?.getTime() ?? null,
    nextAt: row.next_at.getTime(),
    reportedAt: row.reported_at?.getTime() ?? null,
    failure: reason === null ? null : { reason, text: text ?? '' },
  };
}
