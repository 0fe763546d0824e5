// Which values of rules are lower bounds, for check.

import { AppError } from '../model/errors.ts';
import type { Measure } from '../model/measure.ts';
import { unpricedMeasure } from '../model/metric.ts';
import { ONE } from '../model/money.ts';
import type { Rule } from '../model/rule.ts';
import type { Dimension, GroupKey, Query, Series, Where } from '../model/series.ts';
import { mostCallsFirst, type UnpricedCalls } from '../model/unpriced-text.ts';
import { hullOf, type Window, windowOfRule } from '../model/window.ts';
import type { Source } from './collect.ts';

/** Which values of some rules lack calls without a price, at one instant. */
export interface UnpricedValues {
  /** How many such calls a group's value lacks; null when it lacks none, or does not depend on cost. */
  of(rule: Rule, key: GroupKey): number | null;
  /** Whether the value of any group is incomplete. */
  any(rule: Rule): boolean;
  /** Why this is unknown for some values, or for all. */
  readonly error: string | null;
  /** All calls without a price from the first beginning to the last end of these rules' windows; null where there is none. */
  readonly all: (UnpricedCalls & { readonly window: Window }) | null;
}

/** What is asked about calls without a price, and what the answers say. */
export interface UnpricedQuestions {
  readonly queries: readonly Query[];
  /** Takes one answer for each query, in their order. */
  valuesIn(answers: readonly (Series | AppError)[]): UnpricedValues;
}

/**
 * Asks which values of rules that depend on cost are lower bounds. Each rule's question has the rule's own groups, filter
 * and window, so that the same pass over the store answers both.
 */
export function unpricedQuestions(
  available: ReadonlySet<Dimension>,
  rules: readonly Rule[],
  at: number,
  zone: string,
  store: Pick<Source, 'costPlace'> = {},
): UnpricedQuestions {
  const asked = costDependentRules(rules).map(({ rule, measure }) => {
    const { where, groupBy } = rule;
    return {
      rule,
      measure,
      query: { measures: [measure], where, groupBy, windows: [windowOfRule(rule, at, zone)] },
    };
  });
  // What is recorded has a cost, which says nothing of the list.
  const isByList = asked.some(({ measure }) => measure === 'list_cost_unknown');
  if (asked.length === 0) return { queries: [], valuesIn: () => NONE_LACKING };
  const window = hullOf(asked.flatMap(({ query }) => query.windows));
  return {
    queries: [unpricedCallsQuery(available, [window], store), ...asked.map(({ query }) => query)],
    valuesIn([whole, ...series]) {
      const all =
        whole === undefined || whole instanceof AppError ? null : unpricedCallsIn(whole, available, store);
      if (all?.calls === 0 && !isByList) return NONE_LACKING;
      const byRule = new Map(
        asked.map(({ rule, measure }, i) => [rule.name, callsByGroup(series[i], measure)]),
      );
      return {
        of: (rule, key) => byRule.get(rule.name)?.get(JSON.stringify(key)) ?? null,
        any: (rule) => (byRule.get(rule.name)?.size ?? 0) > 0,
        error: [whole, ...series].find((one) => one instanceof AppError)?.message ?? null,
        all: all === null || all.calls === 0 ? null : { ...all, window },
      };
    },
  };
}

export const EVERYTHING: Where = {};
const NONE_LACKING: UnpricedValues = { of: () => null, any: () => false, error: null, all: null };

/** Rules that depend on cost, and what counts the calls that their values lack. */
export function costDependentRules(
  rules: readonly Rule[],
): { readonly rule: Rule; readonly measure: Measure }[] {
  return rules.flatMap((rule) => {
    const measure = unpricedMeasure(rule.metric, rule.errors);
    return measure === null ? [] : [{ rule, measure }];
  });
}

/** All calls without a price of some windows, by model where the store records it. */
export function unpricedCallsQuery(
  available: ReadonlySet<Dimension>,
  windows: readonly Window[],
  store: Pick<Source, 'costPlace'>,
): Query {
  const groupBy = unpricedGroups(available);
  return { measures: unpricedCounts(store), where: EVERYTHING, groupBy, windows };
}

/** What counts calls without a price, and those of them whose cost is no number where the store takes such for unknown. */
export function unpricedCounts({ costPlace }: Pick<Source, 'costPlace'>): readonly Measure[] {
  return costPlace === undefined ? ['unpriced'] : ['unpriced', 'unreadable'];
}

/** Calls without a price are told by model where the store records it. */
export function unpricedGroups(available: ReadonlySet<Dimension>): readonly Dimension[] {
  return available.has('model') ? ['model'] : [];
}

/** The calls without a price in the first window. */
export function unpricedCallsIn(
  series: Series,
  available: ReadonlySet<Dimension>,
  { costPlace = '' }: Pick<Source, 'costPlace'>,
): UnpricedCalls {
  let unreadable = 0;
  const parts = series.keys.flatMap((key, group) => {
    const sums = series.cell(group, 0)?.sums ?? {};
    unreadable += Number((sums.unreadable ?? 0n) / ONE);
    const calls = Number((sums.unpriced ?? 0n) / ONE);
    return calls === 0 ? [] : [{ model: key[0] ?? null, calls }];
  });
  return {
    unreadable: unreadable === 0 ? null : { calls: unreadable, place: costPlace },
    calls: parts.reduce((sum, { calls }) => sum + calls, 0),
    models: available.has('model') ? parts.sort(mostCallsFirst) : [],
  };
}

/** Marks nothing when the series could not be read. */
function callsByGroup(series: Series | AppError | undefined, measure: Measure): ReadonlyMap<string, number> {
  if (series === undefined || series instanceof AppError) return new Map();
  return new Map(
    series.keys.flatMap((key, group): [string, number][] => {
      const calls = Number((series.cell(group, 0)?.sums[measure] ?? 0n) / ONE);
      return calls === 0 ? [] : [[JSON.stringify(key), calls]];
    }),
  );
}
