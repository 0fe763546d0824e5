// Counts a day's calls without a price, and whether a rule watches them.

import type { Measure } from './measure.ts';
import { type Fixed, ONE } from './money.ts';
import type { Rule } from './rule.ts';
import type { Condition } from './series.ts';
import { mostCallsFirst } from './unpriced-text.ts';

/** The calls of an hour by model; undefined for a store that records none. */
export type HourOfCalls = readonly {
  readonly model: string | null | undefined;
  readonly sums: Readonly<Partial<Record<Measure, Fixed>>>;
}[];

/** A day's calls and tokens, and those of them without a price. */
export interface UnpricedDay {
  readonly calls: number;
  readonly tokens: number;
  readonly unpricedCalls: number;
  readonly unpricedTokens: number;
  /** Those of the calls without a price whose cost is recorded, but is no number. */
  readonly unreadableCalls: number;
  /** Those without a price, the most calls first. */
  readonly models: readonly UnpricedOfModel[];
  /** Whether enough calls have no price to notify people, and no rule watches them. */
  readonly mustNotify: boolean;
}

/** `model` is undefined for a store that records none. */
export interface UnpricedOfModel {
  readonly model: string | null | undefined;
  readonly calls: number;
  readonly tokens: number;
}

/** People are notified when one in this many calls, or tokens, has no price. */
const PART = 100;

export function unpricedDay(hours: readonly HourOfCalls[], rules: readonly Rule[]): UnpricedDay {
  let calls = 0;
  let tokens = 0;
  let unreadableCalls = 0;
  const models = new Map<string | null | undefined, { calls: number; tokens: number }>();
  for (const { model, sums } of hours.flat()) {
    const count = (...measures: Measure[]): number =>
      measures.reduce((sum, measure) => sum + Number((sums[measure] ?? 0n) / ONE), 0);
    calls += count('calls');
    tokens += count('input_tokens', 'output_tokens');
    unreadableCalls += count('unreadable');
    const lacking = { calls: count('unpriced'), tokens: count('unpriced_tokens') };
    if (lacking.calls === 0) continue;
    const known = models.get(model) ?? { calls: 0, tokens: 0 };
    models.set(model, { calls: known.calls + lacking.calls, tokens: known.tokens + lacking.tokens });
  }
  const all = [...models].map(([model, lacking]) => ({ model, ...lacking })).sort(mostCallsFirst);
  const unwatched = all.filter(({ model }) => !rules.some((rule) => watches(rule, model)));
  const counts = (part: number, whole: number): boolean => part > 0 && part * PART >= whole;
  return {
    calls,
    tokens,
    unpricedCalls: sumOf(all, 'calls'),
    unpricedTokens: sumOf(all, 'tokens'),
    unreadableCalls,
    models: all,
    mustNotify: counts(sumOf(unwatched, 'calls'), calls) || counts(sumOf(unwatched, 'tokens'), tokens),
  };
}

/** Whether a rule counts all calls without a price of a model. Its filter may name models, and nothing else. */
function watches({ enabled, metric, where }: Rule, model: string | null | undefined): boolean {
  if (!enabled || metric !== 'unpriced_calls') return false;
  return Object.entries(where).every(
    ([dimension, condition]) => dimension === 'model' && model !== undefined && fits(condition, model),
  );
}

function fits(condition: Condition, value: string | null): boolean {
  return 'in' in condition ? condition.in.includes(value) : !condition.notIn.includes(value);
}

function sumOf(models: readonly UnpricedOfModel[], of: 'calls' | 'tokens'): number {
  return models.reduce((sum, one) => sum + one[of], 0);
}
