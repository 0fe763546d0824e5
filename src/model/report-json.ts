// A report as JSON.

import { groupObject, NONE } from './finding.ts';
import { invoiceGap } from './invoice-gap.ts';
import { type JsonValue, RawJson } from './json.ts';
import { describeMetric, type Metric } from './metric.ts';
import type { Sample } from './metric-value.ts';
import { FIXED_DIGITS, type Fixed, formatFixed } from './money.ts';
import type {
  Compared,
  Figure,
  Report,
  ReportBudget,
  ReportIncident,
  ReportRow,
  ReportTable,
  RouteSaving,
} from './report.ts';
import type { Where } from './series.ts';
import { isoInstant, type Window } from './window.ts';

/** As `report --format json` prints it and webhooks carry it (docs/reports.md). Amounts have all their digits, so that they add up. */
export function reportJson(report: Report): JsonValue {
  const { spend, quiet, retention } = report;
  return {
    report: report.name,
    period: report.period,
    window: windowJson(report.window),
    before: windowJson(report.before),
    at: isoInstant(report.at),
    timezone: report.zone,
    currency: report.currency,
    where: whereJson(report.where),
    newest_row: instantJson(report.newestRow),
    spend: comparedJson(spend),
    figures: report.figures.map(figureJson),
    days: report.days.map((day) => ({ ...windowJson(day.window), spend: exact(day.spend) })),
    budgets: report.budgets.map(budgetJson),
    forecasts: report.forecasts.map(({ period, window, spent, byMean, byWeekday }) => ({
      period,
      window: windowJson(window),
      spent: exact(spent),
      by_mean: exact(byMean),
      by_weekday: byWeekday === null ? null : exact(byWeekday),
    })),
    tables: report.tables.map((table) => tableJson(table, spend.now)),
    movers: report.movers.map(({ dimension, key, split }) => ({
      dimension,
      key: key ?? NONE,
      value: exact(split.now),
      previous_value: exact(split.before),
      change: exact(split.change),
      calls: exact(split.calls),
      mix: exact(split.mix),
      length: exact(split.length),
      price: exact(split.price),
    })),
    models: report.models.map(({ model, figures }) => ({
      model: model ?? NONE,
      figures: figures.map(figureJson),
    })),
    routing: report.routing.map(routingJson),
    invoices: report.invoices.map(({ month, window, billed, recorded }) => {
      const { difference, part, isTold } = invoiceGap({ billed, recorded });
      return {
        month,
        window: windowJson(window),
        billed: exact(billed),
        recorded: exact(recorded),
        difference: exact(difference),
        part,
        told: isTold,
      };
    }),
    incidents: report.incidents === null ? null : report.incidents.map(incidentJson),
    incident_count: report.incidentCount,
    quiet: quiet === null ? null : { evaluations: quiet.evaluations, nearest: quiet.nearest },
    retention: {
      oldest_row: instantJson(retention.oldestRow),
      newest_row: instantJson(retention.newestRow),
      rows: retention.rows,
      users: retention.users,
    },
    troubles: report.troubles,
  };
}

function comparedJson({ now, before }: Compared): { readonly [key: string]: JsonValue } {
  return {
    value: exact(now),
    previous_value: before === null ? null : exact(before),
    change: before === null ? null : exact(now - before),
    ratio: before === null ? null : ratio(now, before),
  };
}

function figureJson({ metric, now, before }: Figure): JsonValue {
  return {
    ...unitOf(metric),
    value: sampleJson(metric, now),
    previous_value: sampleJson(metric, before),
  };
}

function unitOf(metric: Metric): { readonly metric: string; readonly unit: string } {
  const { name, unit } = describeMetric(metric);
  return { metric: name, unit };
}

/** Sums are exact decimals; ratios and averages are plain numbers. */
function sampleJson(metric: Metric, sample: Sample | null): JsonValue {
  if (sample === null) return null;
  return describeMetric(metric).additive ? exact(sample.fixed) : sample.number;
}

function budgetJson(budget: ReportBudget): JsonValue {
  return {
    rule: budget.rule,
    ...unitOf(budget.metric),
    group: groupObject(budget.groupBy, budget.key),
    amount: exact(budget.amount),
    spent: exact(budget.spent),
    share: ratio(budget.spent, budget.amount),
    window: windowJson(budget.window),
    period_end: isoInstant(budget.periodEnd),
  };
}

function tableJson({ dimension, rows, others }: ReportTable, total: Fixed): JsonValue {
  return {
    dimension,
    rows: rows.map((row) => ({ key: row.key ?? NONE, ...rowJson(row, total) })),
    others: others === null ? null : { count: others.count, ...rowJson(others, total) },
  };
}

function rowJson({ spend, calls }: ReportRow, total: Fixed): { readonly [key: string]: JsonValue } {
  return { spend: comparedJson(spend), calls: comparedJson(calls), share: ratio(spend.now, total) };
}

function routingJson({ route, calls, recorded, rerouted }: RouteSaving): JsonValue {
  return {
    from: route.from,
    to: route.to,
    below_tokens: route.belowTokens,
    calls,
    recorded: exact(recorded),
    rerouted: rerouted === null ? null : exact(rerouted),
    saved: rerouted === null ? null : exact(recorded - rerouted),
  };
}

function incidentJson(incident: ReportIncident): JsonValue {
  return {
    id: incident.id,
    subject: incident.subject,
    severity: incident.severity,
    rules: incident.rules,
    opened_at: isoInstant(incident.openedAt),
    closed_at: instantJson(incident.closedAt),
    cost: incident.cost === null ? null : exact(incident.cost),
  };
}

/** As it is written in alerts.yaml. */
function whereJson(where: Where): JsonValue {
  const conditions = Object.entries(where).map(([dimension, condition]) => [
    dimension,
    'in' in condition ? condition.in : { not: condition.notIn },
  ]);
  return Object.fromEntries(conditions);
}

/** Null where the whole is not above 0: nothing is a part of a credit. */
function ratio(part: Fixed, whole: Fixed): number | null {
  return whole <= 0n ? null : Number(part) / Number(whole);
}

function exact(value: Fixed): RawJson {
  return new RawJson(formatFixed(value, FIXED_DIGITS));
}

function windowJson({ from, to }: Window): { readonly from: string; readonly to: string } {
  return { from: isoInstant(from), to: isoInstant(to) };
}

function instantJson(at: number | null): string | null {
  return at === null ? null : isoInstant(at);
}
