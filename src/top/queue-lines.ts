// The queues of the channels.

import { displayText } from '../model/display-text.ts';
import { durationText } from '../model/display-time.ts';
import { displayCount } from '../model/display-value.ts';
import { cutToWidth } from '../model/fitted-table.ts';
import type { Queue } from '../state/read-status.ts';
import { channelsText } from '../status/table.ts';
import type { Place } from './view-data.ts';

/** A line, or with room a table, as `status` prints it. */
export function queueLines({ data, width, paint }: Place, hasRoom: boolean): string[] {
  const { state, now, zone } = data;
  const channels = state.answer?.channels ?? [];
  if (channels.length === 0) return [];
  if (hasRoom) return channelsText({ channels }, { zone, width, paint }).split('\n');
  const late = channels.filter(({ pending, givenUp }) => pending + givenUp > 0);
  if (late.length === 0) return [paint('dim', cutToWidth('queues: nothing is waiting', width))];
  return [
    paint('warning', cutToWidth(`queues: ${late.map((one) => queueText(one, now)).join('; ')}`, width)),
  ];
}

function queueText({ channel, pending, oldestAt, failure, givenUp }: Queue, now: number): string {
  const waiting = oldestAt === null ? '' : ` for ${durationText(Math.max(0, now - oldestAt))}`;
  return [
    `${displayText(channel, 30)} ${displayCount(pending)} waiting${waiting}`,
    ...(givenUp === 0 ? [] : [`${displayCount(givenUp)} given up`]),
    ...(failure === null ? [] : [displayText(failure, 100)]),
  ].join(', ');
}
