// The JSON of `history`: deliveries with what they told.

import { isoInstant } from '../model/window.ts';
import type { HistoryEntry } from './entry.ts';
import type { DeliveryJson, HistoryJson } from './schema.ts';

/** What `history` found, the newest first. Instants in ms. */
export interface History {
  readonly since: number;
  readonly until: number;
  readonly entries: readonly HistoryEntry[];
  /** Whether there are older ones since `since`. */
  readonly isCut: boolean;
}

/** As it is documented in docs/operations.md. */
export function historyJson({ since, until, entries, isCut }: History): HistoryJson {
  return {
    since: isoInstant(since),
    until: isoInstant(until),
    more: isCut,
    deliveries: entries.map(deliveryJson),
  };
}

function deliveryJson(entry: HistoryEntry): DeliveryJson {
  const isPending = entry.outcome === 'pending';
  return {
    id: entry.id,
    at: isoInstant(entry.createdAt),
    type: entry.type,
    channel: entry.channel,
    channel_type: entry.channelType,
    rule: entry.rule,
    severity: entry.severity,
    title: entry.title,
    incidents: [...entry.incidents],
    alerts: [...entry.alerts],
    more: entry.more,
    outcome: entry.outcome,
    attempts: entry.attempts,
    settled_at: entry.settledAt === null ? null : isoInstant(entry.settledAt),
    next_at: isPending ? isoInstant(entry.nextAt) : null,
    reported_at: entry.reportedAt === null ? null : isoInstant(entry.reportedAt),
    failure: entry.outcome === 'delivered' ? null : entry.failure,
  };
}
