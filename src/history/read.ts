// Finds the deliveries that `history` lists.

import type { HistoryQuestion, PastDelivery } from '../state/read-history.ts';
import { type HistoryEntry, historyEntry, isAbout } from './entry.ts';
import type { History } from './json.ts';

/** Reads deliveries, the newest first, until `take` returns false. */
export type ReadDeliveries = (
  question: HistoryQuestion,
  take: (delivery: PastDelivery) => boolean,
) => Promise<void>;

/** The newest `limit` deliveries that fit a question, as of `until` (ms). */
export async function findHistory(
  read: ReadDeliveries,
  question: HistoryQuestion,
  { until, limit }: { readonly until: number; readonly limit: number },
): Promise<History> {
  const entries: HistoryEntry[] = [];
  await read(question, (delivery) => {
    const entry = historyEntry(delivery);
    if (isAbout(entry, question.rules)) entries.push(entry);
    return entries.length <= limit;
  });
  return { since: question.since, until, entries: entries.slice(0, limit), isCut: entries.length > limit };
}
