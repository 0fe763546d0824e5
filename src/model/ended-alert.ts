// The end of an alert, for people and for programs.

import { alertContext, contextJson, linksIn, linksJson, ruleText } from './alert-context.ts';
import { windowText } from './alert-section.ts';
import { capital, displayText } from './display-text.ts';
import { durationText, localSpan } from './display-time.ts';
import { displayPhrase, displayValue } from './display-value.ts';
import { type Alert, groupObject } from './finding.ts';
import { findingJson } from './finding-json.ts';
import { groupWithKinds, namesLabel } from './group-label.ts';
import { incidentMessage, SHOWN_ALERTS } from './incident-message.ts';
import { type JsonValue, jsonText, RawJson } from './json.ts';
import type { Fact, Message, MessageIncident } from './message.ts';
import { messageJson } from './message-json.ts';
import { formatFixed, parseFixed } from './money.ts';
import type { Notice } from './notice.ts';
import type { Closing } from './notification.ts';
import { type Quantity, quantityOf } from './quantity.ts';
import { type Rule, type Severity, stepOf, windowOf } from './rule.ts';
import type { AlertContext } from './rule-texts.ts';
import type { Dimension, GroupKey } from './series.ts';
import { dedupeEnd, isoInstant } from './window.ts';

/** What is kept of a notified alert until it is over; plain JSON. */
export interface KeptAlert {
  readonly id: string;
  readonly rule: string;
  /** What its values are. */
  readonly metric: Quantity;
  readonly key: GroupKey;
  /** As in Reached. */
  readonly variant?: string;
  readonly group: Readonly<Record<Dimension, string>>;
  /** `service search`; empty for a rule without groups. */
  readonly name: string;
  readonly severity: Severity;
  /** The rule's window after a value: `in 1h`. */
  readonly window: string;
  readonly since: number;
  /** Since when the rule has fired for the group, at any severity; absent in alerts of earlier versions. */
  readonly began?: number;
  /** When its value left its usual level, ms; null where that is not known. */
  readonly onset: number | null;
  readonly periodEnd: number;
  /** The value that was notified last, as an exact decimal. */
  readonly value: string;
  /** The finding that was notified last, as JSON text; null for alerts that messages only count. */
  readonly finding: string | null;
  /** What the group was while the rule fired, where that is not to be over a limit: `reported silent`. */
  readonly was?: string;
  /** The channels that were told, by severity up to its own. */
  readonly channels: readonly string[];
  /** Absent in alerts of earlier versions. */
  readonly context?: AlertContext;
}

const NO_CONTEXT: AlertContext = { message: null, owner: null, runbook: null, links: {}, labels: {} };

/** What the end of an alert needs of its last notification; `earlier` is what was kept of the one before, while it held. */
export function keptAlert(
  rule: Rule,
  alert: Alert,
  isShown: boolean,
  channels: readonly string[],
  zone: string,
  earlier: KeptAlert | null = null,
): KeptAlert {
  const { id, finding, since, at } = alert;
  return {
    id,
    rule: rule.name,
    metric: quantityOf(finding),
    key: finding.key,
    ...(finding.variant !== undefined && { variant: finding.variant }),
    group: groupObject(finding.groupBy, finding.key),
    name: groupWithKinds(finding.groupBy, finding.key),
    severity: finding.severity,
    window: windowText(windowOf(rule, finding.window)),
    since,
    began: Math.min(since, earlier?.began ?? earlier?.since ?? since),
    onset: earlier?.onset ?? finding.onset?.at ?? null,
    periodEnd: dedupeEnd(rule, at, zone),
    value: formatFixed(finding.value.fixed, 12),
    finding: isShown ? jsonText(findingJson(finding)) : null,
    ...(finding.description.was !== undefined && { was: finding.description.was }),
    channels,
    context: alertContext(rule, alert, isShown),
  };
}

/** What the data says about an alert that is over; null where it could not say so in time. */
export interface EndFigures {
  /** The finding as it last fired, JSON text. */
  readonly finding: string | null;
  readonly valueNow: string | null;
  /** The largest value since it began, at most 24 h back. */
  readonly peak: string | null;
  /** The sum from its onset to its end, for sums whose onset is known. */
  readonly total: string | null;
}

export const NO_FIGURES: EndFigures = { finding: null, valueNow: null, peak: null, total: null };

/** An alert that is over. */
export interface EndedAlert {
  /** Rule and group, as in Notice. */
  readonly noticeKey: string;
  readonly kept: KeptAlert;
  readonly closing: Closing;
  readonly figures: EndFigures;
  readonly incident: string;
  /** Whether its rule was edited and fires for the group at the same severity: where rules are known by name, it goes on. */
  readonly goesOn?: boolean;
}

/** The end of an alert as people's news. */
export function endNotice(
  { noticeKey, kept, closing, figures, goesOn = false }: EndedAlert,
  zone: string,
): Notice {
  const { rule, name, severity, since, context = NO_CONTEXT } = kept;
  const began = kept.began ?? since;
  const lasted = durationText(Math.max(0, closing.at - began));
  const amount = (text: string): string =>
    displayPhrase(kept.metric, displayValue(kept.metric, parseFixed(text) ?? 0n));
  const inWindow = (text: string): string => `${amount(text)} ${kept.window}`;
  const { was = 'over its limit' } = kept;
  const { valueNow } = figures;
  // Where the value is no excess, it has no peak and no sum.
  const { peak, total: sum } = kept.was === undefined ? figures : NO_FIGURES;
  const total = sum === null ? null : amount(sum);
  const facts: (Fact | null)[] = [
    ['Rule', ruleText(rule, severity, context.owner)],
    ['It held', `${localSpan(began, closing.at, zone)} (for ${lasted})`],
    kept.was !== undefined
      ? null
      : peak === null
        ? ['Last notified', inWindow(kept.value)]
        : ['At most', inWindow(peak)],
    total === null ? null : ['In all', total],
    valueNow === null ? null : ['Now', inWindow(valueNow)],
  ];
  const inAll = total === null ? '' : `, ${total} in all`;
  const subject = name === '' ? 'The alert' : capital(name);
  return {
    key: noticeKey,
    rule,
    reason: 'resolved',
    step: stepOf(severity),
    isNews: false,
    title: `${displayText(rule)}: ${
      name === '' ? 'back to normal' : `${namesLabel(Object.values(kept.group))} back to normal`
    } after ${lasted}${inAll}`,
    note: null,
    again: null,
    section: {
      headline: `${name === '' ? 'Back to normal' : `${name}: back to normal`} after ${lasted}`,
      sentence: `${subject} is back to normal: rule ${displayText(rule)} does not fire any more. It was ${was} for ${lasted}${inAll}.`,
      facts: facts.filter((fact) => fact !== null),
      ...linksIn(context),
      tables: [],
    },
    alert: {
      id: kept.id,
      rule,
      group: kept.group,
      ...(kept.variant !== undefined && { variant: kept.variant }),
      severity,
      summary: `back to normal after ${lasted}`,
      since,
      periodEnd: kept.periodEnd,
      resolvedAt: goesOn ? null : closing.at,
      context,
    },
    chart: null,
  };
}

/** The ends of alerts of one rule as one event for programs: ten shown, the rest counted. */
export function endedMessage(
  ended: readonly EndedAlert[],
  {
    at,
    dataAsOf,
    zone,
    timestamp,
    incident,
  }: {
    readonly at: number;
    readonly dataAsOf: number | null;
    readonly zone: string;
    readonly timestamp: number;
    readonly incident: MessageIncident;
  },
): Message {
  const shown = ended.slice(0, SHOWN_ALERTS);
  const [first] = shown;
  if (first === undefined) throw new RangeError('a message needs an alert');
  const json = messageJson('alert.resolved', timestamp, {
    rule: first.kept.rule,
    severity: first.kept.severity,
    ...contextJson(first.kept.context ?? NO_CONTEXT),
    ...linksJson(first.kept.context ?? NO_CONTEXT),
    at: isoInstant(at),
    data_as_of: dataAsOf === null ? null : isoInstant(dataAsOf),
    alerts: shown.map(resolvedJson),
    more: ended.length - shown.length,
  });
  const notices = shown.map((one) => endNotice(one, zone));
  const more = ended.length - shown.length;
  return incidentMessage({ notices, more, incident, dataAsOf, zone, timestamp, json });
}

function rawJson(text: string | null): JsonValue {
  return text === null ? null : new RawJson(text);
}

function resolvedJson({ kept, closing, figures, incident }: EndedAlert): JsonValue {
  const amount = (text: string | null): JsonValue => (text === null ? null : (parseFixed(text) ?? null));
  return {
    id: kept.id,
    since: isoInstant(kept.since),
    reason: closing.how,
    incident,
    ...linksJson(kept.context ?? NO_CONTEXT),
    finding: rawJson(figures.finding ?? kept.finding),
    value_now: amount(figures.valueNow),
    resolved_at: isoInstant(closing.at),
    peak: amount(figures.peak) ?? amount(kept.value),
    total: amount(figures.total),
  };
}
