import type { App } from './app.ts';
import { openDeliverer } from './deliverer.ts';
import type { HealthWatch } from './health-watch.ts';
import { asAppError, messageOf } from './model/errors.ts';
import type { Deliverer, DeliveryReport } from './pipeline/deliver.ts';
import { type PollReport, poll } from './pipeline/poll.ts';
import { startScheduler } from './scheduler.ts';
import { staleAfter } from './stale-after.ts';

/** Where what happens is shown: logs, metrics, a heartbeat. Called at once; must not throw. */
export interface Observer {
  polled(report: PollReport, ms: number): void;
  delivered(report: DeliveryReport): void;
  /** Something went wrong beside polls and deliveries, in words for people. */
  troubled(what: string): void;
}

export interface Worker {
  /** Why it is not ready, or null. */
  notReady(): Promise<string | null>;
  /** Begins nothing new, gives sends in hand `graceMs`, and resolves when all has ended. */
  stop(graceMs: number): Promise<void>;
}

const DAY = 86_400_000;

/** Polls and delivers for one opened configuration until it is stopped. Faults are reported, and never end it. */
export function startWorker(app: App, health: HealthWatch, observer: Observer): Worker {
  const stale = staleAfter(app);
  let lastGood: number | null = null;
  let lastError = 'no poll has ended yet';
  let prunedAt = Number.NEGATIVE_INFINITY;
  let opening: Promise<Deliverer> | null = null;

  const pollNow = async (at: number): Promise<void> => {
    const begun = performance.now();
    const report = await polled(app, at);
    observer.polled(report, performance.now() - begun);
    if (report.error === null) lastGood = at;
    else lastError = report.error.message;
    const trouble = await health.polled(app, report, await stale.at(Date.now()));
    if (trouble !== null) observer.troubled(`could not tell of blindness: ${trouble}`);
    await pruneDaily();
  };

  const pruneDaily = async (): Promise<void> => {
    if (Math.abs(Date.now() - prunedAt) < DAY) return;
    try {
      await (await app.state()).prune(Date.now());
      prunedAt = Date.now();
    } catch {
      // Tried again after the next poll; a poll that cannot reach the state store says so itself.
    }
  };

  const deliverer = (): Promise<Deliverer> => {
    opening ??= app
      .state()
      .then((state) => openDeliverer(app, state, (report) => observer.delivered(report)))
      .catch((error: unknown) => {
        opening = null;
        throw error;
      });
    return opening;
  };

  const scheduler = startScheduler(
    {
      poll: pollNow,
      deliver: () =>
        void deliverer()
          .then((open) => open.deliverDue())
          // Without its state store the worker has nothing to deliver; polls report that it is away.
          .catch(() => undefined),
    },
    app.schedule,
    Date.now,
  );

  return {
    async notReady() {
      try {
        await (await app.state()).queueLengths();
      } catch (error) {
        return `the state store cannot be used: ${messageOf(error)}`;
      }
      if (lastGood === null) return `no good poll yet: ${lastError}`;
      const missed = app.schedule.instants(lastGood + 1, Date.now()).length;
      return missed > 3 ? `the last good poll was ${missed} intervals ago: ${lastError}` : null;
    },
    async stop(graceMs) {
      const polls = scheduler.stop();
      await (await opening)?.stop(graceMs);
      await polls;
    },
  };
}

async function polled(app: App, at: number): Promise<PollReport> {
  try {
    return await poll(await app.pollParts(), at, Date.now);
  } catch (error) {
    return {
      at,
      newestRow: null,
      rowsRead: 0,
      rules: [],
      queued: [],
      error: asAppError(error, 'poll_failed'),
    };
  }
}
