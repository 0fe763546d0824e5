// Judges after each poll whether spendwatch can see, without delaying the next poll.

import type { App } from '../app.ts';
import type { PollReport } from '../pipeline/poll.ts';
import type { OutageNotifier } from './outage-notifier.ts';
import { staleAfter } from './stale-after.ts';

/** Judges polls one after the other, and hands each to the notifier. */
export interface OutageWatch {
  /**
   * Resolves when the poll is judged. Resolves at once while the limit for stale data is still being read from the
   * store, so that no poll waits for that. Never rejects.
   */
  polled(report: PollReport): Promise<void>;
}

/** `troubled` gets lines for the log. */
export function openOutageWatch(
  app: App,
  notifier: OutageNotifier,
  troubled: (what: string) => void,
): OutageWatch {
  const stale = staleAfter(app, troubled);
  let last: Promise<void> = Promise.resolve();

  const judge = async (report: PollReport, limit: Promise<number | null>): Promise<void> => {
    const trouble = await notifier.polled(app, report, await limit);
    if (trouble !== null) troubled(trouble);
  };

  return {
    polled(report) {
      const limit = stale.at(app.now());
      last = last.then(() => judge(report, limit));
      return stale.isKnown() ? last : Promise.resolve();
    },
  };
}
