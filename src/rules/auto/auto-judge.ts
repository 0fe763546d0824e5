// How an automatic anomaly rule compares the last hours with the same hours of the week.

import { localClock } from '../../model/display-time.ts';
import type { Firing, Judgement } from '../../model/finding.ts';
import { localDay } from '../../model/local-time.ts';
import { measured } from '../../model/metric-value.ts';
import { fixedFromNumber } from '../../model/money.ts';
import { ESTIMATE_MARGIN, type GroupKey, type Query, type Series } from '../../model/series.ts';
import { type Window, windowAt } from '../../model/window.ts';
import { judgementOf } from '../rule-judgement.ts';
import type { RuleContext } from '../rule-type.ts';
import { autoMeasures, pastOf } from './auto-history.ts';
import type { AutoObservation, AutoRule, JudgedWindow } from './auto-rule.ts';
import { HOUR } from './hourly.ts';
import { type Line, type Lines, lineBetween, scoreOf } from './line.ts';

const HIGHEST_SCORE = 999;
const WEEKDAYS = ['Thursday', 'Friday', 'Saturday', 'Sunday', 'Monday', 'Tuesday', 'Wednesday'];

export function queryAuto(rule: AutoRule, { at, zone }: RuleContext): Query[] {
  const to = Math.floor(at / HOUR) * HOUR;
  const measures = autoMeasures(rule);
  return [
    {
      measures: measures.windows,
      where: rule.where,
      groupBy: rule.groupBy,
      windows: rule.judged.map(({ spec }) => windowAt(spec, at, zone)),
      hours: { to, counts: measures.hours },
    },
  ];
}

export function judgeAuto(
  rule: AutoRule,
  { at, zone }: RuleContext,
  [series]: readonly Series[],
): Judgement<AutoObservation> {
  const { hours } = series ?? {};
  if (series === undefined || hours === undefined) throw new RangeError('an automatic anomaly needs hours');
  const moment = momentOf(at, zone);
  const windows = rule.judged.map(({ spec }) => windowAt(spec, at, zone));
  const { sample, estimates } = measured(rule.metric, rule.errors);
  const sums = windows.map((_, place) => estimates(series, place));
  const groups: number[] = [];
  const numbers: number[] = [];
  const firing: Firing<AutoObservation>[] = [];
  const observe = (group: number): AutoObservation | null => {
    const { lines } = pastOf(rule, hours, group, zone);
    const found = rule.judged.map((judged, place) =>
      compared(judged, lines[place] as Lines, moment, {
        key: series.keys[group] as GroupKey,
        value: sample(series.cell(group, place)) ?? NOTHING,
        window: windows[place] as Window,
      }),
    );
    return furthest(rule, found);
  };
  for (let group = 0; group < series.keys.length; group += 1) {
    const past = pastOf(rule, hours, group, zone);
    const quietBelow = past.quietBelow(moment.hour - 1, moment.part === 0 ? moment.hour - 1 : moment.hour);
    if (quietBelow.every((amount) => amount === Number.POSITIVE_INFINITY)) continue;
    groups.push(group);
    numbers.push(sums[0]?.[group] as number);
    if (quietBelow.every((amount, place) => upper(sums[place]?.[group] as number) < amount)) continue;
    const observation = observe(group);
    if (observation !== null && fires(rule, observation)) {
      const bound = fixedFromNumber(observation.baseline.high);
      firing.push({ ...observation, steps: [{ severity: rule.severity, bound, operator: '>=' }] });
    }
  }
  return judgementOf({
    series,
    groups,
    numbers,
    firing,
    quiet: groups.length > 0 ? 'ok' : 'no_data',
    observe: (group) => observe(group) as AutoObservation,
    worsens: null,
  });
}

const NOTHING = { fixed: 0n, number: 0, calls: 0 };
/** The hour that an instant falls into, and how much of it is over. */
interface Moment {
  readonly hour: number;
  readonly part: number;
  readonly weekday: string;
  readonly clock: string;
}

/** At full hours the line of the hour that has ended; between them, the line moves towards that of the next. */
function lineAt(lines: Lines, { hour, part }: Moment): Line | null {
  const first = lines.at(hour - 1);
  if (first === null || part === 0) return first;
  const second = lines.at(hour);
  return second === null ? first : lineBetween(first, second, part);
}

/** An estimate, and what it may lack. */
function upper(estimate: number): number {
  return estimate + ESTIMATE_MARGIN * (1 + Math.abs(estimate));
}

/** A value with the line of its window; null with too little history. */
function compared(
  judged: JudgedWindow,
  lines: Lines,
  moment: Moment,
  group: Pick<AutoObservation, 'key' | 'value' | 'window'>,
): AutoObservation | null {
  const line = lineAt(lines, moment);
  if (line === null) return null;
  const { usual, low, bound, days, level, hasWeek } = line;
  const score = clamped(scoreOf(Math.max(0, group.value.number), line, judged.zscore));
  // The score is a double and may fall just short of a bound that was reached exactly.
  const zscore = group.value.fixed >= fixedFromNumber(bound) ? Math.max(score, judged.zscore) : score;
  const { weekday, clock } = moment;
  return {
    ...group,
    badness: fixedFromNumber(zscore - judged.zscore),
    baseline: { usual, low, high: bound, n: days },
    zscore,
    judged,
    level,
    hasWeek,
    weekday,
    clock,
  };
}

/** The window that is further over its line; one that fires comes before one that does not. */
function furthest(rule: AutoRule, found: readonly (AutoObservation | null)[]): AutoObservation | null {
  let worst: AutoObservation | null = null;
  for (const one of found) {
    if (one === null) continue;
    const byFiring = worst === null ? 1 : Number(fires(rule, one)) - Number(fires(rule, worst));
    if (worst === null || byFiring > 0 || (byFiring === 0 && one.badness > worst.badness)) worst = one;
  }
  return worst;
}

function fires({ minCalls }: AutoRule, { value, baseline }: AutoObservation): boolean {
  return value.calls >= minCalls && value.fixed >= fixedFromNumber(baseline.high);
}

function momentOf(at: number, zone: string): Moment {
  const hour = Math.floor(at / HOUR);
  // For people: the full hour that is nearest to the window.
  const end = Math.round(at / HOUR) * HOUR;
  const weekday = WEEKDAYS[((localDay(end - 1, zone) % 7) + 7) % 7] as string;
  const clock = `${localClock(end - HOUR, zone)} to ${localClock(end, zone)}`;
  return { hour, part: (at % HOUR) / HOUR, weekday, clock };
}

function clamped(score: number): number {
  return Math.max(-HIGHEST_SCORE, Math.min(HIGHEST_SCORE, Number.isNaN(score) ? -HIGHEST_SCORE : score));
}
