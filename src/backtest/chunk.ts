// How many instants to read at a time.

import { largestOf } from '../model/extremes.ts';
import type { Rule } from '../model/rule.ts';
import type { Outcome } from '../pipeline/evaluate-rules.ts';
import { ruleTypeOf } from '../rules/index.ts';

/** Instants read first, before anything is known of the groups. */
export const FIRST_CHUNK = 144;
/** A chunk ends here, so that progress shows and a stop is heard. */
const LARGEST_CHUNK = 6_048;
/** Windows times groups that are held at a time; each takes some 250 bytes. */
const CELLS = 400_000;
const DAY = 86_400_000;

/**
 * How many instants to read next, so that the cells of their windows fit into memory, by the groups that each rule
 * has just had. On steps that divide a day, the windows that an anomaly compares with are those of other instants
 * again and are held once; then a long chunk costs little more than a short one.
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
  const together = divides ? Math.floor((CELLS - kept) / Math.max(1, shared)) : 0;
  return Math.min(LARGEST_CHUNK, Math.max(1, together, Math.floor(CELLS / Math.max(1, apart))));
}

function windowsAt(rule: Rule, at: number): number {
  const queries = ruleTypeOf(rule).queries(rule, { at, zone: 'UTC' });
  return queries.reduce((windows, query) => windows + query.windows.length, 0);
}
