// Message: what every channel renders.

import type { MessageChart } from './chart.ts';
import type { MessageLink } from './link.ts';
import type { Severity } from './rule.ts';
import type { AlertContext } from './rule-texts.ts';
import type { Dimension } from './series.ts';

/** Kinds of health messages about the data (src/worker/health-notes), each sent at most once a day, and about a report that was not sent. */
export type HealthNoteType = 'health.unpriced' | 'health.future_rows' | 'health.report';
export type MessageType =
  | 'alert.firing'
  | 'alert.resolved'
  | 'drill'
  | 'health.blind'
  | 'health.sees'
  | 'health.channel'
  | 'health.reload'
  | 'report'
  | HealthNoteType;

/** A table of a message, such as the parts of a breakdown. Cells are text for people. */
export interface MessageTable {
  /** Empty where the headline of the section says the same. */
  readonly title: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
  /** How long a bar each row has, from 0 to 1; absent for a table without bars. Rows at the end may have none. */
  readonly bars?: readonly number[];
}

/** A labelled line of a message. */
export type Fact = readonly [label: string, value: string];

/** One alert (or one part) of a message: a headline, a sentence, then facts, then tables, then figures for experts. */
export interface MessageSection {
  /** Empty where the message's title says the same. */
  readonly headline: string;
  /** What happened, for readers who know no rule; absent where the message's lead says it. */
  readonly sentence?: string;
  readonly facts: readonly Fact[];
  /** Where to look; absent where there is nothing. */
  readonly links?: readonly MessageLink[];
  readonly tables: readonly MessageTable[];
  /** Figures for experts, shown last under JUDGED_TITLE; absent where there are none. */
  readonly judged?: readonly Fact[];
}

/** The heading over a section's figures for experts. */
export const JUDGED_TITLE = 'How this was judged';

/** The incident that a message is about: what goes wrong, from its first alert until none of its alerts holds. */
export interface MessageIncident {
  readonly id: string;
  /** What it is about, for people: `service search`. */
  readonly subject: string;
  /** Whether the message tells that it is over. */
  readonly isClosed: boolean;
  /** How many other incidents the message is about; absent for none. */
  readonly others?: number;
  /** False for a note, which can stay in the thread; absent or true where people must see it. */
  readonly isNews?: boolean;
}

/** One alert of a message, for channels that hand alerts to programs. Instants in ms. */
export interface MessageAlert {
  readonly id: string;
  readonly rule: string;
  /** Values by dimension, NULL as `(none)`. */
  readonly group: Readonly<Record<Dimension, string>>;
  /** Names an alert that the group has beside its main one; absent for the main one. */
  readonly variant?: string;
  readonly severity: Severity;
  /** The alert in one line: `search $312.46 in 1h (limit $100.00)`. */
  readonly summary: string;
  readonly since: number;
  /** When its dedupe period ends. If it still holds then, it is notified again. */
  readonly periodEnd: number;
  /** The first instant at which it did not hold any more; null while it holds. */
  readonly resolvedAt: number | null;
  /** Absent in messages of earlier versions. */
  readonly context?: AlertContext;
}

/** For messages that are not about alerts. */
export const NO_ALERTS = { incident: null, alerts: [], chart: null } as const;

/**
 * A message before a channel renders it: plain JSON (it is stored with the delivery), no markup, no secret. Strings may hold
 * anything that an audit store holds; each channel escapes them in its own way.
 */
export interface Message {
  readonly type: MessageType;
  readonly severity: Severity;
  readonly rule: string | null;
  /** When the message was made, ms. */
  readonly timestamp: number;
  /** Which installation of spendwatch it is from; absent where the file does not say. */
  readonly installation?: string;
  /** One line that is enough to act on: an email's subject, a chat's first line. */
  readonly title: string;
  /** The rule author's text. */
  readonly note: string | null;
  /** Sentences before the sections. */
  readonly lead: readonly string[];
  readonly sections: readonly MessageSection[];
  /** Sentences after the sections: how many more alerts there are, and the time of the newest row. */
  readonly footer: readonly string[];
  /** Null for reports and messages about spendwatch itself. */
  readonly incident: MessageIncident | null;
  /** The alerts that the message shows, worst first; empty for reports and messages about spendwatch itself. */
  readonly alerts: readonly MessageAlert[];
  /** A picture of the worst alert, or of a report's days; null where there is none. */
  readonly chart: MessageChart | null;
  /** The webhook's body exactly as it is sent: JSON text. */
  readonly json: string;
}
