// The silences that hold now or are to come, of the file and of commands.

import { cronSchedule } from '../model/cron-schedule.ts';
import type { Once, Recurring, Silence } from '../model/rule.ts';
import { spanAt } from '../model/silence.ts';
import { overAt, type StoredSilence } from '../state/silences.ts';

/** A silence with the time in which it holds now, or holds next. */
export interface SilenceNow extends Silence {
  /** Null for those of the file. */
  readonly id: string | null;
  readonly times: Once;
}

/** How far ahead recurring silences are looked for. */
const AHEAD_MS = 7 * 86_400_000;

/** Those of commands first; each kind in the order in which it begins. */
export function silencesNow(
  stored: readonly StoredSilence[],
  ofFile: readonly Silence[],
  now: number,
): SilenceNow[] {
  const added = stored.map((one) => ({ ...one, times: { from: one.times.from, until: overAt(one) } }));
  const written = ofFile.flatMap((one) => {
    const times = spanAt(one.times, now) ?? nextSpan(one.times, now);
    return times === null ? [] : [{ ...one, id: null, times }];
  });
  const byBeginning = (a: SilenceNow, b: SilenceNow): number => a.times.from - b.times.from;
  return [...added.sort(byBeginning), ...written.sort(byBeginning)];
}

function nextSpan(times: Once | Recurring, now: number): Once | null {
  if (!('every' in times)) return times.from > now ? times : null;
  const [from] = cronSchedule(times.every, times.zone).instants(now, now + AHEAD_MS);
  return from === undefined ? null : { from, until: from + times.lastsMs };
}
