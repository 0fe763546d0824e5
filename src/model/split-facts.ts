// What messages tell of a change in spend: how large it is, and what it is made of.

import { apportioned } from './apportion.ts';
import { beforeText, percentText } from './change-text.ts';
import { localSpan } from './display-time.ts';
import { displayCount, displaySigned, displayValue } from './display-value.ts';
import type { Finding } from './finding.ts';
import type { Fact } from './message.ts';
import { describeMetric } from './metric.ts';
import { divideRounded, FIXED_DIGITS, type Fixed, sizeOf } from './money.ts';
import { type Rule, windowOf } from './rule.ts';
import type { GroupSplit, SpendSplit } from './spend-split.ts';
import { earlierWindow, isWritten } from './window.ts';

/** From so many times the value before, factors say more than percents. */
const MANY_TIMES = 100n;
/** Parts of less than so many of the smallest coin would be rounding. */
const LEAST_COINS = 10n;
/** A change of less than this part of the larger value explains nothing. */
const LEAST_PART = 10n;

/**
 * How the value compares with an earlier window: `+340 % on the hour before: $71.01`. Null where that is not known, or the
 * facts of its rule type say it. A value before that another fact has is not said again.
 */
export function changeFact(rule: Rule, finding: Finding, zone: string): Fact | null {
  const { split, metric, description } = finding;
  if (split === null || description.isCompared || split.before < 0n || split.now < 0n) return null;
  const { before, now, window, callsBefore } = split;
  const spec = windowOf(rule, finding.window);
  if (!isWritten(spec)) return null;
  const name = beforeText(spec, split.against);
  // Of a calendar window it is the part that has elapsed of the other one.
  const span = spec.kind === 'rolling' ? '' : localSpan(window.from, window.to, zone);
  const isSaid = isSameWindow(rule, finding, split, zone);
  const during = `${name}${span === '' ? '' : ` (${span})`}`;
  if (before === 0n && callsBefore > 0n) return ['Change', `no known cost of the calls in ${during}`];
  if (before === 0n) return isSaid ? null : ['Change', `nothing recorded in ${during}`];
  const then = displayValue(metric, before);
  const part = ofPriced(finding);
  if (then === displayValue(metric, now)) return ['Change', `none${part} on ${name}`];
  const change =
    now >= before * MANY_TIMES
      ? `${displayCount(Number(now / before))} times that of ${name}${part === '' ? '' : `,${part}`}`
      : `${percentText(now, before)}${part} on ${name}`;
  return ['Change', isSaid ? change : `${change}: ${then}${span === '' ? '' : ` from ${span}`}`];
}

/** Said of a change where calls of either window have no price. */
function ofPriced({ unpriced, split }: Pick<Finding, 'unpriced' | 'split'>): string {
  return unpriced === null && split?.isPartlyUnpriced !== true ? '' : ' of what is priced';
}

/** Whether the window before is one of those whose values the fact of earlier days has. */
function isSameWindow(
  rule: Rule,
  { window, yesterday, weekAgo }: Finding,
  split: GroupSplit,
  zone: string,
): boolean {
  const spec = windowOf(rule, window);
  const days = [...(yesterday === null ? [] : [1]), ...(weekAgo === null ? [] : [7])];
  return days.some((one) => {
    const { from, to } = earlierWindow(spec, window, one, zone);
    return from === split.window.from && to === split.window.to;
  });
}

/** By part, why there is more and why there is less. */
const REASONS = {
  calls: ['more calls', 'fewer calls'],
  mix: ['dearer models', 'cheaper models'],
  length: ['longer calls', 'shorter calls'],
  price: ['a higher cost per token', 'a lower cost per token'],
} as const;
const PARTS = ['calls', 'mix', 'length', 'price'] as const;

/**
 * What a change is made of, the largest part first: `+$269.10: +$240.10 from more calls, +$31.05 from dearer models, -$2.05 from
 * shorter calls`. To the smallest coin, the parts add up to the change, and the change is the difference of
 * the values as they are shown. Null where that says nothing: of a small change, and where there was nothing before.
 */
export function whyFact(finding: Pick<Finding, 'split' | 'metric' | 'unpriced'>): Fact | null {
  const { split, metric } = finding;
  if (split === null || split.before <= 0n || split.now < 0n) return null;
  const coin = 10n ** BigInt(FIXED_DIGITS - describeMetric(metric).places);
  const change = divideRounded(split.now, coin) - divideRounded(split.before, coin);
  const size = sizeOf(change);
  if (size < LEAST_COINS || [split.now, split.before].some((value) => size * coin * LEAST_PART < value))
    return null;
  const parts = splitParts(split, coin, change);
  const [only, ...more] = parts;
  const whole = `${displaySigned(metric, change * coin)}${ofPriced(finding)}`;
  if (only !== undefined && more.length === 0) return ['Why', `${whole}, all from ${only.reason}`];
  const shown = parts.map(({ amount, reason }) => `${displaySigned(metric, amount)} from ${reason}`);
  return ['Why', `${whole}: ${shown.join(', ')}`];
}

/** A part of a change in spend: `more calls`. */
export interface SplitPart {
  readonly amount: Fixed;
  readonly reason: string;
}

/** The parts of a split in whole coins that add up to `change`, which is in coins; the largest first, and none of nothing. */
export function splitParts(split: SpendSplit, coin: Fixed, change: bigint): SplitPart[] {
  const coins = apportioned(
    PARTS.map((part) => split[part]),
    coin,
    change,
  );
  return PARTS.map((part, i) => ({ part, amount: (coins[i] as bigint) * coin }))
    .filter(({ amount }) => amount !== 0n)
    .sort((a, b) => Number(sizeOf(b.amount) - sizeOf(a.amount)))
    .map(({ part, amount }) => ({ amount, reason: REASONS[part][amount > 0n ? 0 : 1] }));
}
