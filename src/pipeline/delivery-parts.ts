// What deliveries by rule and by incident have in common (pure).

import type { Channel, Root } from '../channels/channel.ts';
import type { NewDelivery } from '../model/delivery.ts';
import { subjectName } from '../model/incident.ts';
import type { Message, MessageIncident } from '../model/message.ts';
import type { Announcement, NotifiedAlert } from './announcement.ts';

/** An incident as a message names it. */
export function incidentOf(
  incidents: Announcement['incidents'],
  id: string,
  isClosed: boolean,
): MessageIncident {
  const found = incidents.get(id);
  const subject = found === undefined ? id : subjectName(found.subject);
  return { id, subject, isClosed };
}

/** The other channels of the same rules, which learn of it if this one fails. */
export function othersOf(told: readonly NotifiedAlert[], channel: Channel): string[] {
  const names = told.flatMap(({ rule, alert }) => rule.notify[alert.finding.severity]);
  return [...new Set(names)].filter((name) => name !== channel.name);
}

/** A message, rendered for a channel. `root` is the message that it answers, if any. */
export function queued(
  channel: Channel,
  id: string,
  message: Message,
  root: Root | null,
  about: Pick<NewDelivery, 'rule' | 'fingerprint' | 'others' | 'incidents'>,
): NewDelivery {
  return {
    ...about,
    id,
    channel: channel.name,
    channelType: channel.type,
    severity: message.severity,
    message,
    body: channel.render(message, id, root),
    isReport: false,
  };
}
