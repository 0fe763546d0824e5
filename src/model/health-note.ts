// A health message about the data -> Message.

import { asOf } from './incident-message.ts';
import type { JsonValue } from './json.ts';
import { type HealthNoteType, type Message, type MessageTable, NO_ALERTS } from './message.ts';
import { messageJson } from './message-json.ts';
import type { Severity } from './rule.ts';
import { isoInstant } from './window.ts';

/** The text of a health message about the data. */
export interface HealthNote {
  readonly type: HealthNoteType;
  readonly severity: Severity;
  /** One line that is enough to act on, without the severity. */
  readonly title: string;
  /** What it means, and what to do. */
  readonly lead: readonly string[];
  readonly facts: readonly (readonly [label: string, value: string])[];
  readonly tables: readonly MessageTable[];
  /** What a webhook carries beside `at` and `data_as_of`. */
  readonly data: Readonly<Record<string, JsonValue>>;
}

/** Instants in ms; `zone` is an IANA name. */
export interface NoteTime {
  readonly at: number;
  readonly dataAsOf: number | null;
  readonly zone: string;
  readonly timestamp: number;
}

export function healthNoteMessage(note: HealthNote, time: NoteTime): Message {
  const { type, severity, title, lead, facts, tables, data } = note;
  const { at, dataAsOf, timestamp } = time;
  return {
    type,
    severity,
    rule: null,
    timestamp,
    title: `[${severity.toUpperCase()}] ${title}`,
    note: null,
    lead,
    sections: facts.length + tables.length === 0 ? [] : [{ headline: '', facts, tables }],
    footer: [asOf(time)],
    ...NO_ALERTS,
    json: messageJson(type, timestamp, {
      ...data,
      at: isoInstant(at),
      data_as_of: dataAsOf === null ? null : isoInstant(dataAsOf),
    }),
  };
}
