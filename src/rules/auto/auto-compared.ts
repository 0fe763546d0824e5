// The same hours on earlier days, for people who ask what an automatic anomaly rule compares with.

import { daysBefore } from '../../model/local-time.ts';
import { fixedFromNumber } from '../../model/money.ts';
import type { Observation } from '../../model/observation.ts';
import { EMPTY_SERIES, groupIn, type Series } from '../../model/series.ts';
import type { ComparedPeriod, RuleContext } from '../rule-type.ts';
import { hourMeasures } from './auto-history.ts';
import type { AutoRule } from './auto-rule.ts';

const HOUR = 3_600_000;
/** The days of the baseline; older ones only tell whether a level is new. */
const DAYS = 28;

/** The whole hours of the observation's window, at the same local time on each earlier day of the group's history. */
export function autoPeriods(
  rule: AutoRule,
  { zone }: RuleContext,
  [series = EMPTY_SERIES]: readonly Series[],
  { key, window }: Pick<Observation, 'key' | 'window'>,
): ComparedPeriod[] {
  const group = groupIn(series, key);
  const { hours } = series;
  if (group < 0 || hours === undefined) return [];
  const columns = hourMeasures(rule).terms.map((measure) => hours.of(group, measure));
  const sumOf = (from: number, to: number): number => {
    let sum = 0;
    for (const column of columns) {
      const end = column.length - (hours.to - to) / HOUR;
      for (let i = Math.max(0, end - (to - from) / HOUR); i < end; i += 1) sum += column[i] as number;
    }
    return sum;
  };
  const first = firstHour(columns, hours.to);
  const periods: ComparedPeriod[] = [];
  for (let day = 1; day <= DAYS; day += 1) {
    const to = Math.floor(daysBefore(hours.to, day, zone) / HOUR) * HOUR;
    const from = to - (window.to - window.from);
    if (to <= first) break;
    periods.push({ window: { from, to }, value: fixedFromNumber(sumOf(from, to)) });
  }
  return periods;
}

/** The beginning of the first hour with a value, ms. */
function firstHour(columns: readonly Float64Array[], to: number): number {
  let first = to;
  for (const column of columns) {
    const place = column.findIndex((sum) => sum !== 0);
    if (place >= 0) first = Math.min(first, to - (column.length - place) * HOUR);
  }
  return first;
}
