// Why a worker is not ready.

import type { App } from '../app.ts';
import type { CronSchedule } from '../model/cron-schedule.ts';
import { wordsOf } from '../model/errors.ts';

/** What a worker knows of its polls; instants in ms. */
export interface PollRecord {
  /** Whether it polls itself; null while nobody knows. */
  readonly leads: boolean | null;
  /** The scheduled instant of its last good poll. */
  readonly lastGood: number | null;
  /** Why its last poll was not good. */
  readonly lastError: string | null;
}

/** What is asked of the state store; each rejects where that does not answer in time. */
export interface StateAnswers {
  queueLengths(): Promise<unknown>;
  leaderNotReady(): Promise<string | null>;
}

/** A last poll that is older is not a sign of life. */
const READY_INTERVALS = 3;

/**
 * Why a worker is not ready, for people, or null. One that stands by is ready as long as somebody polls: it would take
 * over long before that is amiss.
 */
export async function whyNotReady(
  schedule: CronSchedule,
  { leads, lastGood, lastError }: PollRecord,
  state: StateAnswers,
): Promise<string | null> {
  try {
    // Both at once, so that one limit holds for both.
    const leader = leads === false ? state.leaderNotReady() : null;
    const [why] = await Promise.all([leader, state.queueLengths()]);
    if (leads === false) return why;
  } catch (error) {
    return `the state store cannot be used: ${wordsOf(error)}`;
  }
  if (lastError !== null) {
    return lastGood === null ? `no good poll yet: ${lastError}` : `the last poll failed: ${lastError}`;
  }
  // No poll may have failed because none has ended: one can hang in the store.
  const isOverdue = lastGood === null || hasMissed(schedule, lastGood, Date.now());
  return isOverdue ? `the last poll is more than ${READY_INTERVALS} intervals ago` : null;
}

/** The ledger tells up to where the worker that leads has come. */
export async function leaderNotReady(app: App, now: number): Promise<string | null> {
  const { config, fingerprints, schedule } = app;
  const rules = config.rules.filter((rule) => rule.enabled);
  const watched = rules.flatMap(({ name }) => fingerprints.get(name) ?? []);
  const watermark = await (await app.state()).readWatermarks(watched);
  const isBehind = (fingerprint: string): boolean => {
    const last = watermark.get(fingerprint);
    return last === undefined || hasMissed(schedule, last, now);
  };
  return watched.some(isBehind)
    ? `standing by, and the last good poll of the worker that leads is more than ${READY_INTERVALS} intervals ago`
    : null;
}

/** Whether more than `READY_INTERVALS` scheduled instants have gone by since a poll. */
function hasMissed(schedule: CronSchedule, lastPoll: number, now: number): boolean {
  let at = schedule.latest(now);
  for (let i = 0; i < READY_INTERVALS && at !== null && at > lastPoll; i += 1) at = schedule.latest(at - 1);
  return at !== null && at > lastPoll;
}
