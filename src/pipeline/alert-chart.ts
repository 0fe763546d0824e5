// Makes the chart of an alert of the values that were read.

import { windowText } from '../model/alert-section.ts';
import { niceTicks } from '../model/axis.ts';
import type { Chart } from '../model/chart.ts';
import { localSpan, localTime } from '../model/display-time.ts';
import { displayPhrase, displayValue, withoutZeroCents } from '../model/display-value.ts';
import { largestOf, smallestOf } from '../model/extremes.ts';
import { type Firing, topStep } from '../model/finding.ts';
import { groupWithKinds } from '../model/group-label.ts';
import { fixedFromNumber, toNumber } from '../model/money.ts';
import type { Onset } from '../model/onset.ts';
import { describeQuantity, quantityName, quantityOf } from '../model/quantity.ts';
import { firesBelow, type Rule, windowOf } from '../model/rule.ts';
import { tickLabel } from '../model/tick-label.ts';

import { ruleTypeOf } from '../rules/index.ts';

/** What the chart of an alert is made of. */
export interface Charted {
  readonly rule: Rule;
  readonly firing: Firing;
  readonly zone: string;
  /** By ascending instant; null where there was no value. */
  readonly values: readonly (readonly [at: number, value: number | null])[];
  readonly onset: Onset | null;
}

/** A limit this many times above every value would flatten the line. */
const ROOM = 3;

/** The chart of an alert; null where there is no line to draw. */
export function alertChart(charted: Charted): Chart | null {
  const { rule, firing, zone, values, onset } = charted;
  const quantity = quantityOf(rule);
  const points = values.map(([at, value]) => [at, value === null ? null : rounded(value)] as const);
  const known = points.flatMap(([, value]) => (value === null ? [] : [value]));
  if (known.length < 2) return null;
  const plainTitle = `${quantityName(quantity)} ${windowText(windowOf(rule, firing.window))}`;
  const group = groupWithKinds(rule.groupBy, firing.key);
  const highest = largestOf(known);
  const limits = limitsOf(charted).filter(({ value }) => value <= ROOM * highest);
  const usual = usualOf(charted);
  const levels = [...known, ...limits.map(({ value }) => value), usual?.high ?? 0, usual?.mean ?? 0];
  const { additive, money } = describeQuantity(quantity);
  const isCount = additive && !money;
  return {
    title: group === '' ? plainTitle : `${group}: ${plainTitle}`,
    plainTitle,
    zone,
    points,
    last: displayValue(quantity, firing.value.fixed),
    ticks: niceTicks(Math.min(0, smallestOf(levels)), largestOf(levels), isCount ? 1 : 0).map((value) => ({
      value,
      label: tickLabel(quantity, value),
    })),
    limits,
    usual,
    onset: onset?.at ?? null,
    window: firing.window,
    alt: altText(charted, group === '' ? plainTitle : `${plainTitle} of ${group}`),
  };
}

function limitsOf({ rule, firing }: Charted): Chart['limits'] {
  const type = ruleTypeOf(rule);
  const steps = type.fixedLimits?.(rule).steps ?? type.groupLimits?.(rule, firing) ?? [];
  return steps.map(({ severity, bound }) => ({
    severity,
    value: toNumber(bound),
    label: `${steps.length === 1 ? 'limit' : severity} ${withoutZeroCents(displayValue(quantityOf(rule), bound))}`,
  }));
}

function usualOf({ rule, firing }: Charted): Chart['usual'] {
  const type = ruleTypeOf(rule);
  const band = type.band?.(rule, firing);
  if (band === undefined) return null;
  const { low, mean, high } = band;
  return {
    low,
    mean,
    high,
    label: `${type.bandName ?? 'usual'} ${displayValue(quantityOf(rule), fixedFromNumber(mean))}`,
  };
}

function altText({ rule, firing, zone, values, onset }: Charted, subject: string): string {
  const quantity = quantityOf(rule);
  const [first, last] = [values[0]?.[0] ?? 0, values.at(-1)?.[0] ?? 0];
  const step = topStep(firing);
  const value = displayPhrase(quantity, displayValue(quantity, firing.value.fixed));
  const isOver = firing.value.fixed >= step.bound && !firesBelow(step.operator);
  const side = firing.value.fixed === step.bound ? 'at' : isOver ? 'above' : 'below';
  // No calls at the end are below nothing.
  const limit = step.bound === 0n && side === 'at' ? '' : `, ${side} ${displayValue(quantity, step.bound)}`;
  const began = onset === null ? '' : ` It began about ${localTime(onset.at, zone)}.`;
  return `Chart of ${subject}, ${localSpan(first, last, zone)}: ${value} at the end${limit}.${began}`;
}

/** Six digits are more than a picture shows. */
function rounded(value: number): number {
  return Number(value.toPrecision(6));
}
