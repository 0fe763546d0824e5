// Judges after each poll whether spendwatch can see, without holding up the next poll.

import type { App } from '../app.ts';
import type { PollReport } from '../pipeline/poll.ts';
import type { HealthWatch } from './outage-notifier.ts';
import { staleAfter } from './stale-after.ts';

/** Judges after each poll, in order, whether spendwatch can see. */
export interface Sight {
  /** Resolves when that is done, or at once if it must wait for the store, so that it holds up no poll. Never rejects. */
  polled(report: PollReport): Promise<void>;
  /** Drops judgements that still wait for the store, and resolves when the others are done. */
  stop(): Promise<void>;
}

export function openSight(app: App, health: HealthWatch, troubled: (what: string) => void): Sight {
  const stale = staleAfter(app, troubled);
  let last: Promise<void> = Promise.resolve();
  let isStopped = false;
  let stopWaiting: () => void = () => undefined;
  const stopping = new Promise<null>((resolve) => {
    stopWaiting = () => resolve(null);
  });

  const judge = async (report: PollReport, asked: Promise<number | null>): Promise<void> => {
    const staleAfterMs = await Promise.race([asked, stopping]);
    if (isStopped) return;
    const trouble = await health.polled(app, report, staleAfterMs);
    if (trouble !== null) troubled(trouble);
  };

  return {
    polled(report) {
      const asked = stale.at(Date.now());
      last = last.then(() => judge(report, asked));
      return stale.isKnown() ? last : Promise.resolve();
    },
    stop() {
      isStopped = true;
      stopWaiting();
      return last;
    },
  };
}
