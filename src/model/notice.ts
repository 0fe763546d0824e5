// One alert's news for people, before a message is made of it.

import { alertContext } from './alert-context.ts';
import { alertSection, alertSummary } from './alert-section.ts';
import type { Chart } from './chart.ts';
import { displayLines, displayText } from './display-text.ts';
import { durationText, localTime } from './display-time.ts';
import { displayValue } from './display-value.ts';
import { type Alert, groupObject } from './finding.ts';
import { groupId } from './fingerprint.ts';
import type { Fact, MessageAlert, MessageSection } from './message.ts';
import { type Fixed, ONE } from './money.ts';
import { worstFirst } from './observation.ts';
import { quantityOf } from './quantity.ts';
import { type Rule, stepOf } from './rule.ts';
import type { AlertContext } from './rule-texts.ts';
import { dedupeEnd } from './window.ts';

/** An alert's news, as plain JSON: what was not sent yet can be told together with what comes later. */
export interface Notice {
  /** Rule and group. A later notice about the same alert takes the place of an earlier one. */
  readonly key: string;
  /** Whether the same poll tells of the alert in a later period, too. Then the period is part of the key. */
  readonly isOfEarlierPeriod?: true;
  readonly rule: string;
  readonly reason: Alert['reason'] | 'silenced' | 'resolved';
  /** `stepOf` its severity. */
  readonly step: number;
  /** Whether there is something in it that people must learn, or only an end. */
  readonly isNews: boolean;
  /** The instant as of which it speaks, ms; absent where it is true at any later one. */
  readonly at?: number;
  /** For the title: `hourly-burn: search $312.46 in 1h (limit $100.00)`. */
  readonly title: string;
  /** The rule author's text. */
  readonly note: string | null;
  /** Why it is notified again; null for the first time. */
  readonly again: string | null;
  /** Until when and why it is silenced: `until 17:00 (load test)`; absent where it is not. */
  readonly silenced?: string;
  readonly section: MessageSection;
  readonly alert: MessageAlert;
  readonly chart: Chart | null;
}

const LONGEST_NOTE = 2000;

/** The notices of a rule's alerts, worst first. `at` is the instant of the poll that tells them. */
export function noticesOf(
  {
    rule,
    alerts,
    at,
    zone,
  }: { readonly rule: Rule; readonly alerts: readonly Alert[]; readonly at: number; readonly zone: string },
  fingerprint: string,
): Notice[] {
  const keyOf = ({ finding }: Alert): string => noticeKey(fingerprint, groupId(finding.key, finding.variant));
  const latest = new Map<string, number>();
  for (const alert of alerts) latest.set(keyOf(alert), Math.max(latest.get(keyOf(alert)) ?? 0, alert.at));
  return [...alerts].sort(mostSevereFirst).map((alert) => {
    const { finding, reason } = alert;
    const context = alertContext(rule, alert);
    const key = keyOf(alert);
    const isLatest = latest.get(key) === alert.at;
    return {
      key: isLatest ? key : `${key}/${alert.period}`,
      ...(!isLatest && { isOfEarlierPeriod: true }),
      rule: rule.name,
      reason,
      step: stepOf(finding.severity),
      isNews: true,
      at: isLatest ? at : alert.at,
      title: `${displayText(rule.name)}: ${alertSummary(rule, alert)}`,
      note: context.message === null ? null : displayLines(context.message, LONGEST_NOTE),
      again: againText(alert, zone),
      section: alertSection(rule, alert, context, at, zone),
      alert: messageAlert(rule, alert, context, zone),
      chart: alert.chart ?? null,
    };
  });
}

export function noticeKey(fingerprint: string, group: string): string {
  return `${fingerprint}/${group}`;
}

/** A section with why it is told again, for the message in which it is. */
export function sectionOf({ section, again, reason, silenced }: Notice): MessageSection {
  const fact: Fact[] = again === null ? [] : [['Again because', again]];
  if (silenced !== undefined && reason !== 'silenced') fact.push(['Silenced', silenced]);
  const [rule, ...facts] = section.facts;
  return { ...section, facts: [...(rule === undefined ? [] : [rule]), ...fact, ...facts] };
}

/**
 * Earlier notices that were never sent, with later ones: one for each alert, the latest. What was never told is told as if for
 * the first time.
 */
export function mergedNotices(earlier: readonly Notice[], later: readonly Notice[]): Notice[] {
  const merged = new Map(earlier.map((notice) => [notice.key, notice]));
  for (const notice of later) {
    const untold = merged.get(notice.key);
    if (untold === undefined || untold.reason === 'silenced' || notice.reason === 'silenced') {
      merged.set(notice.key, after(untold, notice));
      continue;
    }
    const isEnd = notice.reason === 'resolved';
    merged.set(notice.key, {
      ...notice,
      reason: isEnd ? notice.reason : untold.reason,
      again: isEnd ? notice.again : untold.again,
      isNews: notice.isNews || untold.isNews,
      chart: notice.chart ?? untold.chart,
    });
  }
  return [...merged.values()];
}

/** What is to be known of an alert after a later notice: a silence is added to the news that it silences. */
export function after(earlier: Notice | undefined, later: Notice): Notice {
  if (earlier === undefined || later.reason !== 'silenced') return later;
  return earlier.reason === 'silenced' ? later : { ...earlier, silenced: later.silenced ?? '' };
}

/** Why an alert is notified again, in words; null where it is new. */
function againText({ reason, previous, since, finding }: Alert, zone: string): string | null {
  if (reason === 'new' || previous === null) return null;
  const before = displayValue(quantityOf(finding), previous.value);
  const now = displayValue(quantityOf(finding), finding.value.fixed);
  const when = localTime(previous.at, zone);
  switch (reason) {
    case 'escalated':
      return `it was ${previous.severity.toUpperCase()} since ${when}: ${before}, now ${now}`;
    case 'grown': {
      const times = timesText(finding.value.fixed, previous.value);
      return `it is ${times} what was notified at ${when}: ${before}, now ${now}`;
    }
    case 'ongoing':
      return `it still holds, for ${durationText(previous.at - since < 0 ? 0 : finding.window.to - since)}; notified before at ${when}: ${before}`;
    case 'reopened':
      return `it fires again after it was resolved; notified before at ${when}: ${before}`;
  }
}

function timesText(now: Fixed, before: Fixed): string {
  if (before <= 0n) return 'more than';
  const tenths = Number((now * 10n * ONE) / before / ONE);
  return `${tenths >= 100 ? Math.floor(tenths / 10).toLocaleString('en-US') : (tenths / 10).toFixed(1).replace(/\.0$/, '')} times`;
}

function messageAlert(rule: Rule, alert: Alert, context: AlertContext, zone: string): MessageAlert {
  const { id, finding, since, at } = alert;
  return {
    id,
    rule: rule.name,
    group: groupObject(finding.groupBy, finding.key),
    ...(finding.variant !== undefined && { variant: finding.variant }),
    severity: finding.severity,
    summary: alertSummary(rule, alert),
    since,
    periodEnd: dedupeEnd(rule, at, zone),
    resolvedAt: null,
    context,
  };
}

/** By severity, then in the order in which `check` lists findings. */
export function mostSevereFirst({ finding: a }: Alert, { finding: b }: Alert): number {
  const bySeverity = stepOf(b.severity) - stepOf(a.severity);
  return bySeverity === 0 ? worstFirst(a, b) : bySeverity;
}
