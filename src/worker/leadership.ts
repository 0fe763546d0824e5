// Whether this worker polls: asks for the lease, before polls and between them.

import { createHash } from 'node:crypto';
import type { App } from '../app.ts';
import { placeOf } from '../config/place.ts';
import type { CronSchedule } from '../model/cron-schedule.ts';
import type { Candidate } from '../state/leader.ts';

/** Whether this worker polls. Of the workers that would do the same polls, one does, and the others stand by. */
export interface Leadership {
  readonly candidate: Candidate;
  /** What the state database last said; null while it was not asked yet, or not for as long as a lease. */
  leads(): boolean | null;
  /**
   * Asks the state database, which takes or renews the lease. To be called before each poll: a process that was frozen
   * does not know that its time is over. Throws the port's AppError when the store is away.
   */
  ask(): Promise<boolean>;
  /** Asks no more by itself, and keeps the lease; resolves when the last question was answered. */
  stop(): Promise<void>;
  /** Stops and gives the lease back. Never rejects: where the store is away the lease runs out. */
  resign(): Promise<void>;
}

export interface LeadershipEvents {
  /** Called when `leads()` is another. */
  changed(leads: boolean | null): void;
  /** Called when it has begun to lead between two polls: the instants that nobody polled are to be made up for. */
  takenOver(): void;
}

/** Failover within two intervals of the schedule, and never later than some seconds after the leader is gone. */
const LEASE_INTERVALS = 1.5;
const SHORTEST_LEASE_MS = 1_500;
const LONGEST_LEASE_MS = 10_000;
/** Renewed so often in its length that a slow answer loses nothing. */
const BEATS_PER_LEASE = 3;
/** How long a lease that was given back may go unnoticed. */
const LONGEST_BEAT_MS = 2_000;
/** Asked a little after it has ended, or it would just still hold. */
const AFTER_MS = 20;

/**
 * Asks for the lease now and then, beside what polls ask. `token` is the process's own, over reloads too, so that a
 * reload keeps the lease.
 */
export function openLeadership(app: App, token: string, events: LeadershipEvents): Leadership {
  const candidate = { scope: scopeOf(app), token };
  const leaseMs = leaseFor(app.schedule, Date.now());
  const beatMs = Math.min(leaseMs / BEATS_PER_LEASE, LONGEST_BEAT_MS);
  let leads: boolean | null = null;
  let heldAt = Number.NEGATIVE_INFINITY;
  let nextMs = beatMs;
  let stopped = false;
  let asking: Promise<{ isHeld: boolean; hasChanged: boolean }> | null = null;

  const become = (next: boolean | null): boolean => {
    if (next === leads) return false;
    leads = next;
    events.changed(next);
    return true;
  };

  const askNow = async (): Promise<{ isHeld: boolean; hasChanged: boolean }> => {
    const askedAt = performance.now();
    try {
      const { isHeld, remainingMs } = await (await app.state()).hold(candidate, leaseMs);
      if (isHeld) heldAt = askedAt;
      nextMs = isHeld ? beatMs : Math.min(beatMs, remainingMs + AFTER_MS);
      return { isHeld, hasChanged: become(isHeld) };
    } catch (error) {
      nextMs = beatMs;
      if (performance.now() - heldAt > leaseMs) become(null);
      throw error;
    }
  };
  // One question at a time, so that an old answer does not come after a new one; who asks meanwhile joins.
  const joined = (): ReturnType<typeof askNow> => {
    asking ??= askNow().finally(() => {
      asking = null;
    });
    return asking;
  };

  const beat = async (): Promise<void> => {
    if (asking === null) {
      // A store that is away is reported by the polls, and asked again with the next beat.
      const answer = await joined().catch(() => null);
      if (!stopped && answer?.isHeld === true && answer.hasChanged) events.takenOver();
    }
    if (!stopped) timer = setTimeout(() => void beat(), nextMs);
  };
  let timer = setTimeout(() => void beat(), nextMs);

  const stop = async (): Promise<void> => {
    stopped = true;
    clearTimeout(timer);
    await asking?.catch(() => undefined);
  };

  return {
    candidate,
    leads: () => leads,
    ask: async () => (await joined()).isHeld,
    stop,
    async resign() {
      await stop();
      if (leads !== true) return;
      await app
        .state()
        .then((state) => state.release(candidate))
        .catch(() => undefined);
    },
  };
}

/**
 * What workers must have in common for one to do the other's polls: the store and how it is read, the schedule, and
 * the rules by what they measure. While an edit is rolled out, workers of the old and of the new file both poll.
 */
function scopeOf({ config, fingerprints }: App): string {
  const { url, mapping, prices } = config.audit;
  const rules = config.rules.filter((rule) => rule.enabled).map(({ name }) => fingerprints.get(name));
  const shared = [placeOf(url), mapping, prices, config.schedule, config.timezone, rules.sort()];
  return createHash('sha256').update(JSON.stringify(shared)).digest('hex').slice(0, 32);
}

function leaseFor(schedule: CronSchedule, now: number): number {
  const last = schedule.latest(now);
  const before = last === null ? null : schedule.latest(last - 1);
  if (last === null || before === null) return LONGEST_LEASE_MS;
  return Math.min(LONGEST_LEASE_MS, Math.max(SHORTEST_LEASE_MS, LEASE_INTERVALS * (last - before)));
}
