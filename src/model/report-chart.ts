// The picture of a report: the spend of each day, and the period before.

import { niceTicks } from './axis.ts';
import type { DaysChart } from './chart.ts';
import { displayText } from './display-text.ts';
import { monthName, shortDayName, weekdayName } from './display-time.ts';
import { largestOf, smallestOf } from './extremes.ts';
import { inCurrency } from './metric.ts';
import { formatMoney, toNumber } from './money.ts';
import type { Report } from './report.ts';
import { inWholePeriod } from './report-words.ts';
import { tickLabel } from './tick-label.ts';
import type { Window } from './window.ts';

/** The days of the period as bars; null for a single day, and where nothing was spent. */
export function daysChart(report: Report): DaysChart | null {
  const { window, before, days, spend, currency, zone, period } = report;
  const within = (whole: Window) =>
    days.filter((day) => day.window.from >= whole.from && day.window.to <= whole.to);
  const [now, earlier] = [within(window), within(before)];
  const value = (day: (typeof days)[number] | undefined): number | null =>
    day === undefined ? null : Number(toNumber(day.spend).toPrecision(6));
  const shown = Array.from({ length: Math.max(now.length, earlier.length) }, (_, i) => {
    const at = (now[i] ?? earlier[i])?.window.from ?? window.from;
    const label = period === 'week' ? weekdayName(at, zone).slice(0, 3) : String(i + 1);
    return { label, value: value(now[i]), before: value(earlier[i]) };
  });
  const values = shown.flatMap((day) => [day.value ?? 0, day.before ?? 0]);
  if (now.length < 2 || values.every((one) => one === 0)) return null;
  const metric = inCurrency('spend', currency);
  const plainTitle = 'spend per day';
  const span = inWholePeriod(report);
  const sum = formatMoney(spend.now, currency);
  return {
    kind: 'days',
    title: `${displayText(report.name)}: ${plainTitle}`,
    plainTitle,
    days: shown,
    now: `${period === 'month' ? monthName(window.from, zone) : `${shortDayName(window.from, zone)} to ${shortDayName(window.to - 1, zone)}`}: ${sum}`,
    before: spend.before === null ? null : `${period} before: ${formatMoney(spend.before, currency)}`,
    ticks: niceTicks(smallestOf([0, ...values]), largestOf([0, ...values])).map((one) => ({
      value: one,
      label: tickLabel(metric, one),
    })),
    alt: `Chart of the spend per day ${span}: ${sum} in all.`,
  };
}
