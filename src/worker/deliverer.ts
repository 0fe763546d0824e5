// Opens the deliverer of a configuration.

import type { App } from '../app.ts';
import { channelReportMessage } from '../model/health-message.ts';
import { createDeliverer, type Deliverer, type DeliveryReport } from '../pipeline/deliver.ts';
import type { State } from '../state/open.ts';

/** `leaseToken` is as in `DelivererParts`. The deliverers of one process share `inHand`. */
export function openDeliverer(
  app: App,
  state: State,
  leaseToken: string | null,
  onReport: (report: DeliveryReport) => void,
  inHand: Set<string> = new Set(),
): Deliverer {
  return createDeliverer({
    outbox: state,
    channels: [...app.channels.values()],
    healthChannels: app.config.health.notify,
    leaseToken,
    now: app.now,
    random: Math.random,
    composeReport: ({ failure, ...undelivered }) =>
      channelReportMessage({
        ...undelivered,
        detail: failure.text,
        reason: failure.reason,
        kind: failure.kind,
        at: app.now(),
        timestamp: app.now(),
        zone: app.config.timezone,
      }),
    onReport,
    inHand,
  });
}
