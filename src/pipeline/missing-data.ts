// Whether an instant at which a group did not fire says that it is quiet, or only that data is missing (pure).

import type { Judgement } from '../model/finding.ts';
import { groupId } from '../model/fingerprint.ts';
import { describeMetric } from '../model/metric.ts';
import type { Closing } from '../model/notification.ts';
import type { Rule } from '../model/rule.ts';
import { ruleTypeOf } from '../rules/index.ts';

/**
 * Tells whether an instant at which a group did not fire, and which held until `heldTo`, says something about it. Missing data
 * resolves nothing: where the group has no rows, a sum of 0 counts only if the store has rows that are newer than the last ones
 * that held.
 */
export function seenAt(
  rule: Rule,
  judgement: Judgement,
  newestRow: number | null,
): (id: string, heldTo: number) => boolean {
  if (judgement.status === 'no_data') return () => false;
  const { additive } = describeMetric(rule.metric);
  let withRows: ReadonlySet<string> | null = null;
  return (id, heldTo) => {
    if (additive && newestRow !== null && newestRow >= heldTo - rule.delayMs) return true;
    withRows ??= groupsWithRows(judgement.observed, additive);
    return withRows.has(id);
  };
}

/** Tells how the alert of a group is over that has not fired for long enough: `resolved` only by what its rule type asks for. */
export function endingAt(rule: Rule, judgement: Judgement): (id: string) => Closing['how'] {
  const { resolvedBy } = ruleTypeOf(rule);
  if (resolvedBy === undefined) return () => 'resolved';
  if (resolvedBy === 'nothing') return () => 'ended';
  let withRows: ReadonlySet<string> | null = null;
  return (id) => {
    withRows ??= groupsWithRows(judgement.observed, true);
    return withRows.has(id) ? 'resolved' : 'ended';
  };
}

function groupsWithRows(observed: Judgement['observed'], additive: boolean): Set<string> {
  const groups = new Set<string>();
  for (let place = 0; place < observed.length; place += 1) {
    if (!additive || observed.numbers[place] !== 0) groups.add(groupId(observed.keyAt(place)));
  }
  return groups;
}
