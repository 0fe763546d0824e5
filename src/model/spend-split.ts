// Splits a change in spend into calls, mix of models, length of calls, and price (pure).

import type { Fixed } from './money.ts';
import type { Window } from './window.ts';
import type { Against } from './window-before.ts';

/** The sums of one model in one window: calls, all its tokens, and its cost in the currency of the store. */
export interface ModelSums {
  readonly calls: Fixed;
  readonly tokens: Fixed;
  readonly cost: Fixed;
}

/** By model; null is NULL. */
export type SumsByModel = ReadonlyMap<string | null, ModelSums>;

/** The parts of a change in spend, in the currency of the store. They add up to `change` exactly. */
export interface SpendSplit {
  readonly before: Fixed;
  readonly now: Fixed;
  readonly change: Fixed;
  /** More or fewer calls, at the old cost per call. */
  readonly calls: Fixed;
  /** Other models, each at its old cost per call. */
  readonly mix: Fixed;
  /** Longer or shorter calls, at the old cost per token of each model. */
  readonly length: Fixed;
  /** Another cost per token: what is left. */
  readonly price: Fixed;
}

/** The split of a group's change from an earlier window. */
export interface GroupSplit extends SpendSplit {
  readonly window: Window;
  readonly against: Against;
  /** Calls in the earlier window, whatever is known of their cost. */
  readonly callsBefore: Fixed;
  /** Whether calls of either window have no known cost: they count as calls, and the split is of what is priced. */
  readonly isPartlyUnpriced: boolean;
}

/**
 * Splits the change in spend from an old window (0) to a new one (1). With N calls and C cost of a window and, per model, its
 * share of calls m, tokens per call t and cost per token p:
 *
 * - calls  = (N1 - N0) * C0 / N0
 * - mix    = N1 * sum of (m1 - m0) * (old cost per call of the model; of a model that is new, its new one)
 * - length = N1 * sum of m1 * (t1 - t0) * p0
 * - price  = the remainder
 *
 * N0 = 0: all is calls. A model that is new has no length, as all its cost is in mix; one without old tokens has no old cost
 * per token, so that what it changed is price. Computed with exact fractions and rounded to 10^-12, half to even.
 */
export function splitSpend(old: SumsByModel, now: SumsByModel): SpendSplit {
  const [total0, total1] = [totalOf(old), totalOf(now)];
  const change = total1.cost - total0.cost;
  const totals = { before: total0.cost, now: total1.cost, change };
  if (total0.calls === 0n) return { ...totals, calls: change, mix: 0n, length: 0n, price: 0n };
  const callsAtOldCost: Fraction = { over: total1.calls * total0.cost, under: total0.calls };
  const mixes: Fraction[] = [];
  const lengths: Fraction[] = [];
  for (const [model, sums] of now) {
    const before = old.get(model);
    if (before === undefined || before.calls === 0n) {
      mixes.push({ over: sums.cost, under: 1n });
      continue;
    }
    const atOldCost = { over: sums.calls * before.cost, under: before.calls };
    mixes.push(atOldCost);
    if (before.tokens === 0n) continue;
    lengths.push({ over: sums.tokens * before.cost, under: before.tokens }, negative(atOldCost));
  }
  const calls = rounded(plus(callsAtOldCost, { over: -total0.cost, under: 1n }));
  const mix = rounded(plus(sumOf(mixes), negative(callsAtOldCost)));
  const length = rounded(sumOf(lengths));
  return { ...totals, calls, mix, length, price: change - calls - mix - length };
}

function totalOf(models: SumsByModel): Pick<ModelSums, 'calls' | 'cost'> {
  let [calls, cost] = [0n, 0n];
  for (const sums of models.values()) {
    calls += sums.calls;
    cost += sums.cost;
  }
  return { calls, cost };
}

/** `under` is not 0. */
interface Fraction {
  readonly over: bigint;
  readonly under: bigint;
}

function negative({ over, under }: Fraction): Fraction {
  return { over: -over, under };
}

function plus(a: Fraction, b: Fraction): Fraction {
  if (a.under === b.under) return { over: a.over + b.over, under: a.under };
  return { over: a.over * b.under + b.over * a.under, under: a.under * b.under };
}

/** Halves are added up first: with thousands of models the denominators stay short for as long as they can. */
function sumOf(fractions: readonly Fraction[]): Fraction {
  const [first, second] = fractions;
  if (first === undefined) return { over: 0n, under: 1n };
  if (second === undefined) return first;
  const middle = fractions.length >> 1;
  return plus(sumOf(fractions.slice(0, middle)), sumOf(fractions.slice(middle)));
}

/** To a whole number, half to even. */
function rounded({ over, under }: Fraction): bigint {
  const [size, divisor] = [over < 0n ? -over : over, under < 0n ? -under : under];
  const isNegative = over < 0n !== under < 0n;
  const whole = size / divisor;
  const twice = (size % divisor) * 2n;
  const isUp = twice > divisor || (twice === divisor && whole % 2n === 1n);
  const result = whole + (isUp ? 1n : 0n);
  return isNegative ? -result : result;
}
