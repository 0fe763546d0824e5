// The period of a budget: its window, and its name for people.

import { Temporal } from 'temporal-polyfill';
import type { CalendarWindow, CalendarWord } from '../../model/window.ts';
import type { BudgetObservation } from './budget-rule.ts';

export const PERIODS = ['day', 'week', 'month', 'quarter', 'year'] as const;
export type Period = (typeof PERIODS)[number];

const WORDS = {
  day: 'today',
  week: 'this_week',
  month: 'this_month',
  quarter: 'this_quarter',
  year: 'this_year',
} as const satisfies Readonly<Record<Period, CalendarWord>>;

const MONTHS = 'January February March April May June July August September October November December'.split(
  ' ',
);

/** Days and weeks do not begin within a month. */
export function takesStarts(period: Period): boolean {
  return period !== 'day' && period !== 'week';
}

/** The running period as a window. `starts` is the day of the month on which it begins. */
export function windowOfPeriod(period: Period, starts: number): CalendarWindow {
  const word = WORDS[period];
  if (starts === 1) return { kind: 'calendar', word, text: word };
  return { kind: 'calendar', word, starts, text: `${word} from day ${starts}` };
}

/** `19 November`, `the week from 16 November`, `November`, `Q4 2026`, `2026`, `15 November to 14 December`. */
export function periodName(
  { word, starts }: CalendarWindow,
  { days: [first, last] }: Pick<BudgetObservation, 'days'>,
): string {
  const begin = dateOf(first);
  if (starts !== undefined) return `${dayAndMonth(first)} to ${dayAndMonth(last)}`;
  switch (word) {
    case 'today':
    case 'yesterday':
      return dayAndMonth(first);
    case 'this_week':
      return `the week from ${dayAndMonth(first)}`;
    case 'this_month':
      return MONTHS[begin.month - 1] as string;
    case 'this_quarter':
      return `Q${Math.ceil(begin.month / 3)} ${begin.year}`;
    case 'this_year':
      return String(begin.year);
  }
}

/** `by the end of November`, `by the end of the day`, `by 14 December`. */
export function endText(window: CalendarWindow, at: Pick<BudgetObservation, 'days'>): string {
  if (window.starts !== undefined) return `by ${dayAndMonth(at.days[1])}`;
  if (window.word === 'today') return 'by the end of the day';
  return `by the end of ${window.word === 'this_week' ? 'the week' : periodName(window, at)}`;
}

/** `19 November` */
export function dayAndMonth(day: number): string {
  const date = dateOf(day);
  return `${date.day} ${MONTHS[date.month - 1]}`;
}

/** A local date, given as days since 1970-01-01. */
export function dateOf(day: number): Temporal.PlainDate {
  return new Temporal.PlainDate(1970, 1, 1).add({ days: day });
}
