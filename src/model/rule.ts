// Rule, Severity, Silence.

import type { ErrorFilter } from './measure.ts';
import type { Metric } from './metric.ts';
import type { Fixed } from './money.ts';
import type { Dimension, Where } from './series.ts';
import type { DedupePeriod, WindowSpec } from './window.ts';

/** Ascending: a higher severity in the same period is news. */
export const SEVERITIES = ['info', 'warning', 'critical'] as const;
export type Severity = (typeof SEVERITIES)[number];

/** 1 for info, 2 for warning, 3 for critical: what the ledger stores and compares. */
export function stepOf(severity: Severity): number {
  return SEVERITIES.indexOf(severity) + 1;
}

export type Operator = '>=' | '>' | '<=' | '<';

/** What every rule type has in common; durations in milliseconds, lists resolved against `defaults`. */
export interface RuleBase {
  readonly name: string;
  readonly type: string;
  readonly enabled: boolean;
  /** The severity of findings where the rule type does not give one by step. */
  readonly severity: Severity;
  readonly metric: Metric;
  readonly errors: ErrorFilter;
  readonly window: WindowSpec;
  readonly groupBy: readonly Dimension[];
  readonly where: Where;
  /** Channel names by severity. */
  readonly notify: Readonly<Record<Severity, readonly string[]>>;
  /** The author's words, sent with every alert. */
  readonly message: string | null;
  readonly forMs: number;
  readonly delayMs: number;
  readonly dedupe: DedupePeriod;
  /** How many times the value last said makes news of a known alert; null is off. */
  readonly growth: number | null;
  /** Groups with fewer calls in the window do not fire. */
  readonly minCalls: number;
}

export interface ThresholdRule extends RuleBase {
  readonly type: 'threshold';
  readonly operator: Operator;
  /** By ascending severity; at least one. */
  readonly steps: readonly { readonly severity: Severity; readonly bound: Fixed }[];
}

export interface AnomalyRule extends RuleBase {
  readonly type: 'anomaly';
  readonly baselineDays: number;
  readonly method: 'zscore' | 'robust';
  readonly zscore: number;
  readonly direction: 'up' | 'down' | 'both';
  readonly minHistory: number;
  /** Percent of the day's mean (docs/rules.md) below which the deviation is not taken. */
  readonly floorPct: number;
  readonly minChange: Fixed;
  readonly minChangePct: number;
}

export type Rule = ThresholdRule | AnomalyRule;

/** A time in which matching findings are not told (`from` inclusive, `until` exclusive, ms). */
export interface Silence {
  /** Rule name to match, or null for any rule. */
  readonly rule: string | null;
  /** Values that the group must have, by dimension; null is NULL. */
  readonly match: Readonly<Record<Dimension, string | null>>;
  readonly from: number;
  readonly until: number;
  readonly reason: string;
}
