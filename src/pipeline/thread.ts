// Which thread a message about incidents belongs to, and what that thread has told so far (pure).

import type { Channel, Root } from '../channels/channel.ts';
import { SHOWN_ALERTS } from '../model/incident-message.ts';
import type { Notice } from '../model/notice.ts';
import type { Story, Telling } from './telling.ts';

/** A thread that goes on. */
export interface Thread {
  readonly root: Pick<Root, 'id' | 'title'>;
  readonly soFar: Story['soFar'];
}

/** The thread that a message answers; null where it begins one. News begins a new one when the last is too old. */
export function threadOf(
  channel: Channel,
  { earlier, timestamp }: Telling,
  incidents: readonly string[],
  isNews: boolean,
): Thread | null {
  const { threadMs = 0 } = channel;
  const sent = earlier.filter((one) => !one.isUntried && one.thread !== null);
  const id = sent.findLast((one) => one.incidents.some((incident) => incidents.includes(incident)))?.thread;
  const inThread = sent.filter(({ thread }) => thread === id);
  const [first] = inThread;
  const story = inThread.at(-1)?.story;
  if (id === undefined || id === null || first === undefined || story === undefined || story === null)
    return null;
  const isOld = timestamp - first.createdAt >= threadMs;
  if (isOld && isNews) return null;
  return { root: { id, title: story.rootTitle }, soFar: story.soFar };
}

/** What is kept with a message, for those that follow it. At the end of an incident, only its end is left to say. */
export function storyOf(
  thread: Thread | null,
  {
    notices,
    more,
    title,
    isClosed,
  }: Pick<Story, 'notices' | 'more'> & { readonly title: string; readonly isClosed: boolean },
): Story {
  const before = thread === null || isClosed ? null : thread.soFar;
  const latest = new Map([...(before?.notices ?? []), ...notices].map((one) => [one.key, withoutChart(one)]));
  const all = [...latest.values()].sort((a, b) => b.step - a.step);
  const shown = all.slice(0, SHOWN_ALERTS);
  // The same alerts may be counted in both, so what is certain is the larger number.
  const counted = Math.max(more, before?.more ?? 0) + all.length - shown.length;
  return { notices, more, soFar: { notices: shown, more: counted }, rootTitle: thread?.root.title ?? title };
}

/** Pictures are shown once, with the message that they belong to. */
function withoutChart(notice: Notice): Notice {
  return { ...notice, chart: null };
}
