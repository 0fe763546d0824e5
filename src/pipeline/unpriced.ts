// Which values of rules are lower bounds, for check.

import { AppError } from '../model/errors.ts';
import type { Unpriced } from '../model/finding.ts';
import type { Measure } from '../model/measure.ts';
import { unpricedMeasure } from '../model/metric.ts';
import { ONE } from '../model/money.ts';
import type { Rule } from '../model/rule.ts';
import type { Dimension, GroupKey, Query, Series } from '../model/series.ts';
import { mostCallsFirst, type UnpricedCalls } from '../model/unpriced-text.ts';
import { type Window, windowAt } from '../model/window.ts';
import { type Askable, ask } from './ask.ts';

/** Which values of some rules lack calls without a price, at one instant. */
export interface UnpricedValues {
  /** Null when a group's value is complete, or does not depend on cost. */
  of(rule: Rule, key: GroupKey): Unpriced | null;
  /** Whether the value of any group is incomplete. */
  any(rule: Rule): boolean;
  /** Why this is unknown for some values, or for all. */
  readonly error: string | null;
  /** All calls without a price from the first beginning to the last end of these rules' windows; null where there is none. */
  readonly all: (UnpricedCalls & { readonly window: Window }) | null;
}

/** All queries that `unpricedValues` may ask. */
export function unpricedQueries(
  available: ReadonlySet<Dimension>,
  rules: readonly Rule[],
  at: number,
  zone: string,
): Query[] {
  const asked = askedOf(available, rules, at, zone);
  return asked.length === 0 ? [] : [...asked.map(({ query }) => query), allOf(available, asked)];
}

/** The one that it asks first: all calls without a price in the windows of rules that depend on cost; none without such a rule. */
export function firstUnpricedQuery(
  available: ReadonlySet<Dimension>,
  rules: readonly Rule[],
  at: number,
  zone: string,
): Query[] {
  const asked = askedOf(available, rules, at, zone);
  return asked.length === 0 ? [] : [allOf(available, asked)];
}

/** A rule that depends on cost, and what asks for the calls without a price that its value lacks. */
interface AskedRule {
  readonly rule: Rule;
  readonly measure: Measure;
  readonly window: Window;
  readonly query: Query;
}

function askedOf(
  available: ReadonlySet<Dimension>,
  rules: readonly Rule[],
  at: number,
  zone: string,
): AskedRule[] {
  return rules.flatMap((rule) => {
    const measure = unpricedMeasure(rule.metric, rule.errors);
    if (measure === null) return [];
    const window = windowAt(rule.window, at - rule.delayMs, zone);
    const { where, groupBy } = rule;
    const byModel = available.has('model') && !groupBy.includes('model') ? ['model'] : [];
    const query: Query = { measures: [measure], where, groupBy: [...groupBy, ...byModel], windows: [window] };
    return [{ rule, measure, window, query }];
  });
}

function allOf(available: ReadonlySet<Dimension>, asked: readonly AskedRule[]): Query {
  return unpricedCallsQuery(available, [hullOf(asked.map(({ window }) => window))]);
}

/**
 * Which values of rules that depend on cost are lower bounds. Where no call is without a price, rules are not asked for one
 * by one. Never throws: the values stay, and the result says that it is unknown what they lack.
 */
export async function unpricedValues(
  source: Askable,
  available: ReadonlySet<Dimension>,
  rules: readonly Rule[],
  at: number,
  zone: string,
): Promise<UnpricedValues> {
  const asked = askedOf(available, rules, at, zone);
  if (asked.length === 0) return NOT_KNOWN_OF_ANY;
  const whole = allOf(available, asked);
  const [last] = await ask(source, [whole], at);
  const all = last === undefined || last instanceof AppError ? null : unpricedCallsIn(last, 0, available);
  if (all?.calls === 0) return NOT_KNOWN_OF_ANY;
  const series = await ask(
    source,
    asked.map(({ query }) => query),
    at,
  );
  const failed = [...series, last].find((one) => one instanceof AppError);
  const byRule = new Map(
    asked.map(({ rule, measure }, i) => [
      rule.name,
      unpricedByGroup(series[i], rule.groupBy, measure, available),
    ]),
  );
  return {
    of: (rule, key) => byRule.get(rule.name)?.get(JSON.stringify(key)) ?? null,
    error: failed?.message ?? null,
    any: (rule) => (byRule.get(rule.name)?.size ?? 0) > 0,
    all: all === null ? null : { ...all, window: whole.windows[0] as Window },
  };
}

const NOT_KNOWN_OF_ANY: UnpricedValues = { of: () => null, any: () => false, all: null, error: null };

/** All calls without a price of some windows, by model where the store records it. */
export function unpricedCallsQuery(available: ReadonlySet<Dimension>, windows: readonly Window[]): Query {
  return { measures: ['unpriced'], where: {}, groupBy: available.has('model') ? ['model'] : [], windows };
}

/** The calls without a price in one window. */
export function unpricedCallsIn(
  series: Series,
  window: number,
  available: ReadonlySet<Dimension>,
): UnpricedCalls {
  const parts = series.keys.flatMap((key, group) => {
    const calls = Number((series.cell(group, window)?.sums.unpriced ?? 0n) / ONE);
    return calls === 0 ? [] : [{ model: key[0] ?? null, calls }];
  });
  return {
    calls: parts.reduce((sum, { calls }) => sum + calls, 0),
    models: available.has('model') ? parts.sort(mostCallsFirst) : [],
  };
}

/** By the rule's group, although the series may be split by model, too. Marks nothing when the series could not be read. */
function unpricedByGroup(
  series: Series | AppError | undefined,
  groupBy: readonly Dimension[],
  measure: Query['measures'][number],
  available: ReadonlySet<Dimension>,
): Map<string, Unpriced> {
  const groups = new Map<string, Unpriced>();
  if (series === undefined || series instanceof AppError) return groups;
  for (const [group, key] of series.keys.entries()) {
    const calls = Number((series.cell(group, 0)?.sums[measure] ?? 0n) / ONE);
    if (calls === 0) continue;
    const name = JSON.stringify(key.slice(0, groupBy.length));
    const known = groups.get(name) ?? { calls: 0, models: available.has('model') ? 0 : null };
    const models = known.models === null ? null : known.models + 1;
    groups.set(name, { calls: known.calls + calls, models });
  }
  return groups;
}

function hullOf(windows: readonly Window[]): Window {
  return windows.reduce((hull, { from, to }) => ({
    from: Math.min(hull.from, from),
    to: Math.max(hull.to, to),
  }));
}
