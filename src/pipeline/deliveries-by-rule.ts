// The deliveries by rule: an event for each rule and period, for programs and for channels that are not grouped (pure).

import type { Channel, ChannelTerms } from '../channels/channel.ts';
import { alertMessage } from '../model/alert-message.ts';
import { deliveryId, type NewDelivery } from '../model/delivery.ts';
import { type EndedAlert, endedMessage } from '../model/ended-alert.ts';
import { largestOf } from '../model/extremes.ts';
import type { Alert, Finding } from '../model/finding.ts';
import { groupedBy } from '../model/grouped-by.ts';
import { mostSevereFirst } from '../model/notice.ts';
import { type SilencedAlert, silencedMessage } from '../model/silenced-alert.ts';
import { periodTogether } from '../model/window.ts';
import type { Announcement, NotifiedAlert } from './announcement.ts';
import { incidentOf, othersOf, queued } from './delivery-parts.ts';

/** The deliveries to one channel, by rule. */
export function byRule(channel: Channel, terms: ChannelTerms, announcement: Announcement): NewDelivery[] {
  const { told, dataAsOf, zone, timestamp, incidents } = announcement;
  const firing = [
    ...groupedBy(told, ({ fingerprint, alert }) => `${fingerprint} ${periodTogether(alert.period)}`),
  ].map(([, list]): NewDelivery => {
    const [first] = [...list].sort((a, b) => mostSevereFirst(a.alert, b.alert));
    const { rule, fingerprint, incident } = first as NotifiedAlert;
    const message = alertMessage({
      rule,
      alerts: list.map(({ alert }) => alert),
      at: largestOf(list.map(({ alert }) => alert.at)),
      dataAsOf,
      zone,
      timestamp,
      incident: incidentOf(incidents, incident, false),
      incidentOf: new Map(list.map((one) => [one.alert.id, one.incident])),
    });
    const id = deliveryId(channel.name, [fingerprint, ...list.map(({ alert }) => contentOf(alert)).sort()]);
    return queued(channel, id, message, null, {
      rule: rule.name,
      fingerprint,
      incidents: incidentsOf(list),
      others: othersOf(list, channel),
    });
  });
  return [
    ...firing,
    ...notesOf(channel, announcement),
    ...(terms.sendResolved ? endsOf(channel, announcement) : []),
  ];
}

/** The ends of alerts, by rule. */
function endsOf(channel: Channel, announcement: Announcement): NewDelivery[] {
  const { told, dataAsOf, zone, timestamp, incidents } = announcement;
  const names = new Set(told.map(({ alert: { finding }, rule }) => nameOf(rule.name, finding)));
  const ended = announcement.ended.map((one) => {
    const isEdited = one.closing.how === 'ended' && names.has(nameOf(one.kept.rule, one.kept));
    return isEdited ? { ...one, goesOn: true } : one;
  });
  const heard =
    channel.audience === 'programs' ? ended : ended.filter(({ closing }) => closing.how === 'resolved');
  return [...groupedBy(heard, ({ fingerprint }) => fingerprint)].map(([fingerprint, list]): NewDelivery => {
    const { kept, incident } = list[0] as EndedAlert;
    const isClosed = list.every((one) => incidents.get(one.incident)?.isClosed ?? false);
    const about = incidentOf(incidents, incident, isClosed);
    const message = endedMessage(list, { at: announcement.at, dataAsOf, zone, timestamp, incident: about });
    const content = list.map(({ kept: { id }, closing }) => `${id} ${closing.at}`).sort();
    const id = deliveryId(channel.name, ['resolved', fingerprint, ...content]);
    return queued(channel, id, message, null, {
      rule: kept.rule,
      fingerprint,
      incidents: incidentsOf(list),
      others: kept.channels.filter((name) => name !== channel.name),
    });
  });
}

/** The alerts that are silenced from now on, by rule. */
function notesOf(channel: Channel, announcement: Announcement): NewDelivery[] {
  const { silenced, incidents } = announcement;
  return [...groupedBy(silenced, ({ fingerprint }) => fingerprint)].map(
    ([fingerprint, list]): NewDelivery => {
      const { kept, incident } = list[0] as SilencedAlert;
      const message = silencedMessage(list, {
        ...announcement,
        incident: incidentOf(incidents, incident, false),
      });
      const content = list.map((one) => `${one.kept.id} ${one.silence.key}`).sort();
      const id = deliveryId(channel.name, ['silenced', fingerprint, ...content]);
      const about = { rule: kept.rule, fingerprint, incidents: incidentsOf(list), others: [] };
      return queued(channel, id, message, null, about);
    },
  );
}

/** What programs that know rules by name tell alerts apart by. */
function nameOf(
  rule: string,
  { key, variant, severity }: Pick<Finding, 'key' | 'variant' | 'severity'>,
): string {
  return JSON.stringify([rule, key, variant, severity]);
}

function incidentsOf(list: readonly { readonly incident: string }[]): string[] {
  return [...new Set(list.map(({ incident }) => incident))];
}

/** The value is part of the id: the same alert at ten times the value is another delivery. */
function contentOf({ id, at, reason, finding }: Alert): string {
  return [id, finding.value.fixed, at, reason === 'reopened' ? reason : ''].join(' ').trim();
}
