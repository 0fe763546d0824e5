// Prepares what a poll tells: what drives alerts, what they are about, and how those that are over ended.

import { type Channel, type ChannelTerms, USUAL_TERMS } from '../channels/channel.ts';
import type { NewDelivery } from '../model/delivery.ts';
import { type EndedAlert, type KeptAlert, keptAlert, NO_FIGURES } from '../model/ended-alert.ts';
import type { AppError } from '../model/errors.ts';
import type { Alert, Finding } from '../model/finding.ts';
import { SHOWN_ALERTS } from '../model/incident-message.ts';
import { noticeKey } from '../model/notice.ts';
import { worstFirst } from '../model/observation.ts';
import { type Rule, SEVERITIES, stepOf } from '../model/rule.ts';
import type { AlertEnd, IncidentPlan } from '../state/record.ts';
import type { ClosedAlert, RecordedIncidents } from '../state/recorded-incidents.ts';
import type { Announcement } from './announcement.ts';
import { announcementOf, endOf, type PollMoment } from './announcement-of.ts';
import type { AlertNotification } from './decide.ts';
import type { Decided } from './dedupe.ts';
import { deliveriesTo, tellsByIncident } from './deliveries.ts';
import { figuresOf } from './ended-alerts.ts';
import { explain, unexplained } from './explain.ts';
import { onsetsAndCharts } from './onsets-and-charts.ts';
import type { PollUnderWay } from './parts.ts';
import { subjectsOf } from './subjects.ts';

export interface Announced {
  /** By rule, in the order of the decisions: the alerts that are over, or why nothing can be told of the rule. */
  readonly closings: readonly (readonly AlertEnd[] | AppError)[];
  /** Makes the deliveries of what the ledger lets through. */
  readonly plan: IncidentPlan<AlertNotification>;
}

/**
 * Prepares what a poll tells. All that is read for it is read here, before the transaction: what drives the findings that a
 * message can show, and the figures of alerts that are over. Messages are composed later, of what the ledger lets through.
 */
export async function announce(
  parts: PollUnderWay,
  decisions: readonly Decided[],
  moment: PollMoment,
): Promise<Announced> {
  const rules = new Map(decisions.map(({ rule }) => [fingerprintOf(parts, rule), rule]));
  const all = decisions.map(({ rule, decision }) => ({ rule, notifications: decision.notifications.flat() }));
  const subjects = await subjectsOf(parts, all, moment.at);
  const { alerts, failed } = await alertsOf(parts, decisions, moment);
  const counted = new Map<AlertNotification, Alert>();
  const alertOf = (rule: Rule, notification: AlertNotification): Alert => {
    const known = alerts.get(notification) ?? counted.get(notification);
    if (known !== undefined) return known;
    const alert = alertFrom(notification, unexplained(rule, notification.firing));
    counted.set(notification, alert);
    return alert;
  };
  const ended = await endedOf(parts, decisions, moment.at);
  const earlier = await keptOf(
    parts,
    all.flatMap(({ rule, notifications }) =>
      notifications.filter(({ reason }) => reason !== 'new').map(({ groupId }) => ({ rule, groupId })),
    ),
  );
  const ruleOf = (fingerprint: string): Rule => {
    const rule = rules.get(fingerprint);
    if (rule === undefined) throw new RangeError('a notification has no rule');
    return rule;
  };
  const places = new Map(parts.rules.map((rule, place) => [rule, place]));
  const placeOf = (rule: Rule): number => places.get(rule) ?? -1;
  return {
    closings: decisions.map(({ rule }) => failed.get(rule) ?? ended.get(rule) ?? []),
    plan: {
      file: parts.file,
      endOf: ({ groupId, editedStep }) =>
        endOf({ groupId, how: 'ended', at: moment.at }, NO_FIGURES, editedStep),
      toldOf(fingerprint, notification) {
        const rule = ruleOf(fingerprint);
        const alert = alertOf(rule, notification);
        const kept = keptAlert(
          rule,
          alert,
          alerts.has(notification),
          channelsOf(rule, notification),
          parts.zone,
          earlier(rule, notification.groupId),
        );
        const subject = subjects.get(notification) ?? { dimension: null, value: rule.name };
        return { subject, told: JSON.stringify(kept) };
      },
      compose(recorded) {
        const told = recorded.told.map(({ fingerprint, notification, incident }) => {
          const rule = ruleOf(fingerprint);
          return { rule, fingerprint, incident, alert: alertOf(rule, notification) };
        });
        // In the order of the file, which is the one that readers know.
        told.sort((a, b) => placeOf(a.rule) - placeOf(b.rule));
        const announcement = announcementOf(parts, recorded, told, moment);
        const channels = [...parts.channels.values()].map((channel) => ({
          channel,
          terms: parts.incidents.terms.get(channel.name) ?? USUAL_TERMS,
        }));
        const deliveries = channels.flatMap(({ channel, terms }) =>
          deliveriesTo(channel, terms, announcement),
        );
        return { deliveries, endsTold: endsTold(channels, deliveries, recorded, announcement) };
      },
    },
  };
}

/** The alerts of whose end some channel hears: programs at once, people in a message about an incident that is over. */
function endsTold(
  channels: readonly { readonly channel: Channel; readonly terms: ChannelTerms }[],
  deliveries: readonly NewDelivery[],
  { closed, ofClosedIncidents }: RecordedIncidents<AlertNotification>,
  { ended, ofClosed }: Announcement,
): ClosedAlert[] {
  const people = channels.filter(({ channel, terms }) => tellsByIncident(channel, terms));
  const programs = channels.filter((one) => !people.includes(one) && one.terms.sendResolved);
  const names = (some: typeof people): Set<string> => new Set(some.map(({ channel }) => channel.name));
  const [toPeople, toPrograms] = [names(people), names(programs)];
  const said = new Set(
    deliveries
      .filter(({ channel }) => toPeople.has(channel))
      .flatMap(({ channel, incidents = [] }) => incidents.map((id) => `${channel} ${id}`)),
  );
  const isTold = (end: EndedAlert | undefined, isHeard: (channel: string) => boolean): boolean =>
    end?.closing.how === 'resolved' && end.kept.channels.some(isHeard);
  return [
    ...closed.filter((_, i) => isTold(ended[i], (channel) => toPrograms.has(channel))),
    ...ofClosedIncidents.filter(({ incident }, i) =>
      isTold(ofClosed[i], (channel) => said.has(`${channel} ${incident}`)),
    ),
  ];
}

function fingerprintOf({ fingerprints }: PollUnderWay, { name }: Rule): string {
  return fingerprints.get(name) ?? name;
}

/** The channels that were told of an alert: those of its severity, and of lower ones that it had before. */
function channelsOf({ notify }: Rule, { severity }: AlertNotification): string[] {
  const upTo = SEVERITIES.filter((one) => stepOf(one) <= stepOf(severity));
  return [...new Set(upTo.flatMap((one) => notify[one]))];
}

/** The alerts that a message can show, with what drives them; and the rules of which nothing can be said. */
async function alertsOf(
  parts: PollUnderWay,
  decisions: readonly Decided[],
  { at }: PollMoment,
): Promise<{ alerts: Map<AlertNotification, Alert>; failed: Map<Rule, AppError> }> {
  const alerts = new Map<AlertNotification, Alert>();
  const failed = new Map<Rule, AppError>();
  const shown = decisions.map(({ decision }) => decision.notifications.flatMap(worstOfEachSeverity));
  if (shown.every((some) => some.length === 0)) return { alerts, failed };
  const wanted = decisions.map(({ rule }, i) => ({
    rule,
    firing: (shown[i] ?? []).map(({ firing }) => firing),
  }));
  const explained = await explain(parts.explaining, parts, wanted, at);
  // The drivers come first: what is left of the time is for the pictures.
  const pictures = await onsetsAndCharts(parts, wanted, at);
  decisions.forEach(({ rule }, i) => {
    const findings = explained[i];
    if (findings instanceof Error) {
      failed.set(rule, findings);
      return;
    }
    (shown[i] ?? []).forEach((notification, n) => {
      const { onset = null, chart = null } = pictures[i]?.[n] ?? {};
      const finding = findings?.[n] ?? unexplained(rule, notification.firing);
      alerts.set(notification, { ...alertFrom(notification, { ...finding, onset }), chart });
    });
  });
  return { alerts, failed };
}

/** The alerts that are over, by rule. Only those that were notified have figures. */
async function endedOf(
  parts: PollUnderWay,
  decisions: readonly Decided[],
  at: number,
): Promise<Map<Rule, AlertEnd[]>> {
  const over = decisions.filter(({ decision }) => decision.closings.length > 0);
  const keptBy = await keptOf(
    parts,
    over.flatMap(({ rule, decision }) => decision.closings.map(({ groupId }) => ({ rule, groupId }))),
  );
  const ended = new Map<Rule, AlertEnd[]>();
  for (const { rule, decision } of over) {
    const endings = decision.closings.flatMap((closing) => {
      const kept = keptBy(rule, closing.groupId);
      return kept === null ? [] : [{ closing, kept }];
    });
    const figures = endings.length === 0 ? [] : await figuresOf(parts, rule, endings, at);
    const figuresOfGroup = new Map(endings.map(({ closing }, i) => [closing.groupId, figures[i]]));
    const quiet = new Set(
      endings.filter(({ kept }) => kept.variant !== undefined).map(({ closing }) => closing),
    );
    ended.set(
      rule,
      decision.closings.map((closing) =>
        endOf(
          quiet.has(closing) ? { ...closing, how: 'ended' } : closing,
          figuresOfGroup.get(closing.groupId) ?? NO_FIGURES,
        ),
      ),
    );
  }
  return ended;
}

/** What is kept of notified alerts that held at the poll before. */
async function keptOf(
  parts: PollUnderWay,
  asked: readonly { readonly rule: Rule; readonly groupId: string }[],
): Promise<(rule: Rule, group: string) => KeptAlert | null> {
  const texts = await parts.state.readAlerts(
    asked.map(({ rule, groupId }) => ({ fingerprint: fingerprintOf(parts, rule), groupId })),
  );
  return (rule, group) => {
    const text = texts.get(noticeKey(fingerprintOf(parts, rule), group));
    return text === undefined ? null : (JSON.parse(text) as KeptAlert);
  };
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

function alertFrom(notification: AlertNotification, finding: Finding): Alert {
  const { id, at, since, ongoing, period, reason, previous } = notification;
  return { id, at, since, ongoing, reason, previous, period: String(period), finding };
}
