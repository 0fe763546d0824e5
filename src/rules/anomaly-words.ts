// Describes an anomaly rule's limit and findings.

import {
  displayAgainst,
  displayPhrase,
  displayValue,
  displayZscore,
  withoutZeroCents,
} from '../model/display-value.ts';
import { type Description, type Firing, topStep } from '../model/finding.ts';
import { fixedFromNumber, toNumber } from '../model/money.ts';
import type { AnomalyObservation, AnomalyRule } from './anomaly-rule.ts';
import type { Band, Perfdata } from './rule-type.ts';
import { firingText, perfdataBySeverity, timesText } from './rule-words.ts';

/** `z 3 over 28d` */
export function anomalyLimitText({ zscore, baselineDays }: AnomalyRule): string {
  return `z ${zscore} over ${baselineDays}d`;
}

/** Describes a value that lies too far from the usual one. */
export function describeAnomaly({ metric }: AnomalyRule, firing: Firing<AnomalyObservation>): Description {
  const { value, baseline, zscore } = firing;
  const { severity, bound, operator } = topStep(firing);
  const { mean, stddev, floor, n } = baseline;
  const shown = (amount: number): string => displayValue(metric, fixedFromNumber(amount));
  const z = displayZscore(zscore);
  // Nobody chose this bound, so the value is not shown with extra digits to distinguish it.
  const phrase = displayPhrase(metric, displayValue(metric, value.fixed));
  const [compared, limit] = displayAgainst(metric, value.fixed, bound);
  const floored = floor > stddev ? ` (raised to the floor of ${shown(floor)})` : '';
  return {
    value: phrase,
    reason: `usually ${shown(mean)}, z ${z}`,
    comparison: [displayPhrase(metric, compared), `${operator} ${limit}`],
    note: `z ${z}`,
    sentence: [
      withoutZeroCents(displayValue(metric, value.fixed)),
      usualText(value.fixed, fixedFromNumber(mean), withoutZeroCents(shown(mean))),
    ],
    facts: [
      ['Value', phrase],
      ['Usually', `${shown(mean)}, the mean of the same window on ${n} earlier days`],
      ['Limit', `here ${firingText(operator, displayValue(metric, bound))} is ${severity}`],
    ],
    judged: [
      ['z', `${z}: so many deviations from the usual`],
      ['Deviation', `${shown(stddev)}${floored}`],
    ],
    lines: [`usually ${shown(mean)} ± ${shown(stddev)} (floor ${shown(floor)}) over ${n} days, z ${z}`],
    fields: { baseline: { mean, stddev, floor, n }, zscore },
  };
}

/** `10 times the usual $41.20`, `12 % of the usual $41.20`. */
function usualText(value: bigint, mean: bigint, usual: string): string {
  const times = timesText(value, mean);
  if (times !== null) return `${times} times the usual ${usual}`;
  if (value >= mean || value < 0n || mean <= 0n)
    return `${value < mean ? 'below' : 'above'} the usual ${usual}`;
  return `${(value * 100n) / mean} % of the usual ${usual}`;
}

/** The score, with the rule's own score as the limit of its severity. */
export function anomalyPerfdata(
  { severity, zscore }: Pick<AnomalyRule, 'severity' | 'zscore'>,
  worst: Pick<AnomalyObservation, 'zscore'> | undefined,
): Perfdata {
  const value = worst === undefined ? null : String(worst.zscore);
  return perfdataBySeverity(value, (one) => (one === severity ? String(zscore) : null));
}

/** The mean, and how far from it a value must lie. The guards widen the distance of the score, as in the judgement. */
export function anomalyBand(
  { zscore, minChange, minChangePct, direction }: AnomalyRule,
  { baseline: { mean, stddev, floor } }: AnomalyObservation,
): Band {
  const distance = Math.max(
    zscore * Math.max(stddev, floor),
    toNumber(minChange),
    (Math.abs(mean) * minChangePct) / 100,
  );
  return {
    low: direction === 'up' ? null : mean - distance,
    mean,
    high: direction === 'down' ? null : mean + distance,
  };
}
