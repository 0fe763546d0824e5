// Whether a worker is ready, and why not.

import type { App } from '../app.ts';
import type { CronSchedule } from '../model/cron-schedule.ts';
import { wordsOf } from '../model/errors.ts';

/** What a worker knows of its polls; instants in ms. */
export interface PollRecord {
  /** Whether it holds the lease to poll; null while nobody knows. */
  readonly leads: boolean | null;
  /** The evaluation time of its last good poll. */
  readonly lastGood: number | null;
  /** Why its last poll failed. */
  readonly lastError: string | null;
}

/** What the state store is asked. Each rejects if it does not answer in time. */
export interface StateAnswers {
  queueLengths(): Promise<unknown>;
  leaderNotReady(): Promise<string | null>;
}

/** After this many missed evaluation times, a worker counts as dead. */
const READY_INTERVALS = 3;

/** Why a worker is not ready, for people, or null. A standby is ready while some replica holds the lease and polls. */
export async function whyNotReady(
  schedule: CronSchedule,
  { leads, lastGood, lastError }: PollRecord,
  state: StateAnswers,
): Promise<string | null> {
  try {
    // Both at once, so that they share one time limit.
    const leader = leads === false ? state.leaderNotReady() : null;
    const [why] = await Promise.all([leader, state.queueLengths()]);
    if (leads === false) return why;
  } catch (error) {
    return `the state store cannot be used: ${wordsOf(error)}`;
  }
  if (lastError !== null) {
    return lastGood === null ? `no good poll yet: ${lastError}` : `the last poll failed: ${lastError}`;
  }
  // A poll that hangs in the store has not failed yet.
  const isOverdue = lastGood === null || hasMissed(schedule, lastGood, Date.now());
  return isOverdue ? `the last poll is more than ${READY_INTERVALS} intervals ago` : null;
}

/** Whether the leader has fallen behind, by its watermarks in the ledger. */
export async function leaderNotReady(app: App, now: number): Promise<string | null> {
  const { config, fingerprints, schedule } = app;
  const rules = config.rules.filter((rule) => rule.enabled);
  const watched = rules.flatMap(({ name }) => fingerprints.get(name) ?? []);
  const watermarks = await (await app.state()).readWatermarks(watched);
  const isBehind = (fingerprint: string): boolean => {
    const last = watermarks.get(fingerprint);
    return last === undefined || hasMissed(schedule, last, now);
  };
  return watched.some(isBehind)
    ? `standing by, and the last good poll of the worker that leads is more than ${READY_INTERVALS} intervals ago`
    : null;
}

/** Whether more than `READY_INTERVALS` evaluation times have passed since a poll. */
function hasMissed(schedule: CronSchedule, lastPoll: number, now: number): boolean {
  let at = schedule.latest(now);
  for (let i = 0; i < READY_INTERVALS && at !== null && at > lastPoll; i += 1) at = schedule.latest(at - 1);
  return at !== null && at > lastPoll;
}
