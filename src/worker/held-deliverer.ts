// The deliverer of a worker, opened when the state store can first be reached.

import type { App } from '../app.ts';
import type { Deliverer } from '../pipeline/deliver.ts';
import { openDeliverer } from './deliverer.ts';
import type { Observer } from './observer.ts';

/** As in Kept. */
interface KeptDeliveries {
  readonly token: string;
  readonly inHand: Set<string>;
}

export interface HeldDeliverer {
  /** Looks for due deliveries. Resolves when none is due or under way, which nobody needs to wait for; never rejects. */
  deliver(): Promise<void>;
  stop(graceMs: number | null): Promise<void>;
}

export function heldDeliverer(
  app: App,
  { token, inHand }: KeptDeliveries,
  observer: Observer,
): HeldDeliverer {
  let opening: Promise<Deliverer> | null = null;
  const open = (): Promise<Deliverer> => {
    opening ??= app
      .state()
      .then((state) => openDeliverer(app, state, token, (report) => observer.delivered(report), inHand))
      .catch((error: unknown) => {
        opening = null;
        throw error;
      });
    return opening;
  };
  return {
    deliver() {
      return (
        open()
          .then((deliverer) => deliverer.deliverDue())
          // Without its state store the worker has nothing to deliver. Polls report that the store is away.
          .catch(() => undefined)
      );
    },
    async stop(graceMs) {
      await opening?.then((deliverer) => deliverer.stop(graceMs)).catch(() => undefined);
    },
  };
}
