// Makes a message of a report, for all channels.

import { capital, displayName, displayText } from './display-text.ts';
import { localSpan, localTime, monthName } from './display-time.ts';
import { counted, displayCount, displayRounded, displayValue } from './display-value.ts';
import { kindText } from './group-label.ts';
import { asOf } from './incident-message.ts';
import { type Fact, type Message, type MessageSection, NO_ALERTS } from './message.ts';
import { messageJson } from './message-json.ts';
import { describeMetric, inCurrency } from './metric.ts';
import { formatMoney, sizeOf } from './money.ts';
import { quantityName } from './quantity.ts';
import type { Figure, Report, ReportForecast, RouteSaving } from './report.ts';
import { daysChart } from './report-chart.ts';
import { incidentSection } from './report-incidents.ts';
import { reportJson } from './report-json.ts';
import { leadOf, titleOf } from './report-lead.ts';
import { moversSection } from './report-split.ts';
import { budgetSection, figureText, invoiceSection, modelSection, spendTable } from './report-tables.ts';
import { changeCell, firstDayWithin, inPeriodBefore, periodBefore } from './report-words.ts';

const LONGEST_NAME = 40;
const LONGEST_TROUBLE = 300;
const SHOWN_TROUBLES = 5;

/** A report as a message; `timestamp` is when it is made, ms. */
export function reportMessage(report: Report, { timestamp }: { readonly timestamp: number }): Message {
  const sections = [
    budgetSection(report),
    forecastSection(report),
    ...spendSections(report),
    moversSection(report),
    figuresSection(report),
    modelSection(report),
    routingSection(report),
    invoiceSection(report),
    incidentSection(report),
    troubleSection(report),
  ];
  return {
    type: 'report',
    severity: 'info',
    rule: null,
    timestamp,
    title: titleOf(report),
    note: null,
    lead: leadOf(report),
    sections: sections.filter((section) => section !== null),
    footer: footerOf(report),
    ...NO_ALERTS,
    chart: daysChart(report),
    json: messageJson('report', timestamp, reportJson(report)),
  };
}

function forecastSection(report: Report): MessageSection | null {
  const { forecasts, window, currency } = report;
  const open = forecasts.filter((one) => window.to < one.window.to);
  if (open.length === 0) return null;
  return {
    headline: 'Forecast',
    facts: open.map((one): Fact => [forecastName(one, report), forecastText(one, currency)]),
    tables: [],
  };
}

/** `November 2026`; `2026, from 12 March` where the table begins within it. */
function forecastName({ period, window }: ReportForecast, report: Report): string {
  const month = monthName(window.from, report.zone);
  const name = period === 'month' ? month : (month.split(' ')[1] as string);
  const first = firstDayWithin(window, report);
  return first === null ? name : `${name}, from ${first}`;
}

function forecastText({ spent, byMean, byWeekday }: ReportForecast, currency: string): string {
  const show = (value: bigint): string => displayRounded(inCurrency('spend', currency), value);
  const mean = `${show(byMean)} by the mean of the last 14 days`;
  // With less than two weeks of days there is none by weekday, and the mean is that of fewer days.
  const both =
    byWeekday === null
      ? `${show(byMean)} by the mean of the days so far`
      : `${show(byWeekday)} by weekday, ${mean}`;
  const end = byWeekday !== null && show(byWeekday) === show(byMean) ? show(byMean) : both;
  return `about ${end}; ${formatMoney(spent, currency)} so far`;
}

function spendSections(report: Report): MessageSection[] {
  return report.tables
    .filter(({ rows, others }) => rows.length > 0 || others !== null)
    .map((table) => ({
      headline: `Spend by ${kindText(table.dimension)}`,
      facts: [],
      tables: [spendTable(table, report)],
    }));
}

function figuresSection({ figures, ...report }: Report): MessageSection | null {
  const facts = figures.flatMap((figure) => figureFact(figure, report) ?? []);
  return facts.length === 0 ? null : { headline: 'Key figures', facts, tables: [] };
}

/** `$14.20; $9.83 in the week before (+44%)`; nothing now and nothing before is not worth a line. */
function figureFact({ metric, now, before }: Figure, report: Pick<Report, 'period'>): [Fact] | null {
  if (now === null || (now.fixed === 0n && (before?.fixed ?? 0n) === 0n)) return null;
  const shown = figureText(metric, now);
  const change = before === null ? '' : changeCell({ now: now.fixed, before: before.fixed });
  const isCompared = describeMetric(metric).unit !== 'ratio' && change !== '';
  const earlier = before === null ? '' : `; ${figureText(metric, before)} ${inPeriodBefore(report)}`;
  return [[capital(quantityName(metric)), `${shown}${earlier}${isCompared ? ` (${change})` : ''}`]];
}

function routingSection({ routing, currency }: Report): MessageSection | null {
  if (routing.length === 0) return null;
  return {
    headline: 'What other models would have cost',
    sentence: 'By the price list, if they had used as many tokens.',
    facts: routing.map((one) => routeFact(one, currency)),
    tables: [],
  };
}

function routeFact({ route, calls, recorded, rerouted }: RouteSaving, currency: string): Fact {
  const [from, to] = [displayName(route.from, LONGEST_NAME), displayName(route.to, LONGEST_NAME)];
  const below =
    route.belowTokens === null
      ? ''
      : ` under ${displayValue('tokens', BigInt(route.belowTokens) * 10n ** 12n)} tokens`;
  const cost = `${counted(calls, 'call')}${below} cost ${formatMoney(recorded, currency)}`;
  const label = `${from} \u2192 ${to}`;
  if (rerouted === null) return [label, `${cost}; the price list has no price of ${to}`];
  const saved = recorded - rerouted;
  const word = saved < 0n ? 'more' : 'less';
  const difference = formatMoney(sizeOf(saved), currency);
  return [label, `${cost}, there ${formatMoney(rerouted, currency)}: ${difference} ${word}`];
}

function troubleSection({ troubles }: Report): MessageSection | null {
  if (troubles.length === 0) return null;
  const more = troubles.length - SHOWN_TROUBLES;
  const sentence = [
    ...troubles.slice(0, SHOWN_TROUBLES).map((text) => displayText(text, LONGEST_TROUBLE)),
    ...(more > 0 ? [`And ${displayCount(more)} more.`] : []),
  ].join(' ');
  return { headline: 'What could not be read', sentence, facts: [], tables: [] };
}

function footerOf({ window, before, spend, zone, newestRow, retention, period }: Report): string[] {
  const { oldestRow, newestRow: newest, rows, users } = retention;
  const kept = [
    ...(rows === null
      ? []
      : [`${counted(rows, 'row')}${users === null ? '' : ` of ${counted(users, 'user')}`}`]),
    ...(oldestRow === null || newest === null
      ? []
      : [`from ${localTime(oldestRow, zone)} to ${localTime(newest, zone)}`]),
  ];
  return [
    `Period: ${localSpan(window.from, window.to, zone)}; before: ${localSpan(before.from, before.to, zone)}.`,
    ...(kept.length === 0 ? [] : [`The audit table holds ${kept.join(', ')}.`]),
    ...(oldestRow !== null && oldestRow > before.from && oldestRow < before.to
      ? [
          `It begins within ${periodBefore({ period })}, ${spend.before === null ? 'so nothing is compared' : 'which has spent at least what is shown'}.`,
        ]
      : []),
    asOf({ dataAsOf: newestRow, zone }),
  ];
}
