// The words of a report: its period, changes, and amounts that add up.

import { apportioned } from './apportion.ts';
import { percentText } from './change-text.ts';
import { currencyDigits } from './currency.ts';
import { dayName, localDate, monthName, weekdayName } from './display-time.ts';
import { displayValue } from './display-value.ts';
import { inCurrency } from './metric.ts';
import { divideRounded, FIXED_DIGITS, type Fixed, ONE } from './money.ts';
import type { Compared, Report } from './report.ts';
import type { Window } from './window.ts';

/** `on 29 November`, `in the week of 23 November`, `in November 2026`: the period in a title. */
export function inPeriod({ period, window, zone }: Pick<Report, 'period' | 'window' | 'zone'>): string {
  if (period === 'month') return `in ${monthName(window.from, zone)}`;
  return `${period === 'day' ? 'on' : 'in the week of'} ${dayName(window.from, zone)}`;
}

/** `on Sunday 29 November 2026`, `from Monday 23 to Sunday 29 November 2026`, `in November 2026`: the period in a sentence. */
export function inWholePeriod({ period, window, zone }: Pick<Report, 'period' | 'window' | 'zone'>): string {
  const last = window.to - 1;
  const day = (at: number): string => `${weekdayName(at, zone)} ${dayName(at, zone)}`;
  const year = localDate(last, zone).slice(0, 4);
  if (period === 'month') return `in ${monthName(window.from, zone)}`;
  if (period === 'day') return `on ${day(last)} ${year}`;
  const [from, to] = [localDate(window.from, zone), localDate(last, zone)];
  const first = day(window.from);
  const short = from.slice(0, 7) === to.slice(0, 7) ? first.replace(/ \S+$/, '') : first;
  const ofYear = from.slice(0, 4) === to.slice(0, 4) ? '' : ` ${from.slice(0, 4)}`;
  return `from ${short}${ofYear} to ${day(last)} ${year}`;
}

/** `the week before` */
export function periodBefore({ period }: Pick<Report, 'period'>): string {
  return `the ${period} before`;
}

/** `in the week before`, `on the day before` */
export function inPeriodBefore(report: Pick<Report, 'period'>): string {
  return `${report.period === 'day' ? 'on' : 'in'} ${periodBefore(report)}`;
}

/** `12 November`: the day on which the table begins, where that is after the first day of a window; else null. */
export function firstDayWithin(
  { from, to }: Window,
  { retention: { oldestRow }, zone }: Pick<Report, 'retention' | 'zone'>,
): string | null {
  if (oldestRow === null || oldestRow >= to || localDate(oldestRow, zone) <= localDate(from, zone))
    return null;
  return dayName(oldestRow, zone);
}

/** A change in a cell: `+12%`, `-8.1%`, `new`; empty where there is nothing to compare with. */
export function changeCell({ now, before }: Compared): string {
  if (before === null || before < 0n) return '';
  if (before === 0n) return now === 0n ? '' : 'new';
  return percentText(now, before).replace(' %', '%');
}

const DIME = ONE / 10n;

/** The smallest coin in which amounts are shown, and how many digits that is more than the currency has. */
interface Coin {
  readonly coin: Fixed;
  readonly extra: number;
}

/** Where all amounts are small, there are two more digits, which tell them apart. */
export function coinFor(amounts: readonly Fixed[], currency: string): Coin {
  const extra = amounts.every((amount) => amount < DIME && amount > -DIME) ? 2 : 0;
  return { coin: 10n ** BigInt(FIXED_DIGITS - currencyDigits(currency) - extra), extra };
}

/** Amounts below each other and their sum, as they are shown: rounded so that they add up to it, each by less than a coin. */
export function amountsAddedUp(
  parts: readonly Fixed[],
  currency: string,
): { readonly shown: readonly string[]; readonly sum: string } {
  const whole = parts.reduce((sum, part) => sum + part, 0n);
  const { coin, extra } = coinFor([...parts, whole], currency);
  const metric = inCurrency('spend', currency);
  const coins = divideRounded(whole, coin);
  const show = (exact: Fixed, rounded: bigint): string =>
    rounded === 0n && exact > 0n
      ? `<${displayValue(metric, coin, extra)}`
      : displayValue(metric, rounded * coin, extra);
  return {
    shown: apportioned(parts, coin, coins).map((rounded, i) => show(parts[i] as Fixed, rounded)),
    sum: show(whole, coins),
  };
}
