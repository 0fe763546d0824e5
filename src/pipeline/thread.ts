// Which thread a message about incidents belongs to, and what that thread has told so far (pure).

import type { Channel, Root } from '../channels/channel.ts';
import { SHOWN_ALERTS, worstNoticesFirst } from '../model/incident-message.ts';
import { after, type Notice } from '../model/notice.ts';
import type { Announcement, StoredNotices } from './announcement.ts';

/** A thread that goes on. */
export interface Thread {
  readonly root: Pick<Root, 'id' | 'title'>;
  readonly soFar: StoredNotices['soFar'];
  /** All incidents that it has told of. */
  readonly incidents: readonly string[];
}

/** The thread that a message answers; null where it begins one. News begins a new one when the last is too old. */
export function threadOf(
  channel: Channel,
  { earlier, timestamp }: Announcement,
  incidents: readonly string[],
  isNews: boolean,
): Thread | null {
  const { threadMs = 0 } = channel;
  const asked = new Set(incidents);
  const sent = earlier.filter((one) => !one.isUntried && one.thread !== null);
  const id = sent.findLast((one) => one.incidents.some((incident) => asked.has(incident)))?.thread;
  const inThread = sent.filter(({ thread }) => thread === id);
  const first = inThread.find((one) => one.id === id) ?? inThread[0];
  const stored = (inThread.findLast((one) => one.id !== id) ?? first)?.stored;
  if (id === undefined || id === null || first === undefined || stored === undefined || stored === null)
    return null;
  const isOld = timestamp - first.createdAt >= threadMs;
  if (isOld && isNews) return null;
  return {
    root: { id, title: stored.rootTitle },
    soFar: stored.soFar,
    incidents: inThread.flatMap((one) => one.incidents),
  };
}

interface LatestNews extends Pick<StoredNotices, 'notices' | 'more'> {
  readonly title: string;
  /** Whether all incidents of the thread are over. */
  readonly isOver: boolean;
  /** The keys of the alerts that are over since this poll, told or not. */
  readonly ended: ReadonlySet<string>;
}

/** What is kept with a message, for those that follow it. Of what is over, only its end is left to say. */
export function storedNotices(thread: Thread | null, news: LatestNews): StoredNotices {
  const { notices, more, title, isOver, ended } = news;
  const before = thread?.soFar ?? { notices: [], more: 0 };
  const stillSaid = before.notices.filter(
    ({ key, reason }) => reason === 'resolved' || !(isOver || ended.has(key)),
  );
  const latest = new Map(stillSaid.map((one) => [one.key, one]));
  for (const one of notices) {
    if (one.isOfEarlierPeriod) continue;
    latest.set(one.key, withoutChart(after(latest.get(one.key), one)));
  }
  const all = worstNoticesFirst([...latest.values()]);
  const shown = all.slice(0, SHOWN_ALERTS);
  // The same alerts may be counted in both, so what is certain is the larger number.
  const counted = Math.max(more, before.more) + all.length - shown.length;
  return { notices, more, soFar: { notices: shown, more: counted }, rootTitle: thread?.root.title ?? title };
}

/** Pictures are shown once, with the message that they belong to. */
function withoutChart(notice: Notice): Notice {
  return { ...notice, chart: null };
}
