// Answers queries from kept sums where possible, otherwise from the store.

import { type AppError, asAppError } from '../model/errors.ts';
import type { Query, Series } from '../model/series.ts';
import { collectDirectly, type Source } from './collect.ts';

/** Where questions beside the rules are answered: kept sums, and the store. */
export type Askable = Pick<Source, 'read' | 'known'>;

/** One answer a query, in the order asked; an error for each that could not be read. Never rejects. */
export async function ask(
  source: Askable,
  queries: readonly Query[],
  before: number,
): Promise<(Series | AppError)[]> {
  const known = knownOf(source, queries, before);
  const open = queries.filter((_, i) => known[i] === null);
  if (open.length === 0) return known.filter((series) => series !== null);
  const read = await collectDirectly(source, open, before).then(
    ({ series }) => [...series],
    (error: unknown) => open.map(() => asAppError(error, 'store_query_failed')),
  );
  return known.map((series) => series ?? (read.shift() as Series | AppError));
}

/** What kept sums say as of `before`; null for a query that they cannot answer. */
export function knownOf(
  source: Pick<Askable, 'known'>,
  queries: readonly Query[],
  before: number,
): (Series | null)[] {
  try {
    return source.known?.(queries, before) ?? queries.map(() => null);
  } catch {
    // The kept sums cannot be used, so the store is asked.
    return queries.map(() => null);
  }
}
