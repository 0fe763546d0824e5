// Makes the deliveries of a poll to one channel, from what was recorded (pure).

import type { Channel, ChannelTerms } from '../channels/channel.ts';
import type { NewDelivery } from '../model/delivery.ts';
import type { EndedAlert } from '../model/ended-alert.ts';
import type { Announcement } from './announcement.ts';
import { byIncident } from './deliveries-by-incident.ts';
import { byRule } from './deliveries-by-rule.ts';

/** The deliveries to one channel. */
export function deliveriesTo(
  channel: Channel,
  terms: ChannelTerms,
  announcement: Announcement,
): NewDelivery[] {
  const told = announcement.told.filter(({ rule, alert }) =>
    rule.notify[alert.finding.severity].includes(channel.name),
  );
  const earlier = announcement.earlier.filter((one) => one.channel === channel.name);
  const knows = new Set([
    ...told.map(({ incident }) => incident),
    ...earlier.flatMap(({ incidents }) => incidents),
  ]);
  const hears = ({ kept, incident }: Pick<EndedAlert, 'kept' | 'incident'>): boolean =>
    kept.channels.includes(channel.name) && knows.has(incident);
  const own: Announcement = {
    ...announcement,
    told,
    ended: announcement.ended.filter(hears),
    ofClosed: announcement.ofClosed.filter(hears),
    silenced: channel.audience === 'people' ? announcement.silenced.filter(hears) : [],
    earlier,
  };
  return tellsByIncident(channel, terms) ? byIncident(channel, terms, own) : byRule(channel, terms, own);
}

/** Whether a channel gets one message for each incident. */
export function tellsByIncident({ audience }: Channel, { byIncident: wanted }: ChannelTerms): boolean {
  return audience === 'people' && wanted;
}
