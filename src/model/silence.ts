// Finds the silence that matches a finding.

import type { Rule, Silence } from './rule.ts';
import type { Dimension, GroupKey } from './series.ts';

/**
 * The silence that matches a group of a rule at an instant, or null. Every key of `match` must fit. A dimension that the
 * rule does not group by fits only where the rule's `where` allows that one value alone.
 */
export function silenceOf(
  rule: Pick<Rule, 'name' | 'groupBy' | 'where'>,
  key: GroupKey,
  at: number,
  silences: readonly Silence[],
): Silence | null {
  return (
    silences.find(
      (silence) =>
        silence.from <= at &&
        at < silence.until &&
        (silence.rule === null || silence.rule === rule.name) &&
        Object.entries(silence.match).every(([dimension, value]) => fits(rule, key, dimension, value)),
    ) ?? null
  );
}

function fits(
  rule: Pick<Rule, 'groupBy' | 'where'>,
  key: GroupKey,
  dimension: Dimension,
  value: string | null,
): boolean {
  const position = rule.groupBy.indexOf(dimension);
  if (position >= 0) return (key[position] ?? null) === value;
  const condition = rule.where[dimension];
  if (condition === undefined || !('in' in condition)) return false;
  return condition.in.length === 1 && condition.in[0] === value;
}
