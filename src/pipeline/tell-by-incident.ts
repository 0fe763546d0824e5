// Tells by incident: one message for people of all that is new about it (pure).

import type { Channel, ChannelTerms } from '../channels/channel.ts';
import { alertMessage } from '../model/alert-message.ts';
import { deliveryId, type NewDelivery } from '../model/delivery.ts';
import { endedMessage, endNotice } from '../model/ended-alert.ts';
import { smallestOf } from '../model/extremes.ts';
import { incidentMessage, SHOWN_ALERTS } from '../model/incident-message.ts';
import type { MessageIncident } from '../model/message.ts';
import { mergedNotices, mostSevereFirst, noticesOf } from '../model/notice.ts';
import { stepOf } from '../model/rule.ts';
import { groupedBy, incidentOf, othersOf, queued } from './tell-parts.ts';
import type { Telling, Told } from './telling.ts';

/** Above this many incidents that one poll opens on a channel, they share a message. */
const APART = 3;

/** The deliveries to one channel, by incident. */
export function byIncident(channel: Channel, terms: ChannelTerms, telling: Telling): NewDelivery[] {
  const { told, ofClosed, earlier } = telling;
  const ids = [...new Set([...told, ...ofClosed].map(({ incident }) => incident))];
  const known = new Set(earlier.map(({ incident }) => incident));
  const opened = ids.filter((id) => !known.has(id));
  const apart = opened.length > APART ? ids.filter((id) => known.has(id)) : ids;
  const together = opened.length > APART ? [opened] : [];
  return [...apart.map((id) => [id]), ...together].flatMap((some) => storyOf(channel, terms, telling, some));
}

function storyOf(
  channel: Channel,
  terms: ChannelTerms,
  telling: Telling,
  ids: readonly string[],
): NewDelivery[] {
  const { zone, dataAsOf, timestamp, incidents } = telling;
  const told = telling.told
    .filter(({ incident }) => ids.includes(incident))
    .sort((a, b) => stepOf(b.alert.finding.severity) - stepOf(a.alert.finding.severity));
  const [worst] = told;
  const byRule = [...groupedBy(told, ({ fingerprint }) => fingerprint)];
  const shown = byRule.flatMap(([fingerprint, list]) => {
    const alerts = list.map(({ alert }) => alert).sort(mostSevereFirst);
    const { rule } = list[0] as Told;
    return noticesOf({ rule, alerts: alerts.slice(0, SHOWN_ALERTS), at: telling.at, zone }, fingerprint);
  });
  const counted = told.length - shown.length;
  const ends = telling.ofClosed
    .filter(({ incident, closing }) => ids.includes(incident) && closing.how === 'resolved')
    .map((ended) => endNotice(ended, zone));
  const untried = telling.earlier.filter(
    ({ incident, untried }) => ids.includes(incident) && untried !== null,
  );
  const before = untried.flatMap(({ untried }) => untried?.notices ?? []);
  const notices = mergedNotices(before, mergedNotices(shown, ends));
  if (notices.length === 0 || !(terms.sendResolved || notices.some(({ isNews }) => isNews))) return [];
  const kept = notices.slice(0, SHOWN_ALERTS);
  const more =
    counted + notices.length - kept.length + untried.reduce((sum, one) => sum + (one.untried?.more ?? 0), 0);
  const incident = worst?.incident ?? (ids[0] as string);
  const about = incidentOf(
    incidents,
    incident,
    ids.every((id) => incidents.get(id)?.isClosed ?? false),
  );
  const message = incidentMessage({
    notices: kept,
    more,
    incident: about,
    dataAsOf,
    zone,
    timestamp,
    json: eventOf(telling, told, about),
  });
  const content = kept.map(({ key, reason, alert }) => `${key} ${reason} ${alert.summary} ${alert.since}`);
  const id = deliveryId(channel.name, [incident, telling.at, ...content]);
  const fingerprint =
    worst?.fingerprint ?? telling.ofClosed.find((one) => one.incident === incident)?.fingerprint;
  const delivery = queued(channel, id, message, {
    rule: message.rule ?? '',
    fingerprint: fingerprint ?? '',
    incident,
    others: worst === undefined ? [] : othersOf(told, channel),
  });
  const notBefore = isHeld(telling, told, incident, about) ? timestamp + telling.intervalMs : timestamp;
  const news = {
    notices: JSON.stringify({ notices: kept, more }),
    notBefore: smallestOf([notBefore, ...untried.map((one) => one.untried?.nextAt ?? notBefore)]),
    replaces: untried.map((one) => one.id),
  };
  return [{ ...delivery, news }];
}

/**
 * Whether news waits for more: alerts that join an incident that the channel knows, none of them more severe. Escalations,
 * growth and the end go out at once.
 */
function isHeld(
  { earlier, incidents }: Telling,
  told: readonly Told[],
  incident: string,
  about: MessageIncident,
): boolean {
  const before = incidents.get(incident)?.stepBefore ?? 0;
  const isKnown = earlier.some((one) => one.incident === incident);
  const waits = ({ alert }: Told): boolean =>
    (alert.reason === 'new' || alert.reason === 'ongoing') && stepOf(alert.finding.severity) <= before;
  return isKnown && !about.isClosed && told.every(waits);
}

/** What a webhook would carry of the worst rule: reports about a channel that fails have it. */
function eventOf(telling: Telling, told: readonly Told[], incident: MessageIncident): string {
  const { at, dataAsOf, zone, timestamp } = telling;
  const [worst] = told;
  if (worst === undefined)
    return endedMessage(telling.ofClosed, { at, dataAsOf, zone, timestamp, incident }).json;
  const same = told.filter(({ fingerprint }) => fingerprint === worst.fingerprint);
  return alertMessage({
    rule: worst.rule,
    alerts: same.map(({ alert }) => alert),
    at,
    dataAsOf,
    zone,
    timestamp,
    incident,
    incidentOf: new Map(same.map((one) => [one.alert.id, one.incident])),
  }).json;
}
