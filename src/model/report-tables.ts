// The tables of a report: budgets, spend by dimension, models and invoices.

import { isCurrency } from './currency.ts';
import { displayName } from './display-text.ts';
import { monthName, shortDayName } from './display-time.ts';
import { counted, displaySigned, displayValue, shareText, withoutZeroCents } from './display-value.ts';
import { largestOf } from './extremes.ts';
import { NONE } from './finding.ts';
import { groupLabel, kindText } from './group-label.ts';
import { invoiceGap } from './invoice-gap.ts';
import type { Fact, MessageSection, MessageTable } from './message.ts';
import { describeMetric, inCurrency, type Metric, withoutUnit } from './metric.ts';
import type { Sample } from './metric-value.ts';
import { type Fixed, formatMoney, ONE, sizeOf, toNumber } from './money.ts';
import type { Figure, ModelRow, Report, ReportBudget, ReportInvoice, ReportTable } from './report.ts';
import { amountsAddedUp, changeCell, firstDayWithin, periodBefore } from './report-words.ts';
import { sharesText } from './shares.ts';

const LONGEST_NAME = 40;
/** Rows that a table shows; the rest are counted. */
const SHOWN = 10;
const NAMED = 5;
const CENT = ONE / 100n;

/** Spend by one dimension: its rows and the others add up to the total as shown. */
export function spendTable({ dimension, rows, others }: ReportTable, report: Report): MessageTable {
  const name = kindText(dimension);
  const all = [
    ...rows.map((row) => ({ ...row, name: nameOf(row.key) })),
    ...(others === null ? [] : [{ ...others, name: counted(others.count, 'other') }]),
  ];
  const spent = all.map(({ spend }) => spend.now);
  const { shown, sum } = amountsAddedUp(spent, report.currency);
  const whole = spent.map((value) => (value < 0n ? 0n : value));
  const shares = sharesText(whole);
  const hasChange = report.spend.before !== null;
  const line = (cells: readonly [name: string, spend: string, change: string, share: string]): string[] =>
    hasChange ? [...cells] : [cells[0], cells[1], cells[3]];
  // The others would make all rows look small.
  const own = whole.slice(0, rows.length).map(toNumber);
  const most = largestOf(own, 0);
  return {
    title: '',
    columns: line([name, 'spend', 'change', 'share']),
    rows: [
      ...all.map((row, i) => {
        const share = row.spend.now < 0n ? 'credit' : (shares[i] ?? '');
        return line([row.name, shown[i] ?? '', changeCell(row.spend), share]);
      }),
      ...(all.length > 1 ? [line(['total', sum, changeCell(report.spend), '100%'])] : []),
    ],
    ...(most > 0 && { bars: own.map((value) => value / most) }),
  };
}

function nameOf(key: string | null): string {
  return key === null ? NONE : displayName(key, LONGEST_NAME);
}

/** Budgets, the fullest first. */
export function budgetSection({ budgets, zone }: Report): MessageSection | null {
  if (budgets.length === 0) return null;
  const fullestFirst = [...budgets].sort((a, b) => usedOf(b) - usedOf(a));
  const shown = fullestFirst.slice(0, SHOWN);
  const rows = shown.map(({ rule, metric, groupBy, key, amount, spent, periodEnd }) => {
    const group = groupLabel(groupBy, key);
    return [
      `${displayName(rule, LONGEST_NAME)}${group === '' ? '' : `: ${group}`} (to ${shortDayName(periodEnd - 1, zone)})`,
      displayValue(metric, spent),
      withoutZeroCents(displayValue(metric, amount)),
      usedText({ amount, spent }),
    ];
  });
  return {
    headline: 'Budgets',
    ...restOf(budgets.length - shown.length, 'budget', 'less of which is used'),
    facts: [],
    tables: [
      {
        title: '',
        columns: ['budget', 'spent', 'of', 'used'],
        rows,
        bars: shown.map((budget) => Math.max(0, Math.min(1, usedOf(budget)))),
      },
    ],
  };
}

function usedOf({ amount, spent }: Pick<ReportBudget, 'amount' | 'spent'>): number {
  return amount <= 0n ? 0 : toNumber(spent) / toNumber(amount);
}

/** Of a budget that is used up, how far it is over it. */
export function usedText(budget: Pick<ReportBudget, 'amount' | 'spent'>): string {
  const { amount, spent } = budget;
  return spent > amount ? `${Math.floor(usedOf(budget) * 100)}%` : shareText(spent, amount);
}

/** How many of something are not shown, and which. */
export function restOf(count: number, noun: string, which: string): Pick<MessageSection, 'sentence'> {
  return count === 0 ? {} : { sentence: `And ${counted(count, noun)} more, ${which}.` };
}

/** What says how efficient a model is used, in the order of the columns. */
const OF_MODELS = ['cost_per_1k_tokens', 'cache_hit_rate', 'error_rate'];

/** Of the models, largest spend first. */
export function modelSection({ models, ...report }: Report): MessageSection | null {
  const shown = models.slice(0, SHOWN);
  const known = shown.flatMap(({ figures }) => figures.map(({ metric }) => metric));
  const metrics = OF_MODELS.flatMap((name) => known.find((metric) => withoutUnit(metric) === name) ?? []);
  if (metrics.length === 0) return null;
  const figureOf = ({ figures }: ModelRow, metric: Metric): Figure | undefined =>
    figures.find((one) => one.metric === metric);
  const changes = priceChanges(shown, report);
  return {
    headline: 'Efficiency by model',
    ...(changes !== null && { sentence: changes }),
    facts: [],
    tables: [
      {
        title: '',
        columns: ['model', ...metrics.map(headOf)],
        rows: shown.map((row) => [
          nameOf(row.model),
          ...metrics.map((metric) => {
            const figure = figureOf(row, metric);
            return figure === undefined ? 'none' : figureText(figure.metric, figure.now);
          }),
        ]),
      },
    ],
  };
}

function headOf(metric: Metric): string {
  const { heading } = describeMetric(metric);
  return isPrice(metric) ? 'per 1k tokens' : heading;
}

function isPrice(metric: Metric): boolean {
  return withoutUnit(metric) === 'cost_per_1k_tokens';
}

/** A value of a metric. What a call or a token costs has digits beyond the cent. */
export function figureText(metric: Metric, sample: Sample | null): string {
  if (sample === null) return 'none';
  const { unit, additive } = describeMetric(metric);
  const isRate = isCurrency(unit) && !additive;
  return displayValue(metric, sample.fixed, isRate && sample.fixed >= CENT ? 2 : 0);
}

/** `A token costs other than in the week before: gpt-4.1 +12%.` Null where no change can be seen. */
function priceChanges(models: readonly ModelRow[], report: Pick<Report, 'period'>): string | null {
  const changes = models.flatMap(({ model, figures }) => {
    const { now = null, before = null } = figures.find(({ metric }) => isPrice(metric)) ?? {};
    if (now === null || before === null) return [];
    const compared = { now: now.fixed, before: before.fixed };
    const change = changeCell(compared);
    return change === '' || isSlight(compared) ? [] : [`${nameOf(model)} ${change}`];
  });
  return changes.length === 0
    ? null
    : `Cost per token against ${periodBefore(report)}: ${changes.slice(0, NAMED).join(', ')}.`;
}

/** Less than half a percent. */
function isSlight({ now, before }: { readonly now: Fixed; readonly before: Fixed }): boolean {
  const size = now < before ? before - now : now - before;
  return size * 200n < before;
}

/** What was billed against what was recorded; a sentence for each month in which that differs by more than 10 %. */
export function invoiceSection({ invoices, ...report }: Report): MessageSection | null {
  if (invoices.length === 0) return null;
  const { currency, zone } = report;
  const facts = invoices.map(({ window, billed, recorded }): Fact => {
    const first = firstDayWithin(window, report);
    const since = first === null ? '' : ` since ${first}`;
    const amounts = `billed ${formatMoney(billed, currency)}, recorded${since} ${formatMoney(recorded, currency)}`;
    return [
      monthName(window.from, zone),
      `${amounts} (${displaySigned(inCurrency('spend', currency), billed - recorded)})`,
    ];
  });
  const told = invoices.flatMap((invoice) => invoiceSentence(invoice, report) ?? []);
  return {
    headline: 'Invoices',
    ...(told.length > 0 && { sentence: told.join(' ') }),
    facts,
    tables: [],
  };
}

function invoiceSentence(
  invoice: ReportInvoice,
  report: Pick<Report, 'zone' | 'currency' | 'retention'>,
): string | null {
  const { zone, currency } = report;
  const { difference, part, isTold } = invoiceGap(invoice);
  if (!isTold) return null;
  const percent = part === null ? '' : ` (${Math.round(part * 100)} %)`;
  const [more, less] = difference > 0n ? ['billed', 'recorded'] : ['recorded', 'billed'];
  const first = firstDayWithin(invoice.window, report);
  const begins = first === null ? '' : `; the table begins on ${first}`;
  const amount = formatMoney(sizeOf(difference), currency);
  return `For ${monthName(invoice.window.from, zone)}, ${amount}${percent} more was ${more} than ${less}${begins}.`;
}
