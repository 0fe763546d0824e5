// A health message about a report that could not be made until the next one was due.

import { displayText } from './display-text.ts';
import { localTime } from './display-time.ts';
import { type HealthNote, healthNoteMessage } from './health-note.ts';
import type { Message } from './message.ts';
import { isoInstant, type Window } from './window.ts';

/** A report that was not sent. Instants in ms. */
export interface UnsentReport {
  readonly name: string;
  /** The report as people call it: `the report daily of 2026-11-19`. */
  readonly title: string;
  readonly window: Window;
  /** When it was due. */
  readonly dueAt: number;
  /** Null where a process tried that has ended since. */
  readonly tries: number | null;
  /** Of the last attempt, for people, without a secret; null as `tries`. */
  readonly reason: string | null;
}

const LONGEST_REASON = 300;

/** `at` is when the next one was due, and `timestamp` when the message is made, ms. */
export function unsentReportMessage(
  { name, title, window, dueAt, tries, reason }: UnsentReport,
  { at, zone, timestamp }: { readonly at: number; readonly zone: string; readonly timestamp: number },
): Message {
  const why =
    reason === null
      ? 'It could not be made before the worker was restarted; its log says why.'
      : `It could not be made: ${displayText(reason, LONGEST_REASON)}`;
  const note: HealthNote = {
    type: 'health.report',
    severity: 'warning',
    title: `${title} was not sent`,
    lead: [
      why,
      `What to do: when that is put right, spendwatch report ${quoted(name)} --at ${isoInstant(window.to)} --send sends it.`,
    ],
    facts: [
      ['Due', localTime(dueAt, zone)],
      ...(tries === null ? [] : [['Attempts', String(tries)] as const]),
    ],
    tables: [],
    data: {
      report: name,
      window: { from: isoInstant(window.from), to: isoInstant(window.to) },
      due_at: isoInstant(dueAt),
      attempts: tries,
      reason,
    },
  };
  const message = healthNoteMessage(note, { at, dataAsOf: null, zone, timestamp });
  return { ...message, footer: [] };
}

/** As a shell takes it. */
function quoted(name: string): string {
  return /^[\w.-]+$/.test(name) ? name : `'${displayText(name).replaceAll("'", `'\\''`)}'`;
}
