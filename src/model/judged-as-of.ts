// As of which instant a rule is judged at an evaluation time.

import { describeMetric, type Metric } from './metric.ts';

const MINUTE = 60_000;

/** What decides it. */
export interface JudgedAsOf {
  readonly metric: Metric;
  readonly delayMs: number;
}

/** The evaluation time less the rule's delay; for metrics of whole minutes the beginning of that minute. */
export function judgedAsOf({ metric, delayMs }: JudgedAsOf, at: number): number {
  const asOf = at - delayMs;
  return describeMetric(metric).isByMinute ? Math.floor(asOf / MINUTE) * MINUTE : asOf;
}
