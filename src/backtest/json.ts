// Prints `backtest --format json`.

import { findingJson } from '../model/finding-json.ts';
import { type JsonValue, jsonText } from '../model/json.ts';
import { type Fixed, toNumber } from '../model/money.ts';
import { describeQuantity, quantityOf } from '../model/quantity.ts';
import type { Rule } from '../model/rule.ts';
import { isoInstant } from '../model/window.ts';
import { unexplained } from '../pipeline/explain.ts';
import type { Moved } from './difference.ts';
import type { BacktestedRule, BacktestResult } from './result.ts';
import type { SentAlert } from './sent-alert.ts';

/** The report, with every alert. */
export function backtestJson(result: BacktestResult): string {
  const { from, to, step, zone, instants, diff } = result;
  return jsonText(
    {
      from: isoInstant(from),
      to: isoInstant(to),
      step,
      timezone: zone,
      instants,
      alerts: result.alerts.map(alertJson),
      rules: result.rules.map((one) => ruleJson(one, result)),
      diff:
        diff === null
          ? null
          : {
              file: diff.file,
              same: diff.same,
              added: diff.added.map(alertJson),
              dropped: diff.dropped.map(alertJson),
              earlier: diff.earlier.map(movedJson),
              later: diff.later.map(movedJson),
              failed: diff.failed.map(({ rule, error }) => ({ rule, error })),
            },
    },
    2,
  );
}

function alertJson({ rule, notification }: SentAlert): Readonly<Record<string, JsonValue>> {
  return {
    rule: rule.name,
    at: isoInstant(notification.at),
    since: isoInstant(notification.since),
    reason: notification.reason,
    ongoing: notification.ongoing,
    channels: rule.notify[notification.severity],
    ...(findingJson(unexplained(rule, notification.firing)) as Readonly<Record<string, JsonValue>>),
  };
}

/** An alert of the other file, with the instant at which this file sends it. */
function movedJson({ own, other }: Moved): JsonValue {
  return { instead_of: isoInstant(own.notification.at), ...alertJson(other) };
}

function ruleJson(one: BacktestedRule, { from, to }: BacktestResult): JsonValue {
  const { rule, alerts, messages, byWeek, silenced, values, suggested, error } = one;
  return {
    name: rule.name,
    type: rule.type,
    alerts: alerts.length,
    messages,
    silenced,
    by_week: Object.fromEntries(byWeek),
    values:
      values === null
        ? null
        : {
            min: amount(rule, values.min),
            p50: amount(rule, values.p50),
            p95: amount(rule, values.p95),
            max: amount(rule, values.max),
            over: values.over.map(({ severity, bound, share }) => ({
              severity,
              bound: amount(rule, bound),
              share,
            })),
          },
    suggested:
      suggested === null
        ? null
        : {
            limit: amount(rule, suggested.limit),
            alerts: suggested.alerts,
            per_week: suggested.alerts / weeksIn(from, to),
          },
    error,
  };
}

/** The length of a range in weeks. */
export function weeksIn(from: number, to: number): number {
  return (to - from) / 604_800_000;
}

function amount(rule: Rule, value: Fixed): JsonValue {
  return describeQuantity(quantityOf(rule)).additive ? value : toNumber(value);
}
