import type { Dimension, RuleKeys } from './rules.ts';

const GROUPS: readonly (readonly Dimension[])[] = [
  [],
  ['service'],
  ['model'],
  ['user'],
  ['service', 'model'],
];

/** 50 rules of the types that judge the past, by service, model, both and 2,000 users. */
export function typeMix(): RuleKeys[] {
  return [
    ...GROUPS.map((groupBy) => ({ type: 'anomaly', metric: 'spend', group_by: groupBy })),
    ...GROUPS.map((groupBy) => ({ type: 'anomaly', metric: 'calls', group_by: groupBy })),
  ].map((rule, i) => ({ name: `${i + 1} ${rule.type} by ${rule.group_by.join('+') || 'nothing'}`, ...rule }));
}
