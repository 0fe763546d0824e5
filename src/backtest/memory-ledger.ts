// The ledger of a replay, in memory.

import { fixedFromNumber, ONE } from '../model/money.ts';
import type { Episode, EpisodeChanges, Notification, Notified } from '../model/notification.ts';

/** Stores what was notified of one rule and since when its groups hold, in place of the state store. */
export interface MemoryLedger {
  /** The last notification of each of these groups. */
  notified(groupIds: readonly string[]): Notified[];
  episodes(): readonly Episode[];
  /** Changes the episodes, and returns the notifications that the state store's `record` would let through. */
  record<S extends Notification>(notifications: readonly S[], changes: EpisodeChanges): S[];
}

/** Instants must come in order: then a decision needs only the last notification of each group. */
export function openMemoryLedger(): MemoryLedger {
  const last = new Map<string, Notified>();
  const open = new Map<string, Episode>();
  let episodes: readonly Episode[] = [];
  return {
    notified: (groupIds) => groupIds.flatMap((id) => last.get(id) ?? []),
    episodes: () => episodes,
    record(notifications, { begun, ended }) {
      for (const { groupId, step } of ended) open.delete(`${groupId}/${step}`);
      for (const episode of begun) open.set(`${episode.groupId}/${episode.step}`, episode);
      if (begun.length + ended.length > 0) episodes = [...open.values()];
      return notifications.filter((notification) => {
        const known = last.get(notification.groupId);
        const same = known?.period === notification.period ? known : null;
        if (same !== null && !isLetThrough(notification, same)) return false;
        const { groupId, period, value, at } = notification;
        const step = Math.max(notification.step, same?.step ?? 0);
        last.set(groupId, { groupId, period, step, value, at, isResolved: false });
        return true;
      });
    },
  };
}

/** The condition of the state store's upsert: a higher step, or a value that has grown enough. */
function isLetThrough({ step, value, growth }: Notification, known: Notified): boolean {
  if (step > known.step) return true;
  return growth !== null && known.value > 0n && value * ONE >= fixedFromNumber(growth) * known.value;
}
