// Calls for polls on schedule, and for deliveries between them.

import { schedule as cron } from 'node-cron';
import type { CronSchedule } from '../model/cron-schedule.ts';

/** What is scheduled. Neither ever throws. */
export interface Jobs {
  /** Polls as of a scheduled instant (ms); resolves when it is done. */
  poll(at: number): Promise<void>;
  /** Looks for due deliveries. Returns at once, and joins a search that is under way. */
  deliver(): void;
}

export interface Scheduler {
  /** Polls as of the latest evaluation time, after the poll under way. */
  pollLatest(): void;
  /** Begins nothing new. Resolves when the poll under way has ended. */
  stop(): Promise<void>;
}

/** How often it looks for due deliveries (a retry, or one that another replica queued) and for a due poll. */
const LOOK_MS = 2_000;

/**
 * Polls at evaluation times, one poll at a time, and looks for deliveries after each poll and between polls. The first poll
 * is made at once, as of the latest evaluation time. node-cron ticks every minute (or second) of UTC, and the schedule says
 * whether a poll has fallen due since the last tick, so the hour that is repeated in autumn is polled like any other. A
 * timer backs up the ticks: node-cron drops a late one (after sleep, or a long poll), and a schedule of once a day would
 * then miss a day.
 */
export function startScheduler(jobs: Jobs, schedule: CronSchedule, now: () => number): Scheduler {
  let stopped = false;
  let polling: Promise<void> | null = null;
  /** Up to this time, due polls have been looked for. */
  let seen = now();

  const poll = (at: number): void => {
    polling = jobs.poll(at).finally(() => {
      polling = null;
      if (stopped) return;
      jobs.deliver();
      if (isWanted) pollLatest();
    });
  };

  /** Whether the latest evaluation time is to be polled after the poll under way. */
  let isWanted = false;
  const pollLatest = (): void => {
    isWanted = polling !== null;
    const latest = stopped || isWanted ? null : schedule.latest(now());
    if (latest !== null) poll(latest);
  };

  // What falls due during a poll waits until after it. Then the latest evaluation time is polled, which makes up for all.
  const look = (): void => {
    if (stopped || polling !== null) return;
    const time = now();
    if (seen - time > (schedule.hasSeconds ? SECOND : MINUTE)) followClockBack(time);
    const due = schedule.latest(time, seen);
    seen = Math.max(seen, time);
    if (due !== null) poll(due);
  };

  /** The clock was set back. Evaluation times that come again are polled again, because their rows may be new. */
  const followClockBack = (time: number): void => {
    seen = time;
    // Without a restart, node-cron would wait until the clock reaches its next tick again.
    void ticks.stop();
    void ticks.start();
  };

  const ticks = cron(schedule.hasSeconds ? '* * * * * *' : '* * * * *', look, {
    timezone: 'UTC',
    suppressMissedWarning: true,
    logger: SILENT,
  });
  const looks = setInterval(() => {
    look();
    jobs.deliver();
  }, LOOK_MS);
  pollLatest();
  jobs.deliver();

  return {
    pollLatest,
    async stop() {
      stopped = true;
      clearInterval(looks);
      await ticks.destroy();
      await polling;
    },
  };
}

const SECOND = 1_000;
const MINUTE = 60 * SECOND;

/** node-cron would log late ticks, which show in the poll reports anyway. */
const SILENT = { info() {}, warn() {}, error() {}, debug() {} };
