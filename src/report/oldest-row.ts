// Finds the time of the oldest row of a table.

import type { Window } from '../model/window.ts';
import type { ReportParts } from './parts.ts';

/** How many spans are looked up in one statement. */
const SPANS = 64;

/**
 * The time (ms) of the oldest row since 1970 and before an instant, by halving: a look-up in the index of time for each span,
 * however many rows there are. Null for none.
 */
export async function oldestRow(
  { occupied }: Pick<ReportParts['store'], 'occupied'>,
  before: number,
): Promise<number | null> {
  let [span] = await occupied([{ from: 0, to: before }]);
  if (span === undefined) return null;
  while (span.to - span.from > 1) {
    const [first]: readonly Window[] = await occupied(cut(span));
    // It was deleted meanwhile.
    if (first === undefined) return null;
    span = first;
  }
  return span.from;
}

function cut({ from, to }: Window): Window[] {
  const length = Math.ceil((to - from) / SPANS);
  const begins = Array.from({ length: SPANS }, (_, i) => from + i * length).filter((begin) => begin < to);
  return begins.map((begin) => ({ from: begin, to: Math.min(begin + length, to) }));
}
