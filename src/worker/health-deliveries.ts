// Makes a delivery of a message about spendwatch itself for each channel of health.

import type { App } from '../app.ts';
import { deliveryId, type NewDelivery } from '../model/delivery.ts';
import type { Message } from '../model/message.ts';
import type { PeriodKey } from '../model/window.ts';

/** The ids are made of type and period alone, so all replicas make the same deliveries. */
export function healthDeliveries(app: App, message: Message, period: PeriodKey): NewDelivery[] {
  const names = app.config.health.notify;
  return names.flatMap((name) => {
    const channel = app.channels.get(name);
    if (channel === undefined) return [];
    const id = deliveryId(name, [message.type, period]);
    return [
      {
        id,
        channel: name,
        channelType: channel.type,
        rule: null,
        fingerprint: message.type,
        severity: message.severity,
        message,
        body: channel.render(message, id),
        others: names.filter((other) => other !== name),
        isReport: false,
      },
    ];
  });
}
