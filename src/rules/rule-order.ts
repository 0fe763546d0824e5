// Worst first.

import type { Observation } from '../model/observation.ts';
import type { GroupKey } from '../model/series.ts';

/** Doubles farther apart than this are in the order of the exact values, which take longer to compare. */
const CLOSE = 1e-6;

/** Largest value first, equal ones by group, so that the order never depends on the store's. */
export function largestFirst(a: Observation, b: Observation): number {
  const apart = b.value.number - a.value.number;
  if (Math.abs(apart) > CLOSE * (1 + Math.abs(a.value.number))) return apart;
  if (a.value.fixed === b.value.fixed) return byKey(a.key, b.key);
  return a.value.fixed > b.value.fixed ? -1 : 1;
}

/** Smallest value first, equal ones by group. */
export function smallestFirst(a: Observation, b: Observation): number {
  return a.value.fixed === b.value.fixed ? byKey(a.key, b.key) : largestFirst(b, a);
}

/** By code units, NULL last. */
function byKey(a: GroupKey, b: GroupKey): number {
  for (let i = 0; i < a.length; i += 1) {
    const left = a[i] ?? null;
    const right = b[i] ?? null;
    if (left === right) continue;
    if (left === null) return 1;
    if (right === null) return -1;
    return left < right ? -1 : 1;
  }
  return 0;
}
