// What a rule, a severity and a silence are.

import type { ErrorFilter } from './measure.ts';
import type { Metric } from './metric.ts';
import type { Fixed } from './money.ts';
import type { AlertFields, RuleTexts } from './rule-texts.ts';
import type { Dimension, Where } from './series.ts';
import type { DedupePeriod, Window, WindowSpec } from './window.ts';

/** Ascending. A higher severity in the same period is notified again. */
export const SEVERITIES = ['info', 'warning', 'critical'] as const;
export type Severity = (typeof SEVERITIES)[number];

/** 1 for info, 2 for warning, 3 for critical: what the ledger stores and compares. */
export function stepOf(severity: Severity): number {
  return SEVERITIES.indexOf(severity) + 1;
}

/** The severity of a step. Throws RangeError for a number that is none. */
export function severityOf(step: number): Severity {
  const severity = SEVERITIES[step - 1];
  if (severity === undefined) throw new RangeError(`${step} is not a step`);
  return severity;
}

export type Operator = '>=' | '>' | '<=' | '<';

/** Whether a value meets a limit. */
export function reaches(operator: Operator, value: Fixed, bound: Fixed): boolean {
  switch (operator) {
    case '>=':
      return value >= bound;
    case '>':
      return value > bound;
    case '<=':
      return value <= bound;
    case '<':
      return value < bound;
  }
}

/** Whether low values are the bad ones. */
export function firesBelow(operator: Operator): boolean {
  return operator === '<' || operator === '<=';
}

/**
 * What rules of every type have in common; durations in milliseconds, lists resolved against `defaults`. Each type adds its
 * own members in `src/rules`, where nothing outside reads them.
 */
export interface Rule extends RuleTexts {
  readonly name: string;
  /** The name of its RuleType in the registry. */
  readonly type: string;
  readonly enabled: boolean;
  /** The severity of findings where the rule type has none per step. */
  readonly severity: Severity;
  readonly metric: Metric;
  /** What its values and limits are, where that is not the metric: a share of its total. */
  readonly quantity?: 'share';
  readonly errors: ErrorFilter;
  readonly window: WindowSpec;
  /** Where a rule judges several windows: each of them. `window` is then the longest, with the text of all. */
  readonly windows?: readonly WindowSpec[];
  readonly groupBy: readonly Dimension[];
  readonly where: Where;
  /** Channel names by severity. */
  readonly notify: Readonly<Record<Severity, readonly string[]>>;
  /** Who is responsible, for people. */
  readonly owner: string | null;
  /** The URL of what to do about it. */
  readonly runbook: string | null;
  /** Labels for programs, by name. */
  readonly labels: Readonly<Record<string, string>>;
  /** Fills in `message` and `links` for one alert; absent where they are no templates. Throws nothing. */
  readonly fill?: (fields: AlertFields) => RuleTexts;
  readonly forMs: number;
  readonly delayMs: number;
  /** How long the condition must not have held before an alert is over. A shorter dip breaks nothing. */
  readonly resolveAfterMs: number;
  readonly dedupe: DedupePeriod;
  /** The factor over the last notified value from which a known alert is notified again; null switches it off. */
  readonly growth: number | null;
  /** Groups with fewer calls in the window do not fire. */
  readonly minCalls: number;
}

/** The window of a rule that one of its findings is about. */
export function windowOf(
  { window, windows = [] }: Pick<Rule, 'window' | 'windows'>,
  { from, to }: Window,
): WindowSpec {
  return windows.find((one) => one.kind === 'rolling' && one.ms === to - from) ?? window;
}

/** A time in which matching findings are not notified. */
export interface Silence {
  /** Rule name to match, or null for any rule. */
  readonly rule: string | null;
  /** The incident whose alerts match, or null for any alert. */
  readonly incident: string | null;
  /** Values that the group must have, by dimension; null is NULL. */
  readonly match: Readonly<Record<Dimension, string | null>>;
  readonly times: Once | Recurring;
  readonly reason: string;
  /** Who added it by command; absent in the file. */
  readonly createdBy?: string;
}

/** From an instant until another one, which is not part of it (ms). */
export interface Once {
  readonly from: number;
  readonly until: number;
}

/** Begins at each instant that a cron expression names in a zone, and lasts so long each time. */
export interface Recurring {
  readonly every: string;
  readonly zone: string;
  readonly lastsMs: number;
}
