import { randomUUID } from 'node:crypto';
import type { NewDelivery } from '../../src/model/delivery.ts';
import { groupId } from '../../src/model/fingerprint.ts';
import { type Message, NO_ALERTS } from '../../src/model/message.ts';
import { fixedFromNumber } from '../../src/model/money.ts';
import type { Notification } from '../../src/model/notification.ts';
import type { GroupKey } from '../../src/model/series.ts';
import type { Recording } from '../../src/state/record.ts';

export const AT = Date.UTC(2026, 10, 20, 2, 5);
export const MINUTE = 60_000;
export const DAY = 86_400_000;

export const HOSTILE = 'se\u0000arch\r\n"<!channel>\' \ud800 ';

export function message(title = 'spend is high'): Message {
  return {
    type: 'alert.firing',
    severity: 'critical',
    rule: 'hourly-burn',
    timestamp: AT,
    title,
    note: null,
    lead: [],
    sections: [{ headline: HOSTILE, facts: [['value', '$1']], tables: [] }],
    footer: [],
    ...NO_ALERTS,
    json: JSON.stringify({ type: 'alert.firing', data: { title } }),
  };
}

export function delivery(changes: Partial<NewDelivery> = {}): NewDelivery {
  const id = changes.id ?? `msg_${randomUUID()}`;
  return {
    id,
    channel: 'mail',
    channelType: 'email',
    rule: 'hourly-burn',
    fingerprint: 'f',
    severity: 'critical',
    message: message(),
    body: `body of ${id} ${HOSTILE}`,
    others: [],
    isReport: false,
    ...changes,
  };
}

export function notification(
  changes: Partial<Notification> & { dollars?: number; key?: GroupKey } = {},
): Notification {
  const { dollars = 101, key = ['search'], ...rest } = changes;
  return {
    groupId: groupId(key),
    group: key,
    period: 'day/2026-11-20T00:00:00Z',
    step: 2,
    value: fixedFromNumber(dollars),
    growth: 10,
    at: AT,
    since: AT,
    ...rest,
  };
}

/** A recording of some notifications that queues one delivery for those that go through. */
export function recording(
  notifications: readonly Notification[],
  changes: Partial<Recording> = {},
): Recording {
  const fingerprint = changes.fingerprint ?? 'f';
  return {
    fingerprint,
    rule: 'hourly-burn',
    watermark: null,
    episodes: { begun: [], ended: [] },
    batches: [{ notifications, compose: (won) => [delivery({ fingerprint, body: String(won.length) })] }],
    ...changes,
  };
}
