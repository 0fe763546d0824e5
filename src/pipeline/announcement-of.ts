// Makes the announcement of a poll from what it recorded (pure).

import type { EndFigures, KeptAlert } from '../model/ended-alert.ts';
import { noticeKey } from '../model/notice.ts';
import type { Closing } from '../model/notification.ts';
import { stepOf } from '../model/rule.ts';
import type { AlertEnd } from '../state/record.ts';
import type { ClosedAlert, IncidentDelivery, RecordedIncidents } from '../state/recorded-incidents.ts';
import type { Announcement, Earlier, StoredNotices } from './announcement.ts';
import type { AlertNotification } from './decide.ts';
import type { PollUnderWay } from './parts.ts';

/** The poll that announces. */
export interface PollMoment {
  readonly at: number;
  readonly newestRow: number | null;
  readonly now: () => number;
  /** Whether alerts that join an open incident wait for others. */
  readonly gathers: boolean;
}

/** The end of an alert, with what messages about it need. */
export function endOf(closing: Closing, figures: EndFigures, editedStep: number | null = null): AlertEnd {
  return { ...closing, ended: JSON.stringify({ closing, figures, editedStep }) };
}

/** All that a poll has to announce. */
export function announcementOf(
  parts: PollUnderWay,
  recorded: RecordedIncidents<AlertNotification>,
  told: Announcement['told'],
  { at, newestRow, now, gathers }: PollMoment,
): Announcement {
  const places = new Map(parts.rules.map(({ name }, place) => [name, place]));
  const placeOf = ({ rule }: KeptAlert): number => places.get(rule) ?? -1;
  return {
    told,
    ended: recorded.closed.map(endedAlert),
    ofClosed: recorded.ofClosedIncidents.map(endedAlert),
    silenced: recorded.silenced
      .map(({ told, groupId, ...one }) => ({
        ...one,
        noticeKey: noticeKey(one.fingerprint, groupId),
        kept: JSON.parse(told) as KeptAlert,
      }))
      .sort((a, b) => placeOf(a.kept) - placeOf(b.kept)),
    incidents: recorded.incidents,
    earlier: recorded.deliveries.map(earlierOf),
    at,
    dataAsOf: newestRow,
    zone: parts.zone,
    timestamp: now(),
    intervalMs: gathers ? parts.incidents.intervalMs : 0,
  };
}

function endedAlert({
  fingerprint,
  groupId,
  incident,
  told,
  ended,
}: ClosedAlert): Announcement['ended'][number] {
  const { editedStep, ...end } = JSON.parse(ended) as {
    closing: Closing;
    figures: EndFigures;
    editedStep?: number | null;
  };
  const kept = JSON.parse(told) as KeptAlert;
  const goesOn = editedStep === stepOf(kept.severity);
  return { ...end, fingerprint, noticeKey: noticeKey(fingerprint, groupId), kept, incident, goesOn };
}

function earlierOf({ notices, ...delivery }: IncidentDelivery): Earlier {
  return { ...delivery, stored: notices === null ? null : (JSON.parse(notices) as StoredNotices) };
}
