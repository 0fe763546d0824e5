// What was notified, for as long as the replay lasts.

import { fixedFromNumber, ONE } from '../model/money.ts';
import type { Episode, EpisodeChanges, Notification, Notified } from '../model/notification.ts';

/** What was notified of one rule and since when its groups hold, in memory: the ledger of a past that never was. */
export interface MemoryLedger {
  /** Of these groups, what was notified last. */
  notified(groupIds: readonly string[]): Notified[];
  episodes(): readonly Episode[];
  /** Changes the episodes and returns the notifications that are let through, as the state store's `record` does. */
  record<S extends Notification>(notifications: readonly S[], changes: EpisodeChanges): S[];
}

/** For instants that come one by one and in order; then what was notified last is all that a decision asks for. */
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
        if (same !== null && !isNews(notification, same)) return false;
        const { groupId, period, value, at } = notification;
        last.set(groupId, { groupId, period, step: Math.max(notification.step, same?.step ?? 0), value, at });
        return true;
      });
    },
  };
}

/** The condition of the state store's upsert: a higher step, or a value that has grown enough. */
function isNews({ step, value, growth }: Notification, known: Notified): boolean {
  if (step > known.step) return true;
  return growth !== null && known.value > 0n && value * ONE >= fixedFromNumber(growth) * known.value;
}
