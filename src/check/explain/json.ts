// Prints `explain --format json`.

import { groupObject } from '../../model/finding.ts';
import { type JsonValue, jsonText, RawJson } from '../../model/json.ts';
import { describeMetric } from '../../model/metric.ts';
import { FIXED_DIGITS, type Fixed, formatFixed, toNumber } from '../../model/money.ts';
import { describeQuantity, quantityOf } from '../../model/quantity.ts';
import type { Rule, Severity } from '../../model/rule.ts';
import type { GroupSplit } from '../../model/spend-split.ts';
import { isoInstant, type Window } from '../../model/window.ts';
import { ruleTypeOf } from '../../rules/index.ts';
import type { Told } from '../../state/told.ts';
import type { Answer, GroupAnswer, Outcome } from './answer.ts';
import { sentenceOfAnswer } from './sentence.ts';

/** One object; `severity` is the highest that fires. */
export function explainJson(answer: Answer, severity: Severity | null, name: string | null): string {
  const { rule, at, status, groups, known, firing, newestRow, calls, kept, ledgerTrouble, error } = answer;
  return jsonText(
    {
      name: name ?? undefined,
      at: isoInstant(at),
      rule: rule.name,
      type: rule.type,
      enabled: rule.enabled,
      status,
      severity,
      answer: sentenceOfAnswer(answer),
      metric: describeMetric(rule.metric).name,
      unit: describeQuantity(quantityOf(rule)).unit,
      limit: ruleTypeOf(rule).limitText(rule),
      data: {
        newest_row: instantJson(newestRow),
        calls,
        source: error !== null ? undefined : kept === null ? 'direct' : 'kept',
        reconciled_at: kept === null ? undefined : instantJson(kept.reconciledAt),
      },
      ledger: { read: ledgerTrouble === null, error: ledgerTrouble },
      known_groups: known,
      firing_groups: firing,
      groups: groups.map((group) => groupJson(rule, group)),
      error,
    },
    2,
  );
}

function groupJson(rule: Rule, group: GroupAnswer): JsonValue {
  const { key, variant, window, value, calls, severity, firing, limits, band, periods, told, silences } =
    group;
  const amount = amountIn(rule);
  return {
    group: groupObject(rule.groupBy, key),
    variant,
    severity,
    value: value === null ? null : amount(value.fixed, value.number),
    calls,
    window: windowJson(window),
    bound: firing === null ? null : amount(firing.steps[firing.steps.length - 1]?.bound ?? 0n),
    limits: limits.map((one) => ({ severity: one.severity, bound: amount(one.bound) })),
    usual: band === null ? null : { low: band.low, mean: band.mean, high: band.high },
    periods: periods.map((one) => ({
      ...windowJson(one.window),
      value: one.value === null ? null : amount(one.value),
    })),
    decision: decisionJson(group.outcome),
    told: told.map((one) => toldJson(one, amount)),
    silences: silences.map(({ silence, until }) => ({
      reason: silence.reason,
      until: isoInstant(until),
      by: silence.createdBy ?? null,
    })),
    split: group.split === null ? null : splitJson(group.split),
  };
}

/** Sums are exact decimals; ratios, averages and percentiles are plain numbers, as in `check`. */
function amountIn(rule: Rule): (fixed: Fixed, number?: number) => JsonValue {
  const { additive } = describeQuantity(quantityOf(rule));
  return (fixed, number = toNumber(fixed)) => (additive ? fixed : number);
}

function decisionJson(outcome: Outcome): JsonValue {
  const { kind } = outcome;
  switch (outcome.kind) {
    case 'notify':
      return { kind, reason: outcome.reason, since: instantJson(outcome.since) };
    case 'duplicate':
      return {
        kind,
        since: instantJson(outcome.since),
        until: instantJson(outcome.until),
        grows_to: outcome.growsTo,
      };
    case 'silenced':
      return { kind, since: instantJson(outcome.since), until: isoInstant(outcome.until) };
    case 'pending':
      return { kind, since: isoInstant(outcome.since), fires_at: isoInstant(outcome.firesAt) };
    case 'few_calls':
      return { kind, calls: outcome.calls };
    case 'resolved':
      return { kind, how: outcome.how, at: instantJson(outcome.at), over_at: instantJson(outcome.overAt) };
    case 'reset':
      return { kind, began: isoInstant(outcome.began), before: outcome.before?.fixed ?? null };
    case 'short_history':
      return { kind, periods: outcome.periods };
    default:
      return { kind };
  }
}

function toldJson(told: Told, amount: (fixed: Fixed) => JsonValue): JsonValue {
  return {
    at: isoInstant(told.at),
    since: isoInstant(told.since),
    period: told.period,
    severity: told.severity,
    value: amount(told.value),
    closed_at: instantJson(told.closedAt),
    resolved_at: instantJson(told.resolvedAt),
    incident: told.incident,
    messages: told.messages.map((one) => ({
      channel: one.channel,
      state: one.state,
      queued_at: isoInstant(one.queuedAt),
    })),
  };
}

/** To the last digit, so that the parts add up. */
function splitJson({ window, before, now, change, calls, mix, length, price }: GroupSplit): JsonValue {
  const parts = { before, now, change, calls, mix, length, price };
  const exact = Object.entries(parts).map(([name, value]) => [
    name,
    new RawJson(formatFixed(value, FIXED_DIGITS)),
  ]);
  return { against: windowJson(window), ...(Object.fromEntries(exact) as Record<string, RawJson>) };
}

function windowJson({ from, to }: Window): { readonly from: string; readonly to: string } {
  return { from: isoInstant(from), to: isoInstant(to) };
}

function instantJson(at: number | null): string | null {
  return at === null ? null : isoInstant(at);
}
