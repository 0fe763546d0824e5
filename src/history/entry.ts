// What one delivery told, why, and what became of it.

import type { Notice } from '../model/notice.ts';
import type { Severity } from '../model/rule.ts';
import type { Dimension } from '../model/series.ts';
import type { PastDelivery } from '../state/read-history.ts';

/** Why an alert was told. */
export type ToldReason = Notice['reason'] | 'ended';

/** An alert that a delivery told. */
export interface ToldAlert {
  readonly id: string;
  readonly rule: string;
  /** Values by dimension, NULL as `(none)`. */
  readonly group: Readonly<Record<Dimension, string>>;
  readonly severity: Severity;
  /** Null in deliveries of versions that did not keep it. */
  readonly reason: ToldReason | null;
  /** One line: `search $312.46 in 1h (limit $100.00)`. */
  readonly summary: string;
}

/** A delivery with the alerts that it told: at most those that the message showed; `more` counts the others. */
export interface HistoryEntry extends Omit<PastDelivery, 'message' | 'notices'> {
  readonly type: PastDelivery['message']['type'];
  readonly title: string;
  readonly alerts: readonly ToldAlert[];
  readonly more: number;
}

export function historyEntry({ message, notices, ...delivery }: PastDelivery): HistoryEntry {
  const { alerts, more } = notices === null ? fromEvent(message) : fromNotices(notices);
  return { ...delivery, type: message.type, title: message.title, alerts, more };
}

/** Whether a delivery told of one of the rules; an empty list is all. */
export function isAbout({ rule, alerts }: HistoryEntry, rules: readonly string[]): boolean {
  return (
    rules.length === 0 ||
    [rule, ...alerts.map((alert) => alert.rule)].some((name) => rules.includes(name ?? ''))
  );
}

type Told = Pick<HistoryEntry, 'alerts' | 'more'>;

function fromNotices(text: string): Told {
  const { notices, more } = JSON.parse(text) as {
    readonly notices: readonly Notice[];
    readonly more: number;
  };
  const alerts = notices.map(({ rule, reason, alert: { id, group, severity, summary } }) => ({
    id,
    rule,
    group,
    severity,
    reason,
    summary,
  }));
  return { alerts, more };
}

/** The body of a webhook has the reason of each alert; every message has that body. */
function fromEvent({ alerts, json }: PastDelivery['message']): Told {
  const { data } = JSON.parse(json === '' ? '{}' : json) as {
    readonly data?: {
      readonly alerts?: readonly { readonly id: string; readonly reason?: ToldReason }[];
      readonly more?: number;
    };
  };
  const reasons = new Map(data?.alerts?.map(({ id, reason }) => [id, reason]));
  return {
    alerts: alerts.map(({ id, rule, group, severity, summary }) => ({
      id,
      rule,
      group,
      severity,
      reason: reasons.get(id) ?? null,
      summary,
    })),
    more: data?.more ?? 0,
  };
}
