// An outage or its end -> a message to each channel of health.

import type { App } from '../app.ts';
import type { NewDelivery } from '../model/delivery.ts';
import { outageMessage, recoveredMessage } from '../model/health-message.ts';
import type { Condition, OutageNotice } from '../pipeline/outage.ts';
import { messageDeliveries } from './message-deliveries.ts';

/** What is known after a poll. */
export interface Observed {
  readonly condition: Condition;
  /** The poll's evaluation time, ms. */
  readonly at: number;
  /** The newest row ever seen, ms; null if none was seen. */
  readonly newestRow: number | null;
}

/** `timestamp` is when the message is made, ms. */
export function outageDeliveries(
  app: App,
  { notification, episode }: OutageNotice,
  { condition, at, newestRow }: Observed,
  timestamp: number,
): NewDelivery[] {
  const outage = { at, zone: app.config.timezone, timestamp, dataAsOf: newestRow, since: episode.since };
  const message =
    condition.kind === 'outage'
      ? outageMessage({ ...outage, reason: condition.reason })
      : recoveredMessage(outage);
  const key = { fingerprint: message.type, period: notification.period };
  return messageDeliveries(app, app.config.health.notify, message, key);
}
