// How many instants to replay directly at a time.

import { largestOf } from '../model/extremes.ts';
import type { Rule } from '../model/rule.ts';
import type { Outcome } from '../pipeline/evaluate-rules.ts';
import { ruleTypeOf } from '../rules/index.ts';

/** The size of the first chunk, before it is known how many groups there are. */
export const FIRST_CHUNK = 144;
/** The largest chunk. Between two chunks progress shows, and a stop is heeded. */
const LARGEST_CHUNK = 6_048;
/** How many sums (groups times windows) are held at a time; each takes some 250 bytes. */
const MOST_SUMS = 400_000;
const DAY = 86_400_000;

/**
 * How many instants to read next, so that the sums of their windows fit into memory. Each rule is taken to have as many
 * groups as in the chunk before. Where steps divide a day, an anomaly compares with windows that other instants have too;
 * these are held once, so a long chunk takes little more than a short one.
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
  return queries.reduce((windows, query) => windows + query.windows.length, 0);
}
