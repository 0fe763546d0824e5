// What was said, for as long as the replay lasts.

import { fixedFromNumber, ONE } from '../model/money.ts';
import type { Episode, EpisodeChanges, Said, Saying } from '../model/said.ts';

/** What was said by one rule and since when its groups hold, in memory: the ledger of a past that never was. */
export interface MemoryLedger {
  /** Of these groups, what was said last. */
  said(groupIds: readonly string[]): Said[];
  episodes(): readonly Episode[];
  /** Changes the episodes and returns the sayings that are let through, as the state store's `record` does. */
  record<S extends Saying>(sayings: readonly S[], changes: EpisodeChanges): S[];
}

/** For instants that come one by one and in order; then what was said last is all that a decision asks for. */
export function openMemoryLedger(): MemoryLedger {
  const last = new Map<string, Said>();
  const open = new Map<string, Episode>();
  let episodes: readonly Episode[] = [];
  return {
    said: (groupIds) => groupIds.flatMap((id) => last.get(id) ?? []),
    episodes: () => episodes,
    record(sayings, { begun, ended }) {
      for (const { groupId, step } of ended) open.delete(`${groupId}/${step}`);
      for (const episode of begun) open.set(`${episode.groupId}/${episode.step}`, episode);
      if (begun.length + ended.length > 0) episodes = [...open.values()];
      return sayings.filter((saying) => {
        const known = last.get(saying.groupId);
        const standing = known?.period === saying.period ? known : null;
        if (standing !== null && !isNews(saying, standing)) return false;
        const { groupId, period, value, at } = saying;
        last.set(groupId, { groupId, period, step: Math.max(saying.step, standing?.step ?? 0), value, at });
        return true;
      });
    },
  };
}

/** The condition of the state store's upsert: a higher step, or a value that has grown enough. */
function isNews({ step, value, growth }: Saying, standing: Said): boolean {
  if (step > standing.step) return true;
  return growth !== null && standing.value > 0n && value * ONE >= fixedFromNumber(growth) * standing.value;
}
