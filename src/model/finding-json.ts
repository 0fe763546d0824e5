// Findings and observations in the JSON of `check`, `backtest` and webhooks.

import { apportioned } from './apportion.ts';
import { type Finding, groupObject, NONE, type Others } from './finding.ts';
import type { FindingJson, ObservationJson } from './finding-schema.ts';
import { describeMetric } from './metric.ts';
import type { Sample } from './metric-value.ts';
import { divideRounded, type Fixed, toNumber } from './money.ts';
import type { Observation } from './observation.ts';
import type { Onset } from './onset.ts';
import { perDay } from './pace.ts';
import { describeQuantity, type Measuring, type Quantity, quantityOf } from './quantity.ts';
import type { Dimension } from './series.ts';
import type { GroupSplit } from './spend-split.ts';
import { isoInstant } from './window.ts';

/** Why and until when (ms) a finding is silenced. */
export interface Silenced {
  readonly reason: string;
  readonly until: number;
}

/** A finding as `check` prints it and webhooks carry it (docs/ci.md). */
export function findingJson(finding: Finding, silenced: Silenced | null = null): FindingJson {
  const { metric, window, unpriced, onset } = finding;
  const quantity = quantityOf(finding);
  const parts = Object.entries(finding.breakdown).map(([dimension, list]) => [
    dimension,
    list.map(({ key, value, unpriced: lacking }) => ({
      key: key ?? NONE,
      value: amount(metric, value),
      calls: value.calls,
      unpriced_calls: lacking,
    })),
  ]);
  const others = Object.entries(finding.others).map(([dimension, rest]) => [
    dimension,
    othersJson(metric, rest),
  ]);
  return {
    group: groupObject(finding.groupBy, finding.key),
    severity: finding.severity,
    metric: describeMetric(metric).name,
    unit: finding.unit,
    value: amount(quantity, finding.value),
    bound: boundOf(quantity, finding.bound),
    operator: finding.operator,
    window: { from: isoInstant(window.from), to: isoInstant(window.to) },
    onset: onset === null ? null : onsetJson(onset),
    // Every finding has these two fields. Rule types that use them overwrite them.
    baseline: null,
    zscore: null,
    ...finding.description.fields,
    breakdown: Object.fromEntries(parts),
    others: others.length === 0 ? undefined : Object.fromEntries(others),
    calls: finding.value.calls,
    per_day: perDay(finding),
    yesterday: earlier(metric, finding.yesterday),
    week_ago: earlier(metric, finding.weekAgo),
    split: finding.split === null ? undefined : splitJson(finding.split),
    unpriced: unpriced === null ? undefined : { calls: unpriced.calls, models: unpriced.models },
    estimated_share: finding.estimatedShare,
    silenced: silenced === null ? undefined : { reason: silenced.reason, until: isoInstant(silenced.until) },
  };
}

function onsetJson({ at, beforePerHour, afterPerHour }: Onset) {
  return { at: isoInstant(at), before_per_hour: beforePerHour, after_per_hour: afterPerHour };
}

function othersJson(metric: Quantity, { credits, ...others }: Others) {
  return {
    ...restJson(metric, others),
    credits: credits === null ? undefined : restJson(metric, credits),
  };
}

function restJson(metric: Quantity, { keys, value, calls, unpriced }: Omit<Others, 'credits'>) {
  return { keys, value: value === null ? null : amount(metric, value), calls, unpriced_calls: unpriced };
}

const MICRO = 10n ** 6n;

/** To the micro-dollar the parts add up to the change, and the change is what the values differ by. */
function splitJson({ window, before, now, calls, mix, length, price }: GroupSplit) {
  const rounded = (amount: Fixed): Fixed => divideRounded(amount, MICRO) * MICRO;
  const change = rounded(now) - rounded(before);
  const [ofCalls = 0n, ofMix = 0n, ofLength = 0n, ofPrice = 0n] = apportioned(
    [calls, mix, length, price],
    MICRO,
    change / MICRO,
  );
  return {
    against: { from: isoInstant(window.from), to: isoInstant(window.to) },
    before,
    now,
    change,
    calls: ofCalls * MICRO,
    mix: ofMix * MICRO,
    length: ofLength * MICRO,
    price: ofPrice * MICRO,
  };
}

/** Left out where it is not known. */
function earlier(metric: Quantity, sample: Sample | null): Fixed | number | undefined {
  return sample === null ? undefined : amount(metric, sample);
}

/** An entry of `observed`: a group, its value, and how many calls without a price the value lacks. */
export function observationJson(
  rule: Measuring & { readonly groupBy: readonly Dimension[] },
  { key, value }: Observation,
  unpricedCalls: number | null = null,
): ObservationJson {
  return {
    group: groupObject(rule.groupBy, key),
    value: amount(quantityOf(rule), value),
    unpriced_calls: unpricedCalls ?? undefined,
  };
}

/** Sums are exact decimals; ratios, averages and percentiles are plain doubles (docs/ci.md). */
function amount(quantity: Quantity, sample: Sample): Fixed | number {
  return describeQuantity(quantity).additive ? sample.fixed : sample.number;
}

/** A limit on a ratio may be finer than a micro-dollar, so it keeps all its digits. */
function boundOf(quantity: Quantity, bound: Fixed): Fixed | number {
  return describeQuantity(quantity).additive ? bound : toNumber(bound);
}
