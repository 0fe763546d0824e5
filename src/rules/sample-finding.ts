// Findings of a rule type to try templates on.

import type { Finding } from '../model/finding.ts';
import { fixedFromNumber, ONE } from '../model/money.ts';
import { describeQuantity, quantityOf } from '../model/quantity.ts';
import type { Rule } from '../model/rule.ts';
import { type Cell, type Query, seriesOfCells } from '../model/series.ts';
import { splitSpend } from '../model/spend-split.ts';
import type { RuleType } from './rule-type.ts';

const CALLS = 890_412;
/** Of a change from $10 to $45. */
const PARTS = splitSpend(
  new Map([['gpt-4.1', { calls: 100n * ONE, tokens: 9_000n * ONE, cost: 10n * ONE }]]),
  new Map([['gpt-4.1', { calls: 300n * ONE, tokens: 30_000n * ONE, cost: 45n * ONE }]]),
);

/** A rule of a type, and a finding of it about which everything is known, or nothing that may be missing. */
export interface SampleFindings {
  readonly rule: Rule;
  readonly full: Finding;
  readonly bare: Finding;
}

/** Findings of the type's own sample, with groups of other dimensions and a breakdown by others. `at` in ms. */
export function sampleFindings(
  type: RuleType,
  changes: Partial<Rule>,
  breakdownBy: readonly string[],
  at: number,
): SampleFindings {
  const own = type.schema.parse(type.sample.keys)({ severity: 'warning', notify: [] });
  const context = { at, zone: 'UTC' };
  const series = type.queries(own, context).map((query, place) =>
    seriesOfCells(
      ['search', ...Object.keys(type.sample.others ?? {})].map((service) => ({
        key: query.groupBy.map(() => service),
        cells: cellsOf(type, query, place, service),
      })),
    ),
  );
  const [firing] = type.judge(own, context, series).firing;
  if (firing === undefined) throw new RangeError(`the sample of ${type.type} does not fire`);
  const rule = { ...own, ...changes };
  const { severity, bound, operator } = firing.steps.at(-1) ?? firing.steps[0];
  const { value } = firing;
  const bare: Finding = {
    ...firing,
    key: rule.groupBy.map((dimension) => `${dimension} 1`),
    groupBy: rule.groupBy,
    metric: rule.metric,
    ...(rule.quantity !== undefined && { quantity: rule.quantity }),
    unit: describeQuantity(quantityOf(rule)).unit,
    severity,
    bound,
    operator,
    description: type.describe(own, firing),
    breakdown: {},
    others: {},
    yesterday: null,
    weekAgo: null,
    split: null,
    unpriced: null,
    onset: null,
    unexplained: [],
  };
  const ofEach = <T>(one: T) => Object.fromEntries(breakdownBy.map((dimension) => [dimension, one]));
  const others = { keys: 2, value, calls: 12, unpriced: 3 };
  const full: Finding = {
    ...bare,
    breakdown: ofEach([{ key: 'gpt-4.1', value, unpriced: 7 }]),
    others: ofEach({ ...others, credits: others }),
    yesterday: value,
    weekAgo: value,
    split: {
      ...PARTS,
      callsBefore: 100n * ONE,
      isPartlyUnpriced: false,
      window: { from: at - 7_200_000, to: at - 3_600_000 },
      against: 'previous',
    },
    unpriced: { calls: 12, models: 2 },
    onset: { at: at - 3_600_000, beforePerHour: 1.2, afterPerHour: 407.5 },
  };
  return { rule, full, bare };
}

function cellsOf({ sample }: RuleType, query: Query, place: number, service: string): (Cell | null)[] {
  return query.windows.map((_, window) => {
    const spent = sample.others?.[service] ?? sample.spent(window, place);
    if (spent === null) return null;
    return { sums: { cost: fixedFromNumber(spent), calls: BigInt(CALLS) * ONE }, sketches: {} };
  });
}
