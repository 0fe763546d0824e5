import type { App } from './app.ts';
import { openDeliverer } from './deliverer.ts';
import type { HealthWatch } from './health-watch.ts';
import { asAppError, messageOf } from './model/errors.ts';
import type { Deliverer, DeliveryReport } from './pipeline/deliver.ts';
import { type PollReport, poll } from './pipeline/poll.ts';
import { promptly } from './promptly.ts';
import type { BuildProgress } from './rollup/ledger.ts';
import { openRollupKeeper, type RollupKeeper } from './rollup-keeper.ts';
import type { CronSchedule } from './schedule.ts';
import { startScheduler } from './scheduler.ts';
import { staleAfter } from './stale-after.ts';

/** Where what happens is shown: logs, metrics, a heartbeat. Called at once; must not throw. */
export interface Observer {
  polled(report: PollReport, ms: number): void;
  delivered(report: DeliveryReport): void;
  /** Hours of cells that were built of those that are needed; called now and then while the build lasts. */
  building(progress: BuildProgress): void;
  /** Something went wrong beside polls and deliveries, in words for people. */
  troubled(what: string): void;
}

export interface Worker {
  /** Why it is not ready, or null. Resolves within seconds, whatever the stores do. */
  notReady(): Promise<string | null>;
  /** How many deliveries wait, by channel. Rejects within seconds where the state store does not say. */
  queueLengths(): Promise<ReadonlyMap<string, number>>;
  /** Begins nothing new, gives sends in hand `graceMs`, and resolves when all has ended. */
  stop(graceMs: number): Promise<void>;
}

const DAY = 86_400_000;
/** A last poll that is older is not a sign of life. */
const READY_INTERVALS = 3;
/** Probes and scrapers wait about this long; a store that is silent for longer may be so for a minute. */
const ANSWER_MS = 3_000;

/** Polls and delivers for one opened configuration until it is stopped. Faults are reported, and never end it. */
export function startWorker(app: App, health: HealthWatch, observer: Observer): Worker {
  const stale = staleAfter(app);
  const queueLengths = promptly(async () => (await app.state()).queueLengths(), ANSWER_MS);
  let lastGood: number | null = null;
  let lastError: string | null = 'no poll has ended yet';
  let prunedAt = Number.NEGATIVE_INFINITY;
  let opening: Promise<Deliverer> | null = null;
  let stopped = false;

  const rollup = rollupOf(app, observer);
  let maintaining = false;

  /** Between polls, one slice after the other until nothing is missing. */
  const maintain = async (): Promise<void> => {
    if (rollup === null || maintaining) return;
    maintaining = true;
    try {
      for (let hasBuilt = false; !stopped; hasBuilt = true) {
        const progress = await (await rollup()).maintain(Date.now());
        if (progress !== null) observer.building(progress);
        else if (hasBuilt) observer.building({ done: 0, total: 0 });
        if (progress === null) return;
      }
    } catch {
      // The next poll meets the same store and says what is wrong with it.
    } finally {
      maintaining = false;
    }
  };

  const pollNow = async (at: number): Promise<void> => {
    const begun = performance.now();
    const report = await polled(app, rollup, at);
    observer.polled(report, performance.now() - begun);
    if (report.error === null) lastGood = at;
    lastError = report.error?.message ?? null;
    const trouble = await health.polled(app, report, await stale.at(Date.now()));
    if (trouble !== null) observer.troubled(trouble);
    await pruneDaily();
    void maintain();
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
    queueLengths,
    async notReady() {
      try {
        await queueLengths();
      } catch (error) {
        return `the state store cannot be used: ${messageOf(error)}`;
      }
      if (lastError !== null) {
        return lastGood === null ? `no good poll yet: ${lastError}` : `the last poll failed: ${lastError}`;
      }
      // No poll may have failed because none has ended: one can hang in the store.
      const isOverdue = lastGood === null || hasMissed(app.schedule, lastGood, Date.now(), READY_INTERVALS);
      return isOverdue ? `the last poll is more than ${READY_INTERVALS} intervals ago` : null;
    },
    async stop(graceMs) {
      stopped = true;
      const polls = scheduler.stop();
      await (await opening)?.stop(graceMs);
      await polls;
    },
  };
}

/** Whether more than `count` scheduled instants have gone by since a poll. */
function hasMissed(schedule: CronSchedule, lastPoll: number, now: number, count: number): boolean {
  let at = schedule.latest(now);
  for (let i = 0; i < count && at !== null && at > lastPoll; i += 1) at = schedule.latest(at - 1);
  return at !== null && at > lastPoll;
}

/** Opened with the state store, when that can be reached; null where the file switches it off. */
function rollupOf(app: App, observer: Observer): (() => Promise<RollupKeeper>) | null {
  if (app.config.audit.rollup === 'off') return null;
  let keeper: RollupKeeper | null = null;
  return async () => {
    keeper ??= openRollupKeeper(app.config, app.store, await app.state(), (what) => observer.troubled(what));
    return keeper;
  };
}

async function polled(app: App, rollup: ReturnType<typeof rollupOf>, at: number): Promise<PollReport> {
  try {
    const parts = await app.pollParts();
    const source = rollup === null ? parts.source : (await rollup()).source;
    return await poll({ ...parts, source }, at, Date.now);
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
