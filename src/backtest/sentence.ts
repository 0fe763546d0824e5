// Describes alerts and suggestions in words.

import { durationText } from '../model/display-time.ts';
import { counted, displayCount, displayValue } from '../model/display-value.ts';
import { describeQuantity, quantityOf } from '../model/quantity.ts';
import { type Rule, stepOf } from '../model/rule.ts';
import { ruleTypeOf } from '../rules/index.ts';
import type { Difference } from './difference.ts';
import { weeksIn } from './json.ts';
import type { BacktestedRule, BacktestResult } from './result.ts';
import type { SentAlert } from './sent-alert.ts';
import type { Suggestion } from './suggest.ts';

/** The alerts of one rule at one instant, which are sent together. */
export interface Sent {
  readonly rule: Rule;
  readonly at: number;
  /** The worst of them. */
  readonly worst: SentAlert;
  readonly more: number;
}

/** Groups alerts into messages: one for each rule and instant. */
export function sentTogether(alerts: readonly SentAlert[]): Sent[] {
  const sent: Sent[] = [];
  for (const alert of alerts) {
    const last = sent.at(-1);
    const { rule, notification } = alert;
    if (last !== undefined && last.rule === rule && last.at === notification.at) {
      // A rule lists its findings worst first.
      const isWorse = stepOf(notification.severity) > stepOf(last.worst.notification.severity);
      sent[sent.length - 1] = { ...last, worst: isWorse ? alert : last.worst, more: last.more + 1 };
    } else sent.push({ rule, at: notification.at, worst: alert, more: 0 });
  }
  return sent;
}

/** A value and what it was compared with: `$312.46 >= $100.00`, `$312.46, usually $41.20, z 6.3`. */
export function againstText({ rule, notification: { firing } }: SentAlert): string {
  const { comparison, note, reason } = ruleTypeOf(rule).describe(rule, firing);
  const [value, limit] = comparison;
  return note === null ? `${value} ${limit}` : `${value}, ${reason}`;
}

/** Why the alert was sent: `new`, `escalated`, `grown`, `ongoing for 3 d 2 h`. */
export function reasonText({ notification }: SentAlert): string {
  const { reason, at, since } = notification;
  return reason === 'ongoing' && at > since ? `ongoing for ${durationText(at - since)}` : reason;
}

/** What the suggested limit would have done. */
export function suggestionText(
  { rule }: BacktestedRule,
  { limit, alerts }: Suggestion,
  { from, to }: BacktestResult,
): string {
  const limits = ruleTypeOf(rule).fixedLimits?.(rule);
  const operator = limits === undefined ? '' : `${limits.operator} `;
  const perWeek = (alerts / weeksIn(from, to)).toFixed(1);
  const extra = describeQuantity(quantityOf(rule)).unit === 'ratio' ? 1 : 0;
  return `${operator}${displayValue(quantityOf(rule), limit, extra)} would have made ${counted(alerts, 'alert')}, ${perWeek} a week`;
}

/** `2 added, 1 dropped, 3 earlier, 0 later, 12 the same`. */
export function differenceText({ added, dropped, earlier, later, same }: Difference): string {
  const lists = Object.entries({ added, dropped, earlier, later });
  const parts = lists.map(([word, list]) => `${displayCount(list.length)} ${word}`);
  return [...parts, `${displayCount(same)} the same`].join(', ');
}
