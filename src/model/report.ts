// Report: what a scheduled report says of a period and of the one before.

import type { Metric } from './metric.ts';
import type { Sample } from './metric-value.ts';
import type { Fixed } from './money.ts';
import type { Severity } from './rule.ts';
import type { Dimension, GroupKey, Where } from './series.ts';
import type { SpendSplit } from './spend-split.ts';
import type { Window } from './window.ts';

/** The periods that a report can be about: the last one that has ended. */
export const REPORT_PERIODS = ['day', 'week', 'month'] as const;
export type ReportPeriod = (typeof REPORT_PERIODS)[number];

/** Calls of one model with fewer tokens that another model could have answered. */
export interface Route {
  readonly from: string;
  readonly to: string;
  /** Calls with fewer tokens of input and output together; null for all. */
  readonly belowTokens: number | null;
}

/** A report as alerts.yaml has it. */
export interface ReportConfig {
  readonly name: string;
  /** A cron expression in the file's zone: when it is sent. */
  readonly schedule: string;
  readonly period: ReportPeriod;
  /** Names of channels. */
  readonly notify: readonly string[];
  readonly where: Where;
  readonly groupBy: readonly Dimension[];
  readonly routing: readonly Route[];
  /** What was billed, by calendar month (`2026-10`), in the currency of the store. */
  readonly invoices: ReadonlyMap<string, Fixed>;
}

/** A sum of the period and of the one before; null where the table has no row of that time, or begins after its first day. */
export interface Compared {
  readonly now: Fixed;
  readonly before: Fixed | null;
}

/** A metric in the period and in the one before; null where there is nothing to divide by, or no row. */
export interface Figure {
  readonly metric: Metric;
  readonly now: Sample | null;
  readonly before: Sample | null;
}

/** A value of a dimension, or several: what it spent and called. */
export interface ReportRow {
  readonly spend: Compared;
  readonly calls: Compared;
}

/** The spend by one dimension. The rows and the others add up to the report's total. */
export interface ReportTable {
  readonly dimension: Dimension;
  /** By spend in the period, largest first. */
  readonly rows: readonly (ReportRow & { readonly key: string | null })[];
  /** All other values together, those too that have calls only in the period before; null for none. */
  readonly others: (ReportRow & { readonly count: number }) | null;
}

/** A value of the first dimension whose spend changed most, and why. */
export interface Mover {
  readonly dimension: Dimension;
  readonly key: string | null;
  readonly split: SpendSplit;
}

/** How efficient a model was: each figure is of its calls alone. */
export interface ModelRow {
  readonly model: string | null;
  readonly figures: readonly Figure[];
}

/** A budget in its own period, as of the end of the report's period. Amounts in the metric's unit. */
export interface ReportBudget {
  readonly rule: string;
  readonly metric: Metric;
  readonly groupBy: readonly Dimension[];
  readonly key: GroupKey;
  readonly amount: Fixed;
  readonly spent: Fixed;
  /** From its beginning to the end of the report's period. */
  readonly window: Window;
  readonly periodEnd: number;
}

/** What will have been spent at the end of the month or year in which the report's period ended. */
export interface ReportForecast {
  readonly period: 'month' | 'year';
  /** The whole month or year. */
  readonly window: Window;
  /** From its beginning to the end of the report's period. */
  readonly spent: Fixed;
  /** With the mean of the last 14 days for each day to come, or of as many as there are. */
  readonly byMean: Fixed;
  /** With the mean of the same weekday; null with less than two weeks of days. */
  readonly byWeekday: Fixed | null;
}

/** What a route would have saved. Tokens are taken to be the same. */
export interface RouteSaving {
  readonly route: Route;
  readonly calls: number;
  /** What those calls cost, as recorded. */
  readonly recorded: Fixed;
  /** What they would have cost by the price list; null where the list has no price of the other model. */
  readonly rerouted: Fixed | null;
}

/** What was billed for a month, and what was recorded in it. */
export interface ReportInvoice {
  /** `2026-10` */
  readonly month: string;
  readonly window: Window;
  readonly billed: Fixed;
  readonly recorded: Fixed;
}

/** An incident that was open in the period. */
export interface ReportIncident {
  readonly id: string;
  /** What it was about, for people: `service search`. */
  readonly subject: string;
  readonly severity: Severity;
  readonly rules: readonly string[];
  readonly openedAt: number;
  /** Null while it is open. */
  readonly closedAt: number | null;
  /** What its subject spent while it was open, within the period; null where that could not be read. */
  readonly cost: Fixed | null;
}

/** How far back the table goes, whatever `where` says. Instants in ms; null where that could not be read. */
export interface Retention {
  readonly oldestRow: number | null;
  readonly newestRow: number | null;
  readonly rows: number | null;
  /** Different users, without NULL; null for a table without users, too. */
  readonly users: number | null;
}

/** That the worker watched although nothing fired. */
export interface QuietPeriod {
  /** How often the rules were evaluated in the period, by all workers together. */
  readonly evaluations: number;
  /** The rule that came nearest to its limit, 0.83 for 83 %; null where no rule has such a limit. */
  readonly nearest: { readonly rule: string; readonly share: number } | null;
}

/** Instants in ms; money in the currency of the store. */
export interface Report {
  readonly name: string;
  readonly period: ReportPeriod;
  /** The period that ended, and the one before. */
  readonly window: Window;
  readonly before: Window;
  /** When it was made. */
  readonly at: number;
  readonly zone: string;
  /** ISO 4217. */
  readonly currency: string;
  readonly where: Where;
  readonly newestRow: number | null;
  readonly spend: Compared;
  /** Failed and repeated spend, calls without a price and others, as far as the table has their columns. */
  readonly figures: readonly Figure[];
  /** The spend of each day of both periods, ascending, for the picture. Days of one period and the next do not overlap. */
  readonly days: readonly { readonly window: Window; readonly spend: Fixed }[];
  readonly budgets: readonly ReportBudget[];
  /** None with less than three days of history. */
  readonly forecasts: readonly ReportForecast[];
  readonly tables: readonly ReportTable[];
  readonly movers: readonly Mover[];
  /** By spend, largest first; none where the table has no models. */
  readonly models: readonly ModelRow[];
  readonly routing: readonly RouteSaving[];
  /** Of months that had ended and that the table goes back to, the newest first. */
  readonly invoices: readonly ReportInvoice[];
  /** The longest ones, longest first; null where the state store could not be read. */
  readonly incidents: readonly ReportIncident[] | null;
  /** How many there were in the period; null as `incidents`. */
  readonly incidentCount: number | null;
  /** Null where something fired, or it is not known whether the rules were evaluated. */
  readonly quiet: QuietPeriod | null;
  readonly retention: Retention;
  /** What could not be read, each a sentence for people. */
  readonly troubles: readonly string[];
}
