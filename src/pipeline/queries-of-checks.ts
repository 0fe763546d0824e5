// What a worker asks beside its rules, so that a check is answered by the sums that it keeps.

import type { Measure } from '../model/measure.ts';
import { describeMetric } from '../model/metric.ts';
import type { Rule } from '../model/rule.ts';
import type { Dimension, Query } from '../model/series.ts';
import { hullOf, windowOfRule } from '../model/window.ts';
import { memberOf } from '../sums/series/member.ts';
import type { Source } from './collect.ts';
import { costDependentRules, EVERYTHING, unpricedCounts, unpricedGroups } from './unpriced.ts';

/** What a check wants to know of one set of dimensions. */
interface Wanted {
  readonly groupBy: readonly Dimension[];
  readonly measures: Set<Measure>;
  /** A rule for each of the windows in which it wants to know it. */
  readonly windows: Map<string, Rule>;
}

/**
 * A query for each set of dimensions, however many rules share it: the calls of all windows together, and the calls without
 * a price that values of rules lack.
 */
export function queriesOfChecks(
  available: ReadonlySet<Dimension>,
  rules: readonly Rule[],
  zone: string,
  store: Pick<Source, 'costPlace'> = {},
): (at: number) => Query[] {
  const sets = new Map<string, Wanted>();
  const want = (groupBy: readonly Dimension[], measure: Measure, rule: Rule): void => {
    const wanted = memberOf(
      sets,
      groupBy.join('\n'),
      (): Wanted => ({ groupBy, measures: new Set(), windows: new Map() }),
    );
    wanted.measures.add(measure);
    wanted.windows.set(`${rule.window.text} ${rule.delayMs} ${describeMetric(rule.metric).isByMinute}`, rule);
  };
  for (const rule of rules) want([], 'calls', rule);
  for (const { rule, measure } of costDependentRules(rules)) {
    for (const count of unpricedCounts(store)) want(unpricedGroups(available), count, rule);
    want([...new Set([...rule.groupBy, ...Object.keys(rule.where)])].sort(), measure, rule);
  }
  // The same objects at each poll: that is how the sums know that they are asked the same again.
  const queries = [...sets.values()].map(({ groupBy, measures, windows }) => ({
    query: { measures: [...measures], where: EVERYTHING, groupBy },
    rules: [...windows.values()],
  }));
  return (at) =>
    queries.map(({ query, rules: own }) => ({
      ...query,
      windows: [hullOf(own.map((rule) => windowOfRule(rule, at, zone)))],
    }));
}
