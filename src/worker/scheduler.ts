// Ticks -> polls, one at a time; its own loop -> deliveries.

import { schedule as cron } from 'node-cron';
import type { CronSchedule } from '../model/cron-schedule.ts';

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

/** How long a delivery that another replica queued, or a retry that fell due, may go unnoticed; a poll likewise. */
const TURN_MS = 2_000;

/**
 * Polls at scheduled instants, one at a time, and looks for deliveries after each poll and between polls. The first
 * poll is made at once, as of the latest scheduled instant. Ticks come from node-cron every minute (or second) of
 * UTC, and the schedule says whether an instant has fallen due since the last look, so that a repeated hour is polled
 * like any other. A tick alone is not relied upon: node-cron drops one that is late (a machine that slept, a poll that
 * took long), which a schedule of once a day would miss for a day.
 */
export function startScheduler(jobs: Jobs, schedule: CronSchedule, now: () => number): Scheduler {
  let stopped = false;
  let polling: Promise<void> | null = null;
  /** Up to where the clock has been looked at. */
  let seen = now();

  const poll = (at: number): void => {
    polling = jobs.poll(at).finally(() => {
      polling = null;
      if (stopped) return;
      jobs.deliver();
      if (isWanted) pollLatest();
    });
  };

  /** Whether the latest instant is to be polled after the poll in hand, although it was looked at. */
  let isWanted = false;
  const pollLatest = (): void => {
    isWanted = polling !== null;
    const latest = stopped || isWanted ? null : schedule.latest(now());
    if (latest !== null) poll(latest);
  };

  // What falls due during a poll is looked at after it: the newest instant is polled, which makes up for the others.
  const look = (): void => {
    if (stopped || polling !== null) return;
    const time = now();
    if (seen - time > (schedule.hasSeconds ? SECOND : MINUTE)) followBack(time);
    const due = schedule.latest(time, seen);
    seen = Math.max(seen, time);
    if (due !== null) poll(due);
  };

  /** The clock was set back: the instants that come again are polled again, for their rows may be new. */
  const followBack = (time: number): void => {
    seen = time;
    // It would wait until the clock has come to its next tick once more.
    void ticks.stop();
    void ticks.start();
  };

  const ticks = cron(schedule.hasSeconds ? '* * * * * *' : '* * * * *', look, {
    timezone: 'UTC',
    suppressMissedWarning: true,
    logger: SILENT,
  });
  const turns = setInterval(() => {
    look();
    jobs.deliver();
  }, TURN_MS);
  pollLatest();
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

const SECOND = 1_000;
const MINUTE = 60 * SECOND;

/** What node-cron would say of late ticks shows in the poll reports already. */
const SILENT = { info() {}, warn() {}, error() {}, debug() {} };
