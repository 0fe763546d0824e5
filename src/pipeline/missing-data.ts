// Whether an instant at which a group did not fire says that it is quiet, or only that data is missing (pure).

import type { Judgement } from '../model/finding.ts';
import { groupId } from '../model/fingerprint.ts';
import { describeMetric } from '../model/metric.ts';
import type { Rule } from '../model/rule.ts';

/**
 * Whether an instant at which a group did not fire says something about it. Missing data resolves nothing: where the group
 * has no rows, a sum of 0 counts only if the store has rows that are newer than the last ones that held.
 */
export function isSeen(
  rule: Rule,
  id: string,
  { status, observed }: Judgement,
  newestRow: number | null,
  heldTo: number,
): boolean {
  if (status === 'no_data') return false;
  const { additive } = describeMetric(rule.metric);
  if (additive && newestRow !== null && newestRow >= heldTo - rule.delayMs) return true;
  for (let place = 0; place < observed.length; place += 1) {
    if (groupId(observed.keyAt(place)) !== id) continue;
    return !additive || observed.numbers[place] !== 0;
  }
  return false;
}
