// The title and the first sentences of a report.

import { percentText } from './change-text.ts';
import { displayName } from './display-text.ts';
import { monthName } from './display-time.ts';
import { displayRounded, displayValue, withoutZeroCents } from './display-value.ts';
import { groupWithKinds } from './group-label.ts';
import { inCurrency, withoutUnit } from './metric.ts';
import { type Fixed, formatMoney, ONE, toNumber } from './money.ts';
import type { Report } from './report.ts';
import { moverSentence } from './report-split.ts';
import { usedText } from './report-tables.ts';
import { firstDayWithin, inPeriod, inPeriodBefore, inWholePeriod, periodBefore } from './report-words.ts';
import { subjectText } from './sentence-subject.ts';
import { atLeast, uncountedText } from './unpriced-text.ts';

const LONGEST_NAME = 40;

/** `Spend report weekly: $1,234.56 in the week of 23 November, +12 % on the week before` */
export function titleOf(report: Report): string {
  const { now, before } = report.spend;
  const spent = isNothing(report) ? 'nothing spent' : spentText(report);
  const begin = `Spend report ${displayName(report.name, LONGEST_NAME)}: ${spent} ${inPeriod(report)}`;
  if (before === null || before <= 0n) return begin;
  return `${begin}, ${now === before ? 'as much as' : `${percentText(now, before)} on`} ${periodBefore(report)}`;
}

/** The spend of the period, a lower bound where calls have no price. */
function spentText(report: Report): string {
  return atLeast(formatMoney(report.spend.now, report.currency), unpricedIn(report) > 0n ? 1 : null);
}

function unpricedIn({ figures }: Report): Fixed {
  return figures.find(({ metric }) => withoutUnit(metric) === 'unpriced_calls')?.now?.fixed ?? 0n;
}

function isNothing(report: Report): boolean {
  return report.spend.now === 0n && unpricedIn(report) === 0n;
}

/** What finance asks first: how much, where it is heading, and what moved. */
export function leadOf(report: Report): string[] {
  const who = subjectText({ groupBy: [], where: report.where, errors: null }, []);
  const spent = `${isNothing(report) ? 'nothing' : spentText(report)} ${inWholePeriod(report)}`;
  const texts = [
    `${who} spent ${spent}${againstBefore(report)}.`,
    unpricedSentence(report),
    headingText(report),
    usedUpText(report),
    moverSentence(report),
  ];
  return texts.filter((text) => text !== null);
}

/** Why the total is a lower bound; null where it is none. */
function unpricedSentence(report: Report): string | null {
  const calls = Number(unpricedIn(report) / ONE);
  return calls === 0 ? null : `${uncountedText({ calls, models: null })}.`;
}

/** `, 12 % more than in the week before ($1,102.29)` */
function againstBefore(report: Report): string {
  const { spend, currency } = report;
  const { now, before } = spend;
  if (before === null) return '';
  const than = inPeriodBefore(report);
  if (before === now) return now === 0n ? `, nor ${than}` : `, as much as ${than}`;
  const amount = before === 0n ? 'nothing' : formatMoney(before, currency);
  if (before <= 0n) return `; ${than} it was ${amount}`;
  const percent = percentText(now, before).slice(1);
  return `, ${percent} ${now > before ? 'more' : 'less'} than ${than} (${amount})`;
}

/** Where the month is heading; null where it is over, or not known. */
function headingText(report: Report): string | null {
  const { forecasts, window, currency, zone } = report;
  const month = forecasts.find(({ period }) => period === 'month');
  if (month === undefined || window.to >= month.window.to) return null;
  const end = displayRounded(inCurrency('spend', currency), month.byWeekday ?? month.byMean);
  const first = firstDayWithin(month.window, report);
  const counted = first === null ? '' : `, counted from ${first}`;
  return `At this pace ${monthName(month.window.from, zone)} comes to about ${end}${counted}.`;
}

/** The budget that is furthest over its amount. */
function usedUpText({ budgets }: Report): string | null {
  const [worst] = budgets
    .filter(({ amount, spent }) => spent >= amount)
    .sort((a, b) => toNumber(b.spent) / toNumber(b.amount) - toNumber(a.spent) / toNumber(a.amount));
  if (worst === undefined) return null;
  const { rule, metric, groupBy, key, amount } = worst;
  const group = groupWithKinds(groupBy, key);
  const of = group === '' ? '' : ` of ${group}`;
  return `The budget ${displayName(rule, LONGEST_NAME)}${of} is used up: ${usedText(worst).replace('%', ' %')} of ${withoutZeroCents(displayValue(metric, amount))}.`;
}
