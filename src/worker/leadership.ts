// Whether this worker polls: asks for the lease before each poll and between polls.

import { createHash } from 'node:crypto';
import type { App } from '../app.ts';
import { fileId } from '../config/file-id.ts';
import { placeOf } from '../config/place.ts';
import type { CronSchedule } from '../model/cron-schedule.ts';
import type { Candidate } from '../state/leader.ts';

/** Of the workers that would make the same polls, one holds the lease and polls. The others stand by. */
export interface Leadership {
  readonly candidate: Candidate;
  /** Whether it holds the lease, by the last answer; null before the first one, and when it is older than a lease. */
  leads(): boolean | null;
  /**
   * Takes or renews the lease. To be called before each poll: a process that was frozen does not know that its lease has
   * ended. Throws the port's AppError if the state store is away.
   */
  ask(): Promise<boolean>;
  /** Renews no more, and keeps the lease. Resolves when the last question was answered. */
  stop(): Promise<void>;
  /** Stops and gives the lease back. Never rejects: if the store is away, the lease runs out. */
  resign(): Promise<void>;
}

export interface LeadershipEvents {
  /** Called when `leads()` has changed. */
  changed(leads: boolean | null): void;
  /** Called when it has begun to lead between two polls: evaluation times that nobody polled are to be made up for. */
  takenOver(): void;
}

/** Failover within two intervals of the schedule, and never later than some seconds after the leader is gone. */
const LEASE_INTERVALS = 1.5;
const SHORTEST_LEASE_MS = 1_500;
const LONGEST_LEASE_MS = 10_000;
/** Renewed this often within its length, so that a slow answer does not lose it. */
const BEATS_PER_LEASE = 3;
/** How long it may go unnoticed that a lease was given back. */
const LONGEST_BEAT_MS = 2_000;
/** Asked this much after another worker's lease ends, so that it has surely ended. */
const AFTER_MS = 20;

/** Renews the lease between polls too. `token` identifies the process, so that a reload keeps the lease. */
export function openLeadership(app: App, token: string, events: LeadershipEvents): Leadership {
  const candidate = { scope: scopeOf(app), token, file: fileId(app.config) };
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
  // One question at a time, so that an old answer does not come after a new one. A call meanwhile joins it.
  const joined = (): ReturnType<typeof askNow> => {
    asking ??= askNow().finally(() => {
      asking = null;
    });
    return asking;
  };

  const beat = async (): Promise<void> => {
    if (asking === null) {
      // Polls report a store that is away. It is asked again at the next beat.
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
 * What workers must have in common to share one lease: the store and how it is read, the schedule, and what the rules
 * measure. While a changed file is rolled out, workers of the old and of the new file both poll.
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
