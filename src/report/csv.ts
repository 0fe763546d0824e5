// A report as one flat table that a spreadsheet opens.

import { NONE } from '../model/finding.ts';
import { invoiceGap } from '../model/invoice-gap.ts';
import { describeMetric, type Metric } from '../model/metric.ts';
import type { Sample } from '../model/metric-value.ts';
import { FIXED_DIGITS, type Fixed, formatFixed } from '../model/money.ts';
import type { Compared, Figure, Report, ReportRow, RouteSaving } from '../model/report.ts';
import { isoInstant } from '../model/window.ts';

const COLUMNS = [
  'section',
  'name',
  'dimension',
  'key',
  'metric',
  'unit',
  'value',
  'previous_value',
  'change',
  'calls',
  'previous_calls',
  'from',
  'to',
] as const;

/** A cell: a number as its text; null is empty. What comes from the data or the file is text. */
type Cell = string | Data | null;
type Row = Readonly<Partial<Record<(typeof COLUMNS)[number], Cell>>>;

/** Text that somebody else chose. */
interface Data {
  readonly text: string;
}

/**
 * RFC 4180 with a header. Amounts have all their digits. A text that a spreadsheet would take for a formula has an apostrophe before
 * it.
 */
export function reportCsv(report: Report): string {
  const lines = [
    [...COLUMNS],
    ...rowsOf(report).map((row) => COLUMNS.map((column) => written(row[column] ?? null))),
  ];
  return lines.map((cells) => `${cells.join(',')}\r\n`).join('');
}

function rowsOf(report: Report): Row[] {
  const { retention } = report;
  return [
    totalRow(report),
    ...report.figures.map((figure): Row => ({ section: 'figure', ...figureCells(figure) })),
    ...report.days.map(
      (day): Row => ({
        section: 'day',
        ...money('spend', report, day.spend),
        ...span(day.window.from, day.window.to),
      }),
    ),
    ...tableRows(report),
    ...moverRows(report),
    ...report.models.flatMap(({ model, figures }) =>
      figures.map(
        (figure): Row => ({
          section: 'model',
          dimension: 'model',
          key: keyOf(model),
          ...figureCells(figure),
        }),
      ),
    ),
    ...budgetRows(report),
    ...report.forecasts.flatMap(({ period, window, spent, byMean, byWeekday }): Row[] => {
      const of = { section: 'forecast', name: period, ...span(window.from, window.to) };
      return [
        { ...of, ...money('spent', report, spent) },
        { ...of, ...money('by_mean', report, byMean) },
        { ...of, ...money('by_weekday', report, byWeekday) },
      ];
    }),
    ...report.routing.flatMap((saving) => routeRows(report, saving)),
    ...report.invoices.flatMap(({ month, window, billed, recorded }): Row[] => {
      const of = { section: 'invoice', name: month, ...span(window.from, window.to) };
      return [
        { ...of, ...money('billed', report, billed) },
        { ...of, ...money('recorded', report, recorded) },
        { ...of, ...money('difference', report, invoiceGap({ billed, recorded }).difference) },
      ];
    }),
    ...(report.incidents ?? []).map(
      (one): Row => ({
        section: 'incident',
        name: one.id,
        key: data(one.subject),
        ...money('spend', report, one.cost),
        ...span(one.openedAt, one.closedAt),
      }),
    ),
    ...(['rows', 'users'] as const).map(
      (metric): Row => ({
        section: 'retention',
        metric,
        value: retention[metric] === null ? null : String(retention[metric]),
        ...span(retention.oldestRow, retention.newestRow),
      }),
    ),
  ];
}

function totalRow(report: Report): Row {
  const { window, currency: unit } = report;
  const calls = report.figures.find(({ metric }) => describeMetric(metric).name === 'calls');
  return {
    section: 'total',
    name: data(report.name),
    metric: 'spend',
    unit,
    ...compared(report.spend),
    calls: exact(calls?.now?.fixed ?? null),
    previous_calls: exact(calls?.before?.fixed ?? null),
    ...span(window.from, window.to),
  };
}

function tableRows({ tables, currency }: Report): Row[] {
  return tables.flatMap(({ dimension, rows, others }): Row[] => [
    ...rows.map((row) => ({ section: 'table', dimension, key: keyOf(row.key), ...rowCells(row, currency) })),
    ...(others === null
      ? []
      : [{ section: 'others', dimension, key: `${others.count} others`, ...rowCells(others, currency) }]),
  ]);
}

function moverRows({ movers, currency: unit }: Report): Row[] {
  return movers.flatMap(({ dimension, key, split }): Row[] => {
    const of = { section: 'mover', dimension, key: keyOf(key), unit };
    const parts = (['calls', 'mix', 'length', 'price'] as const).map((part) => ({
      ...of,
      metric: `change_by_${part}`,
      change: exact(split[part]),
    }));
    return [{ ...of, metric: 'spend', ...compared(split) }, ...parts];
  });
}

function budgetRows({ budgets }: Report): Row[] {
  return budgets.flatMap((budget): Row[] => {
    const { name: metric, unit } = describeMetric(budget.metric);
    const of = {
      section: 'budget',
      name: data(budget.rule),
      dimension: budget.groupBy.join(' / '),
      key: data(budget.key.map((value) => value ?? NONE).join(' / ')),
      unit,
      ...span(budget.window.from, budget.periodEnd),
    };
    return [
      { ...of, metric, value: exact(budget.spent) },
      { ...of, metric: 'amount', value: exact(budget.amount) },
    ];
  });
}

function money(metric: string, { currency }: Pick<Report, 'currency'>, value: Fixed | null): Row {
  return { metric, unit: currency, value: exact(value) };
}

function figureCells({ metric, now, before }: Figure): Row {
  const { name, unit } = describeMetric(metric);
  return { metric: name, unit, value: sampled(metric, now), previous_value: sampled(metric, before) };
}

function rowCells({ spend, calls }: ReportRow, unit: string): Row {
  return {
    metric: 'spend',
    unit,
    ...compared(spend),
    calls: exact(calls.now),
    previous_calls: exact(calls.before),
  };
}

function routeRows(report: Report, { route, calls, recorded, rerouted }: RouteSaving): Row[] {
  const below = route.belowTokens === null ? '' : ` below ${route.belowTokens} tokens`;
  const of = { section: 'routing', name: data(`${route.from} to ${route.to}${below}`) };
  return [
    { ...of, metric: 'calls', unit: 'calls', value: String(calls) },
    { ...of, ...money('recorded', report, recorded) },
    { ...of, ...money('rerouted', report, rerouted) },
    { ...of, ...money('saved', report, rerouted === null ? null : recorded - rerouted) },
  ];
}

function compared({ now, before }: Compared): Row {
  return {
    value: exact(now),
    previous_value: exact(before),
    change: exact(before === null ? null : now - before),
  };
}

function span(from: number | null, to: number | null): Row {
  return { from: from === null ? null : isoInstant(from), to: to === null ? null : isoInstant(to) };
}

function sampled(metric: Metric, sample: Sample | null): Cell {
  if (sample === null) return null;
  return describeMetric(metric).additive ? exact(sample.fixed) : String(sample.number);
}

function exact(value: Fixed | null): string | null {
  return value === null ? null : formatFixed(value, FIXED_DIGITS);
}

function keyOf(key: string | null): Data {
  return data(key ?? NONE);
}

function data(text: string): Data {
  return { text };
}

/** What spreadsheets take for the beginning of a formula. */
const FORMULA = /^[=+\-@\t\r]/;

function written(cell: Cell): string {
  if (cell === null) return '';
  const text = typeof cell === 'string' ? cell : FORMULA.test(cell.text) ? `'${cell.text}` : cell.text;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
