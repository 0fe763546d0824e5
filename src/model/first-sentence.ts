// The first sentence of an alert, for readers who know neither rule nor metric.

import { localDate, localTime } from './display-time.ts';
import { displayRounded } from './display-value.ts';
import { driverText } from './driver-text.ts';
import type { Finding } from './finding.ts';
import { localDay } from './local-time.ts';
import { toldPace } from './pace.ts';
import { describeQuantity, quantityOf } from './quantity.ts';
import { type Rule, windowOf } from './rule.ts';
import { subjectText } from './sentence-subject.ts';
import { belowOnlyIf, leastOf } from './unpriced-text.ts';
import { formatDuration, type Window, type WindowSpec, wholePeriod } from './window.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
/** A window that ends this much earlier is still the last one, and no more than a quarter of its length. */
const STILL_LAST_MS = 5 * MINUTE;

/**
 * What happened, in one or two sentences: `Service search spent $312.46 in the last hour, 3.1 times its limit of $100;
 * svc-indexer on gpt-4.1 makes up 96 %. At this rate: $7,500 a day.` `at` is the instant of the poll that tells it.
 */
export function firstSentence(rule: Rule, finding: Finding, at: number, zone: string): string {
  const { window } = finding;
  const [value, comparison] = finding.description.sentence;
  const says = describeQuantity(quantityOf(finding)).says.replace('{}', () => leastOf(finding, value));
  const doubt = belowOnlyIf(finding);
  const driver = driverText(rule, finding);
  const isNow = at - window.to <= Math.min(STILL_LAST_MS, (window.to - window.from) / 4);
  return [
    `${subjectText(rule, finding.key)} ${says} ${spanText(windowOf(rule, window), window, { at, isNow, zone })}, ${comparison}`,
    doubt === null ? '' : ` (${doubt})`,
    driver === null ? '' : `; ${driver}`,
    '.',
    isNow ? paceText(rule, finding) : '',
  ].join('');
}

interface Moment {
  readonly at: number;
  readonly isNow: boolean;
  readonly zone: string;
}

/** `in the last hour`, `today`, `in the 6 hours to 2026-11-20 02:05 UTC`, `on 2026-11-20`. */
function spanText(spec: WindowSpec, window: Window, { at, isNow, zone }: Moment): string {
  if (spec.kind === 'rolling') {
    const length = lengthText(spec.ms);
    return isNow ? `in the last ${length}` : `in the ${length} to ${localTime(window.to, zone)}`;
  }
  const from = localDate(window.from, zone);
  // The poll at its last midnight, and a late one, speak of a period that is over.
  const isOver = at >= wholePeriod(spec, window.to, zone).to;
  switch (spec.word) {
    case 'today':
      return isOver ? `on ${from}` : 'today';
    case 'yesterday':
      return localDay(window.from, zone) + 1 === localDay(at, zone) ? 'yesterday' : `on ${from}`;
    case 'this_week':
      return isOver ? `in the week from ${from}` : 'this week';
    case 'this_month':
      return isOver ? `in the month from ${from}` : 'this month';
    case 'this_quarter':
      return isOver ? `in the quarter from ${from}` : 'this quarter';
    case 'this_year':
      return isOver ? `in the year from ${from}` : 'this year';
  }
}

/** `hour`, `15 minutes`, `7 days`, `1h30m`: what follows "the last". */
export function lengthText(ms: number): string {
  const units = [
    [DAY, 'day'],
    [HOUR, 'hour'],
    [MINUTE, 'minute'],
    [1000, 'second'],
  ] as const;
  if (ms === DAY) return '24 hours';
  const [unit, name] = units.find(([length]) => ms >= length && ms % length === 0) ?? [0, ''];
  if (unit === 0) return formatDuration(ms);
  return ms === unit ? name : `${ms / unit} ${name}s`;
}

/** The present pace. A low value has none worth telling, and a whole day's value is its own. */
function paceText(rule: Rule, finding: Finding): string {
  const quantity = quantityOf(finding);
  const pace = toldPace(rule, finding);
  if (pace === null || pace <= 0n) return '';
  const { noun } = describeQuantity(quantity);
  return ` At this rate: ${displayRounded(quantity, pace)}${noun === '' ? '' : ` ${noun}`} a day.`;
}
