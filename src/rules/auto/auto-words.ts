// Describes an automatic anomaly rule's limit and findings.

import {
  displayAgainst,
  displayPhrase,
  displayRounded,
  displayValue,
  displayZscore,
  withoutZeroCents,
} from '../../model/display-value.ts';
import { type Description, type Firing, topStep } from '../../model/finding.ts';
import { type Fixed, fixedFromNumber } from '../../model/money.ts';
import type { Band } from '../rule-type.ts';
import { timesText } from '../rule-words.ts';
import type { AutoObservation, AutoRule } from './auto-rule.ts';

/** `auto, z 3` */
export function autoLimitText({ zscore }: AutoRule): string {
  return `auto, z ${zscore}`;
}

export function describeAuto({ metric }: AutoRule, firing: Firing<AutoObservation>): Description {
  const { value, baseline, zscore } = firing;
  const { bound, operator } = topStep(firing);
  const shown = (amount: number): string => displayValue(metric, fixedFromNumber(amount));
  const round = (amount: number): string => displayRounded(metric, fixedFromNumber(amount));
  const z = displayZscore(zscore);
  const phrase = displayPhrase(metric, displayValue(metric, value.fixed));
  const [compared, limit] = displayAgainst(metric, value.fixed, bound);
  const usual = fixedFromNumber(baseline.usual);
  const range = `usually ${round(baseline.low)} to ${round(baseline.high)} ${whenText(firing)}`;
  const times = timesText(value.fixed, usual);
  return {
    value: phrase,
    reason: range,
    comparison: [displayPhrase(metric, compared), `${operator} ${limit}`],
    note: `z ${z}`,
    sentence: [
      withoutZeroCents(displayValue(metric, value.fixed)),
      comparedText(value.fixed, usual, withoutZeroCents(shown(baseline.usual)), times),
    ],
    facts: [
      ['Value', phrase],
      [
        'Usually',
        `${shown(baseline.usual)}; between ${shown(baseline.low)} and ${shown(baseline.high)} (${hoursText(firing)})`,
      ],
      [
        'Fires from',
        `${displayValue(metric, bound)}${times === null ? '' : `; this is ${times} times the usual`}`,
      ],
    ],
    judged: [['z', `${z}: so many deviations from the usual`]],
    lines: [`${range}, z ${z}`],
    fields: { baseline: { ...baseline }, zscore },
  };
}

function comparedText(value: Fixed, usual: Fixed, shown: string, times: string | null): string {
  if (times !== null) return `${times} times the usual ${shown}`;
  return `${value < usual ? 'below' : 'above'} the usual ${shown}`;
}

/** `at this hour of a Friday`, `at this hour of the day`, `in 24 h ending at this hour`. */
function whenText({ judged, hasWeek, weekday }: AutoObservation): string {
  if (judged.hours > 1) return `in ${judged.hours} h ending at this hour`;
  return hasWeek ? `at this hour of a ${weekday}` : 'at this hour of the day';
}

/** `Fridays 01:00 to 02:00 of the last 12 weeks, and hours like it`. */
function hoursText({ judged, hasWeek, weekday, clock, baseline, level }: AutoObservation): string {
  const weeks = Math.floor(baseline.n / 7);
  const span = weeks === 1 ? 'week' : `${weeks} weeks`;
  const hours = judged.hours > 1 ? `${judged.hours} h to ${clock.split(' to ')[1]}` : clock;
  const since = level > 0 ? ', since the level of the last three days' : '';
  return hasWeek
    ? `${weekday}s ${hours} of the last ${span}, and hours like it${since}`
    : `${hours} of the last ${baseline.n} days${since}`;
}

export function autoBand({ baseline: { usual, low, high } }: AutoObservation): Band {
  return { low, mean: usual, high };
}
