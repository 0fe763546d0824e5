// The deliveries by incident: one message for people of all that is new about it (pure).

import type { Channel, ChannelTerms } from '../channels/channel.ts';
import { alertMessage } from '../model/alert-message.ts';
import { deliveryId, type NewDelivery } from '../model/delivery.ts';
import { endedMessage, endNotice } from '../model/ended-alert.ts';
import { smallestOf } from '../model/extremes.ts';
import { groupedBy } from '../model/grouped-by.ts';
import { incidentMessage, SHOWN_ALERTS, worstNoticesFirst } from '../model/incident-message.ts';
import type { MessageIncident } from '../model/message.ts';
import { mergedNotices, mostSevereFirst, type Notice, noticesOf } from '../model/notice.ts';
import { stepOf } from '../model/rule.ts';
import { silencedJson, silencedNotice } from '../model/silenced-alert.ts';
import type { Announcement, Earlier, NotifiedAlert } from './announcement.ts';
import { incidentOf, othersOf, queued } from './delivery-parts.ts';
import { storedNotices, threadOf } from './thread.ts';

/** Above this many incidents that one poll opens on a channel, they share a message and a thread. */
const APART = 3;

/** The deliveries to one channel, by incident. Those that have shared a message go on to do so. */
export function byIncident(channel: Channel, terms: ChannelTerms, announcement: Announcement): NewDelivery[] {
  const { told, ofClosed, silenced, earlier } = announcement;
  // An incident whose alerts have only ended, without being resolved, is over without a word.
  const resolved = ofClosed.filter(({ closing }) => closing.how === 'resolved');
  const ids = [...new Set([...told, ...resolved, ...silenced].map(({ incident }) => incident))];
  const places = new Map(
    earlier.flatMap(({ id, thread, incidents }) => incidents.map((incident) => [incident, thread ?? id])),
  );
  const opened = ids.filter((id) => !places.has(id));
  const shared = [
    ...groupedBy(
      ids.filter((id) => places.has(id)),
      (id) => places.get(id) as string,
    ).values(),
    ...(opened.length > APART ? [opened] : opened.map((id) => [id])),
  ];
  return shared.flatMap((some) => {
    const own = newsOf(announcement, some);
    return isWorthTelling(own, terms) ? [deliveryOf(channel, announcement, own)] : [];
  });
}

/** What is new about incidents, with what was queued about them and never tried. */
interface News {
  readonly about: MessageIncident & { readonly isNews: boolean };
  readonly incidents: readonly string[];
  readonly told: readonly NotifiedAlert[];
  /** At most those that a message shows; `more` counts the others. */
  readonly notices: readonly Notice[];
  readonly more: number;
  readonly replaced: readonly Earlier[];
  /** Whom a report about its failure concerns, where no alert was told. */
  readonly fingerprint: string;
}

function newsOf(announcement: Announcement, ids: readonly string[]): News {
  const { zone, incidents, ofClosed, earlier } = announcement;
  const asked = new Set(ids);
  const told = announcement.told
    .filter(({ incident }) => asked.has(incident))
    .sort((a, b) => stepOf(b.alert.finding.severity) - stepOf(a.alert.finding.severity));
  const shown = [...groupedBy(told, ({ fingerprint }) => fingerprint)].flatMap(([fingerprint, list]) => {
    const alerts = list.map(({ alert }) => alert).sort(mostSevereFirst);
    const { rule } = list[0] as NotifiedAlert;
    return noticesOf({ rule, alerts: alerts.slice(0, SHOWN_ALERTS), at: announcement.at, zone }, fingerprint);
  });
  const over = ofClosed.filter(({ incident }) => asked.has(incident));
  const ends = over
    .filter(({ closing }) => closing.how === 'resolved')
    .map((ended) => endNotice(ended, zone));
  const replaced = earlier.filter((one) => one.isUntried && one.incidents.some((id) => asked.has(id)));
  const before = replaced.flatMap(({ stored }) => stored?.notices ?? []);
  const silenced = announcement.silenced.filter(({ incident }) => asked.has(incident));
  const notes = [...ends, ...silenced.map((one) => silencedNotice(one, announcement.at, zone))];
  const notices = worstNoticesFirst(mergedNotices(before, mergedNotices(shown, notes)));
  const kept = notices.slice(0, SHOWN_ALERTS);
  const all = [...new Set([...ids, ...replaced.flatMap((one) => one.incidents)])];
  const about = incidentsOf(incidents, all, told[0]?.incident);
  // Where all is over, each alert has its end among the notices.
  const uncounted = about.isClosed ? 0 : replaced.reduce((sum, { stored }) => sum + (stored?.more ?? 0), 0);
  return {
    about: { ...about, isNews: notices.some((notice) => notice.isNews) },
    incidents: [...new Set([about.id, ...all])],
    told,
    notices: kept,
    more: told.length - shown.length + notices.length - kept.length + uncounted,
    replaced,
    fingerprint: told[0]?.fingerprint ?? over[0]?.fingerprint ?? silenced[0]?.fingerprint ?? '',
  };
}

/** Incidents as one message names them: by the one given, else by one that is still open. */
function incidentsOf(
  incidents: Announcement['incidents'],
  ids: readonly string[],
  first = ids.find((id) => !(incidents.get(id)?.isClosed ?? false)) ?? (ids[0] as string),
): MessageIncident {
  const isClosed = ids.every((id) => incidents.get(id)?.isClosed ?? false);
  return { ...incidentOf(incidents, first, isClosed), others: ids.length - 1 };
}

function isWorthTelling({ notices, about }: News, { sendResolved }: ChannelTerms): boolean {
  return (
    notices.length > 0 &&
    (sendResolved || about.isNews || notices.some(({ reason }) => reason === 'silenced'))
  );
}

function deliveryOf(channel: Channel, announcement: Announcement, news: News): NewDelivery {
  const { zone, dataAsOf, timestamp, at } = announcement;
  const { about, told, notices, more, replaced } = news;
  const json = eventOf(announcement, news);
  const message = incidentMessage({ notices, more, incident: about, dataAsOf, zone, timestamp, json });
  const content = notices.map(({ key, reason, alert }) => `${key} ${reason} ${alert.summary} ${alert.since}`);
  const id = deliveryId(channel.name, [about.id, at, more, ...content]);
  const thread = threadOf(channel, announcement, news.incidents, about.isNews);
  const isOpen = announcement.incidents.get(about.id)?.isClosed === false;
  const aboutThread = incidentsOf(
    announcement.incidents,
    [...new Set([...(thread?.incidents ?? []), ...news.incidents])],
    isOpen ? about.id : undefined,
  );
  const stored = storedNotices(thread, {
    notices,
    more,
    title: message.title,
    isOver: aboutThread.isClosed,
    ended: new Set(announcement.ofClosed.map(({ noticeKey }) => noticeKey)),
  });
  const root = thread && {
    ...thread.root,
    now: incidentMessage({ ...stored.soFar, incident: aboutThread, dataAsOf, zone, timestamp, json: '' }),
  };
  const delivery = queued(channel, id, message, root, {
    rule: message.rule ?? '',
    fingerprint: news.fingerprint,
    incidents: news.incidents,
    others: told.length === 0 ? [] : othersOf(told, channel),
  });
  const notBefore = isHeld(announcement, told, about) ? timestamp + announcement.intervalMs : timestamp;
  return {
    ...delivery,
    ...(channel.threadMs !== undefined && { thread: thread?.root.id ?? id }),
    news: {
      notices: JSON.stringify(stored),
      notBefore: smallestOf([notBefore, ...replaced.map(({ nextAt }) => nextAt)]),
      // The same message again, word for word, is the one that is queued already.
      replaces: replaced.map((one) => one.id).filter((other) => other !== id),
    },
  };
}

/**
 * Whether news waits for more: alerts that join an incident that the channel knows, none of them more severe. Escalations,
 * growth and the end go out at once.
 */
function isHeld(
  { earlier, incidents }: Announcement,
  told: readonly NotifiedAlert[],
  { id, isClosed }: MessageIncident,
): boolean {
  const before = incidents.get(id)?.stepBefore ?? 0;
  const isKnown = earlier.some((one) => one.incidents.includes(id));
  const waits = ({ alert }: NotifiedAlert): boolean =>
    (alert.reason === 'new' || alert.reason === 'ongoing') && stepOf(alert.finding.severity) <= before;
  return isKnown && !isClosed && told.length > 0 && told.every(waits);
}

/** What a webhook would carry of the worst rule: reports about a channel that fails have it. */
function eventOf(announcement: Announcement, { told, incidents, about: incident }: News): string {
  const { at, dataAsOf, zone, timestamp } = announcement;
  const [worst] = told;
  const moment = { at, dataAsOf, zone, timestamp, incident };
  if (worst === undefined) {
    const over = announcement.ofClosed.filter((one) => incidents.includes(one.incident));
    if (over.length > 0) return endedMessage(over, moment).json;
    const silenced = announcement.silenced.filter((one) => incidents.includes(one.incident));
    return silencedJson(silenced, moment);
  }
  const same = told.filter(({ fingerprint }) => fingerprint === worst.fingerprint);
  return alertMessage({
    ...moment,
    rule: worst.rule,
    alerts: same.map(({ alert }) => alert),
    incidentOf: new Map(same.map((one) => [one.alert.id, one.incident])),
  }).json;
}
