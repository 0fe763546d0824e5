// Decides how many instants a direct replay reads at a time.

import { largestOf } from '../model/extremes.ts';
import type { Rule } from '../model/rule.ts';
import { hourCount } from '../model/series.ts';
import type { Outcome } from '../pipeline/evaluate-rules.ts';
import { ruleTypeOf } from '../rules/index.ts';

/** The size of the first chunk, when the number of groups is still unknown. */
export const FIRST_CHUNK = 144;
/** The largest chunk. Progress is shown and stops are obeyed between chunks. */
const LARGEST_CHUNK = 6_048;
/** Sums (groups times windows) in memory at once; each takes some 250 bytes. */
const MOST_SUMS = 400_000;
const DAY = 86_400_000;

/**
 * How many instants to read next, so that the sums of their windows fit into memory. Each rule is assumed to have as many
 * groups as in the chunk before. Where steps divide a day, an anomaly compares with windows that other instants need too;
 * these are stored once, so a long chunk takes little more memory than a short one.
 */
export function nextChunk(
  stepMs: number,
  outcomes: readonly Pick<Outcome, 'rule' | 'evaluations'>[],
): number {
  let apart = 0;
  let shared = 0;
  let kept = 0;
  for (const { rule, evaluations } of outcomes) {
    const at = evaluations.at(-1)?.at ?? 0;
    const groups = largestOf(
      evaluations.map(({ judgement }) => judgement.observed.length),
      1,
    );
    const windows = windowsAt(rule, at);
    apart += groups * windows;
    shared += groups * (windows > 1 ? 2 : 1);
    kept += windows > 1 ? groups * windows * (DAY / stepMs) : 0;
  }
  const divides = DAY % stepMs === 0;
  const together = divides ? Math.floor((MOST_SUMS - kept) / Math.max(1, shared)) : 0;
  return Math.min(LARGEST_CHUNK, Math.max(1, together, Math.floor(MOST_SUMS / Math.max(1, apart))));
}

function windowsAt(rule: Rule, at: number): number {
  const queries = ruleTypeOf(rule).queries(rule, { at, zone: 'UTC' });
  return queries.reduce((windows, query) => windows + query.windows.length + hourCount(query.hours), 0);
}
