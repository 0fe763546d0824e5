// Message: what every channel renders.

import type { Severity } from './rule.ts';

/** Health messages about what is in the data (src/health-notes), each told once a day. */
export type HealthNoteType = 'health.unpriced' | 'health.future_rows';
export type MessageType =
  | 'alert.firing'
  | 'drill'
  | 'health.blind'
  | 'health.sees'
  | 'health.channel'
  | 'health.reload'
  | HealthNoteType;

/** A table of a message: what drives a finding, for example. Cells are text for people. */
export interface MessageTable {
  readonly title: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** A labelled line of a message. */
export type Fact = readonly [label: string, value: string];

/** One alert (or one part) of a message: a headline, then facts, then tables. */
export interface MessageSection {
  /** Empty where the message's title says it already. */
  readonly headline: string;
  readonly facts: readonly Fact[];
  readonly tables: readonly MessageTable[];
}

/**
 * What is told, before any channel renders it: plain JSON (it is stored with the delivery), no markup, no secret.
 * Strings may hold anything that an audit store holds; each channel makes them harmless in its own way.
 */
export interface Message {
  readonly type: MessageType;
  readonly severity: Severity;
  readonly rule: string | null;
  /** When the message was made, ms. */
  readonly timestamp: number;
  /** One line that is enough to act on: an email's subject, a chat's first line. */
  readonly title: string;
  /** What the rule's author wrote. */
  readonly note: string | null;
  /** Sentences before the sections. */
  readonly lead: readonly string[];
  readonly sections: readonly MessageSection[];
  /** Sentences after the sections: what more there is, up to when data was seen. */
  readonly footer: readonly string[];
  /** The webhook's body, exact as it will be sent: JSON text. */
  readonly json: string;
}
