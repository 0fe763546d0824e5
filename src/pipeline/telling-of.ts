// Makes of what was recorded what is to be told (pure).

import type { EndFigures, KeptAlert } from '../model/ended-alert.ts';
import { noticeKey } from '../model/notice.ts';
import type { Closing } from '../model/notification.ts';
import { stepOf } from '../model/rule.ts';
import type { AlertEnd } from '../state/record.ts';
import type { ClosedAlert, IncidentDelivery, RecordedIncidents } from '../state/recorded-incidents.ts';
import type { AlertNotification } from './decide.ts';
import type { PollUnderWay } from './parts.ts';
import type { Earlier, Story, Telling } from './telling.ts';

/** When and how a poll tells. */
export interface Occasion {
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

/** All that a poll has to tell. */
export function tellingOf(
  parts: PollUnderWay,
  recorded: RecordedIncidents<AlertNotification>,
  told: Telling['told'],
  { at, newestRow, now, gathers }: Occasion,
): Telling {
  const placeOf = ({ rule }: KeptAlert): number => parts.rules.findIndex(({ name }) => name === rule);
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

function endedAlert({ fingerprint, groupId, incident, told, ended }: ClosedAlert): Telling['ended'][number] {
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
  return { ...delivery, story: notices === null ? null : (JSON.parse(notices) as Story) };
}
