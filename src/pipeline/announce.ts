// Turns the notifications of a poll into messages and deliveries.

import type { Channel } from '../channels/channel.ts';
import { alertMessage, SHOWN_ALERTS } from '../model/alert-message.ts';
import { deliveryId, type NewDelivery } from '../model/delivery.ts';
import type { AppError } from '../model/errors.ts';
import { largestOf } from '../model/extremes.ts';
import type { Alert, Finding } from '../model/finding.ts';
import { formatFixed } from '../model/money.ts';
import { worstFirst } from '../model/observation.ts';
import { type Rule, SEVERITIES } from '../model/rule.ts';
import type { NotificationBatch } from '../state/record.ts';
import type { AlertNotification } from './decide.ts';
import type { Decided } from './dedupe.ts';
import { explain, unexplained } from './explain.ts';
import { onsetsAndCharts } from './onsets-and-charts.ts';
import type { PollParts, PollUnderWay } from './parts.ts';

interface Occasion {
  readonly at: number;
  readonly newestRow: number | null;
  readonly now: () => number;
}

/**
 * Prepares the messages of a poll, by rule; an error for a rule whose message cannot be made. Breakdowns are read here,
 * before the transaction, for the findings that a message can show. Messages are composed later, of the notifications that
 * the ledger lets through.
 */
export async function announce(
  parts: PollUnderWay,
  decisions: readonly Decided[],
  occasion: Occasion,
): Promise<(NotificationBatch<AlertNotification>[] | AppError)[]> {
  if (decisions.every(({ decision }) => decision.notifications.length === 0)) return decisions.map(() => []);
  const shown = decisions.map(({ decision }) => decision.notifications.flatMap(worstOfEachSeverity));
  const wanted = decisions.map(({ rule }, i) => ({
    rule,
    firing: (shown[i] ?? []).map(({ firing }) => firing),
  }));
  const explained = await explain(parts.explaining, parts, wanted, occasion.at);
  // The drivers come first: what is left of the time is for the pictures.
  const told = await onsetsAndCharts(parts, wanted, occasion.at);
  return decisions.map(({ rule, decision }, i) => {
    const findings = explained[i];
    if (findings instanceof Error) return findings;
    const alerts = new Map(
      (shown[i] ?? []).map((notification, n) => {
        const { onset = null, chart = null } = told[i]?.[n] ?? {};
        const finding = findings?.[n] ?? unexplained(rule, notification.firing);
        return [notification, { ...alertFrom(notification, { ...finding, onset }), chart }];
      }),
    );
    const alertOf = (notification: AlertNotification): Alert =>
      alerts.get(notification) ?? alertFrom(notification, unexplained(rule, notification.firing));
    return decision.notifications.map((notifications) => ({
      notifications,
      compose: (won: readonly AlertNotification[]) => deliveriesOf(parts, rule, won, alertOf, occasion),
    }));
  });
}

/** Channels differ by severity, so each severity needs its own worst findings. */
function worstOfEachSeverity(notifications: readonly AlertNotification[]): AlertNotification[] {
  return SEVERITIES.flatMap((severity) =>
    notifications
      .filter((one) => one.severity === severity)
      .sort((a, b) => worstFirst(a.firing, b.firing))
      .slice(0, SHOWN_ALERTS),
  );
}

function deliveriesOf(
  { channels, zone, fingerprints }: PollParts,
  rule: Rule,
  won: readonly AlertNotification[],
  alertOf: (notification: AlertNotification) => Alert,
  { newestRow, now }: Occasion,
): NewDelivery[] {
  const names = [...new Set(won.flatMap(({ severity }) => rule.notify[severity]))];
  return names.flatMap((name) => {
    const channel = channels.get(name);
    if (channel === undefined) return [];
    const routed = won.filter(({ severity }) => rule.notify[severity].includes(name));
    const at = largestOf(routed.map((notification) => notification.at));
    const message = alertMessage({
      rule,
      alerts: routed.map(alertOf),
      at,
      dataAsOf: newestRow,
      zone,
      timestamp: now(),
    });
    const fingerprint = fingerprints.get(rule.name) ?? rule.name;
    // The value is part of the id: the same alert at ten times the value is another delivery.
    const content = routed
      .map(({ id, value, at: evaluatedAt }) => [id, formatFixed(value, 12), evaluatedAt].join(' '))
      .sort();
    const id = deliveryId(name, [fingerprint, ...content]);
    const others = names.filter((other) => other !== name);
    return [
      queuedFor(channel, id, { rule: rule.name, fingerprint, severity: message.severity, message, others }),
    ];
  });
}

function queuedFor(
  channel: Channel,
  id: string,
  delivery: Pick<NewDelivery, 'rule' | 'fingerprint' | 'severity' | 'message' | 'others'>,
): NewDelivery {
  const body = channel.render(delivery.message, id);
  return { ...delivery, id, channel: channel.name, channelType: channel.type, body, isReport: false };
}

function alertFrom({ id, at, since, ongoing, period }: AlertNotification, finding: Finding): Alert {
  return { id, at, since, ongoing, period: String(period), finding };
}
