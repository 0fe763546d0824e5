// What is asked about findings: their parts, what lacks a price, and how they compare with earlier windows.

import type { Firing } from '../model/finding.ts';
import { measuresOf, unpricedMeasure } from '../model/metric.ts';
import { type Rule, windowOf } from '../model/rule.ts';
import { type Dimension, type GroupKey, groupingName, type Query, type Where } from '../model/series.ts';
import { distinctWindows, earlierWindow, type Window } from '../model/window.ts';
import { ruleTypeOf } from '../rules/index.ts';
import { splitQuery, splitWindows } from './spend-split.ts';

/** What fires of one rule, possibly in several windows. */
export interface Explained {
  readonly rule: Rule;
  readonly firing: readonly Firing[];
}

/** A question about the findings of one rule. */
export type Question = { readonly query: Query } & (
  | { readonly asks: 'breakdown'; readonly dimension: Dimension }
  /** What the change in spend from an earlier window is made of. */
  | { readonly asks: 'split'; readonly of: readonly Firing[] }
  /** How much has no price; `byModel` where the answer is split by model. */
  | { readonly asks: 'unpriced'; readonly byModel: boolean }
  /** How much of the cost is by the price list. */
  | { readonly asks: 'listed' }
  /** What its rule type wants to know of findings before it describes them. */
  | { readonly asks: 'detail'; readonly of: readonly Firing[] }
  /** The value on an earlier day; `days` before, in the windows of `of` in their order. */
  | { readonly asks: 'earlier'; readonly days: EarlierDays; readonly of: readonly Window[] }
);

/** Yesterday, and the same weekday a week ago. */
export const EARLIER_DAYS = [1, 7] as const;
export type EarlierDays = (typeof EARLIER_DAYS)[number];

const LISTED = ['listed_cost', 'cost', 'calls'] as const;
const DRIVERS: readonly Dimension[] = ['model', 'user', 'service', 'endpoint'];
/** So many of a rule's findings have details: more than a message shows. */
const DETAILED = 30;
/** Above this many groups a filter by name costs more than it saves. */
const FILTERED_GROUPS = 200;

/**
 * The questions about what fires of each rule. Rules with the same groups and filter ask for all their groups together, so
 * that they share statements, however many of them fire.
 */
export function questionsOf(
  wanted: readonly Explained[],
  available: ReadonlySet<Dimension>,
  zone: string,
  hasPrices = false,
): Question[][] {
  const whereOf = sharedFilters(wanted);
  return wanted.map(({ rule, firing }) =>
    firing.length === 0
      ? []
      : questionsOfRule(rule, firing, { available, where: whereOf(rule), zone, hasPrices }),
  );
}

function questionsOfRule(
  rule: Rule,
  firing: readonly Firing[],
  {
    available,
    where,
    zone,
    hasPrices,
  }: {
    readonly available: ReadonlySet<Dimension>;
    readonly where: Where;
    readonly zone: string;
    readonly hasPrices: boolean;
  },
): Question[] {
  const windows = distinctWindows(firing.map(({ window }) => window));
  const further = DRIVERS.filter((name) => available.has(name) && !rule.groupBy.includes(name));
  const lacking = unpricedMeasure(rule.metric, rule.errors);
  const own = measuresOf(rule.metric, rule.errors);
  const measures = [...own, ...(lacking === null ? [] : [lacking])];
  const questions: Question[] = further.map((dimension) => ({
    asks: 'breakdown',
    dimension,
    query: { measures, where, groupBy: [...rule.groupBy, dimension], windows },
  }));
  if (lacking !== null) {
    const byModel = available.has('model');
    const groupBy = [...new Set([...rule.groupBy, ...(byModel ? ['model'] : [])])];
    const query = { measures: [lacking, 'calls' as const], where, groupBy, windows };
    questions.push({ asks: 'unpriced', query, byModel });
  }
  if (hasPrices && own.includes('cost')) {
    const query = { measures: LISTED, where, groupBy: rule.groupBy, windows };
    questions.push({ asks: 'listed', query });
  }
  const detailed = firing.slice(0, DETAILED);
  // The filter that others have shares their reads. Where it names no group, that would read the past of all.
  const whereOfDetailed = firing.length > DETAILED ? narrowedWhere(rule, keysOf(detailed)) : where;
  const split = splitOf(rule, detailed, { available, where: whereOfDetailed, zone });
  if (split !== null) questions.push(split);
  for (const detail of detailsOf(rule, detailed, where)) questions.push(detail);
  for (const days of ruleTypeOf(rule).valuesIn === undefined ? EARLIER_DAYS : []) {
    const earlier = windows.map((window) => earlierWindow(windowOf(rule, window), window, days, zone));
    const query = { measures: own, where, groupBy: rule.groupBy, windows: earlier };
    questions.push({ asks: 'earlier', days, of: windows, query });
  }
  return questions;
}

/** How the spend of findings has changed; null for other metrics. */
function splitOf(
  rule: Rule,
  firing: readonly Firing[],
  {
    available,
    where,
    zone,
  }: { readonly available: ReadonlySet<Dimension>; readonly where: Where; readonly zone: string },
): Question | null {
  const changes = distinctWindows(firing.map(({ window }) => window))
    .map((window) => splitWindows(rule, window, zone))
    .filter((change) => change !== null);
  if (changes.length === 0) return null;
  return { asks: 'split', of: firing, query: splitQuery(rule, where, changes, available) };
}

/** Findings with the same question share it. */
function detailsOf(rule: Rule, firing: readonly Firing[], where: Where): Question[] {
  const type = ruleTypeOf(rule);
  const details = new Map<string, { asks: 'detail'; query: Query; of: Firing[] }>();
  for (const one of firing) {
    const query = type.detail?.(rule, one);
    if (query === undefined) continue;
    const name = JSON.stringify(query);
    const known = details.get(name);
    if (known === undefined) details.set(name, { asks: 'detail', query: { ...query, where }, of: [one] });
    else known.of.push(one);
  }
  return [...details.values()];
}

/** The filter of each rule, narrowed to the groups that fire of all rules with the same groups and filter. */
function sharedFilters(wanted: readonly Explained[]): (rule: Rule) => Where {
  const keys = new Map<string, GroupKey[]>();
  for (const { rule, firing } of wanted) {
    const name = groupingName(rule);
    keys.set(name, [...(keys.get(name) ?? []), ...keysOf(firing)]);
  }
  return (rule) => narrowedWhere(rule, keys.get(groupingName(rule)) ?? []);
}

/** The filter to judge a rule by for these groups alone, where their values do not depend on others. */
export function narrowedToJudge(rule: Rule, keys: readonly GroupKey[]): Where {
  return ruleTypeOf(rule).valuesIn === undefined ? narrowedWhere(rule, keys) : rule.where;
}

/** The rule's filter, narrowed to these groups where they are few enough to name. */
export function narrowedWhere(rule: Rule, keys: readonly GroupKey[]): Where {
  if (keys.length > FILTERED_GROUPS) return rule.where;
  const named = rule.groupBy.map((dimension, i) => [
    dimension,
    { in: distinct(keys.map((key) => key[i] ?? null)) },
  ]);
  return { ...rule.where, ...Object.fromEntries(named) };
}

/** What fires in a window and group, as a key of a map. */
export function findingKey({ from, to }: Window, key: GroupKey): string {
  return `${from}/${to}/${JSON.stringify(key)}`;
}

function keysOf(firing: readonly Firing[]): GroupKey[] {
  return firing.map(({ key }) => key);
}

function distinct<T>(values: readonly T[]): T[] {
  return [...new Set(values)];
}
