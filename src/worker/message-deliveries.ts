// A message that is no alert's -> a delivery for each of some channels, recorded once in its period.

import type { App } from '../app.ts';
import { deliveryId, type NewDelivery } from '../model/delivery.ts';
import type { Message } from '../model/message.ts';
import { stepOf } from '../model/rule.ts';
import type { PeriodKey } from '../model/window.ts';
import type { State } from '../state/open.ts';

/** How the ledger knows a message. */
interface MessageKey {
  readonly fingerprint: string;
  readonly period: PeriodKey;
}

/** Such a message has no groups. */
export const SELF = 'spendwatch';

/** The ids are made of the key and the channel alone, so all replicas make the same deliveries. */
export function messageDeliveries(
  { channels }: Pick<App, 'channels'>,
  names: readonly string[],
  message: Message,
  { fingerprint, period }: MessageKey,
): NewDelivery[] {
  return names.flatMap((name) => {
    const channel = channels.get(name);
    if (channel === undefined) return [];
    const id = deliveryId(name, [fingerprint, period]);
    return [
      {
        id,
        channel: name,
        channelType: channel.type,
        rule: null,
        fingerprint,
        severity: message.severity,
        message,
        body: channel.render(message, id),
        others: names.filter((other) => other !== name),
        isReport: false,
      },
    ];
  });
}

/**
 * Records a message and queues its deliveries in one transaction, once in its period, however many replicas try and however often
 * they start. `at` is what it is told as of, `since` when what it tells began, and `now` the clock (ms). Returns what was queued: nothing where it was recorded before.
 */
export async function queueOnce(
  app: Pick<App, 'channels'>,
  state: Pick<State, 'record'>,
  names: readonly string[],
  message: Message,
  key: MessageKey & { readonly at: number; readonly since?: number },
  now: number,
): Promise<readonly NewDelivery[]> {
  return recordOnce(state, key, stepOf(message.severity), now, () =>
    messageDeliveries(app, names, message, key),
  );
}

/** As `queueOnce`, of a severity's step; without `compose` nothing is queued. */
export async function recordOnce(
  state: Pick<State, 'record'>,
  { fingerprint, period, at, since = at }: MessageKey & { readonly at: number; readonly since?: number },
  step: number,
  now: number,
  compose: () => NewDelivery[] = () => [],
): Promise<readonly NewDelivery[]> {
  const notification = { groupId: SELF, group: [], period, step, value: 0n, at, since, growth: null };
  const { queued } = await state.record(
    [
      {
        fingerprint,
        rule: null,
        watermark: null,
        episodes: { begun: [], ended: [] },
        batches: [{ notifications: [notification], compose }],
      },
    ],
    now,
  );
  return queued;
}
