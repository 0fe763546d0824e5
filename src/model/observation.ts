// The value that a group had in a window.

import type { Sample } from './metric-value.ts';
import type { Fixed } from './money.ts';
import type { GroupKey } from './series.ts';
import type { Window } from './window.ts';

/** A value that one group had in one window, firing or not. Rule types add what they compared it with. */
export interface Observation {
  readonly key: GroupKey;
  readonly value: Sample;
  readonly window: Window;
  /**
   * How bad the value is; larger is worse. Compared only among observations of one rule. Where the value itself decides,
   * this is the value, or its negative where low values fire.
   */
  readonly badness: Fixed;
}

/**
 * Orders the observations of one rule: worst first, then larger values, then by group. The order never depends on the store.
 */
export function worstFirst(a: Observation, b: Observation): number {
  if (a.badness !== b.badness) return a.badness > b.badness ? -1 : 1;
  if (a.value.fixed !== b.value.fixed) return a.value.fixed > b.value.fixed ? -1 : 1;
  return byKey(a.key, b.key);
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
