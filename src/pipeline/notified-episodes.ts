// When the notified episodes of a group began, for `dedupe: episode` (pure).

import type { Notified } from '../model/notification.ts';

const EPISODE = 'episode/';

/** By group, when its notified episodes began. */
export function beginningsNotified(notified: readonly Notified[]): Map<string, number[]> {
  const beginnings = new Map<string, number[]>();
  for (const { groupId: id, period } of notified) {
    if (!period.startsWith(EPISODE)) continue;
    const began = Date.parse(period.slice(EPISODE.length));
    beginnings.set(id, [...(beginnings.get(id) ?? []), began]);
  }
  return beginnings;
}

/** When the latest notified episode of a group within [from, to] began; null where there is none. */
export function notifiedWithin(
  notified: ReadonlyMap<string, readonly number[]>,
  id: string,
  from: number,
  to: number,
): number | null {
  const within = (notified.get(id) ?? []).filter((began) => began >= from && began <= to);
  return within.length === 0 ? null : within.reduce((a, b) => Math.max(a, b));
}
