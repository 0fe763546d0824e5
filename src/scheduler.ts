import { schedule as cron } from 'node-cron';
import type { CronSchedule } from './schedule.ts';

/** What the worker does; neither ever throws. */
export interface Jobs {
  /** Polls as of a scheduled instant (ms); resolves when it is done. */
  poll(at: number): Promise<void>;
  /** Looks for due deliveries; returns at once, and joins what is under way. */
  deliver(): void;
}

export interface Scheduler {
  /** Polls as of the latest scheduled instant, after the poll in hand. */
  pollLatest(): void;
  /** No new poll begins and deliveries are looked for no more; resolves when the poll in hand has ended. */
  stop(): Promise<void>;
}

/** How long a delivery that another replica queued, or a retry that fell due, may go unnoticed. */
const DELIVERY_TURN_MS = 2_000;

/**
 * Polls at scheduled instants, one at a time, and looks for deliveries after each poll and between polls. The first
 * poll is made at once, as of the latest scheduled instant. Ticks come from node-cron every minute (or second) of
 * UTC, and the schedule says which of them are due, so that a repeated hour is polled like any other.
 */
export function startScheduler(jobs: Jobs, schedule: CronSchedule, now: () => number): Scheduler {
  let stopped = false;
  let polling: Promise<void> = Promise.resolve();

  const poll = (at: number): Promise<void> => {
    polling = polling.then(async () => {
      if (stopped) return;
      await jobs.poll(at);
      jobs.deliver();
    });
    return polling;
  };

  const pollLatest = (): void => {
    const latest = schedule.latest(now());
    if (latest !== null) void poll(latest);
  };
  pollLatest();
  const ticks = cron(
    schedule.hasSeconds ? '* * * * * *' : '* * * * *',
    async ({ date }) => {
      const at = Math.floor(date.getTime() / 1000) * 1000;
      if (schedule.isDue(at)) await poll(at);
    },
    // A poll that outlasts its interval is not joined by another; the next one makes up for the instants between.
    { timezone: 'UTC', noOverlap: true, suppressMissedWarning: true, logger: SILENT },
  );
  const turns = setInterval(() => jobs.deliver(), DELIVERY_TURN_MS);
  jobs.deliver();

  return {
    pollLatest,
    async stop() {
      stopped = true;
      clearInterval(turns);
      await ticks.destroy();
      await polling;
    },
  };
}

/** What node-cron would say of overlaps and late ticks shows in the poll reports already. */
const SILENT = { info() {}, warn() {}, error() {}, debug() {} };
