// What is recorded of incidents in one transaction: its input and its outcome.

import type { Subject } from '../model/incident.ts';
import type { Closing, Notification } from '../model/notification.ts';
import type { OccurringSilence } from '../model/silence.ts';

/** A notification that went through, as its incident needs it. */
export interface ToldAlert<S extends Notification = Notification> {
  readonly fingerprint: string;
  readonly notification: S;
  /** Used where the alert has no incident yet; it never changes afterwards. */
  readonly subject: Subject;
  /** JSON text that the end of the alert needs. */
  readonly told: string;
}

/** An alert that joins an open incident without being told. */
export interface JoiningAlert {
  readonly fingerprint: string;
  readonly groupId: string;
  readonly period: string;
  readonly incident: string;
}

/** A group that fires and is silenced. */
export interface SilencedGroup {
  readonly fingerprint: string;
  readonly groupId: string;
  readonly silence: OccurringSilence;
}

/** One whose alert was told. */
export interface SilencedAlert extends SilencedGroup {
  readonly incident: string;
  readonly told: string;
}

/** A group of a rule whose alert is over. */
export interface AlertClosing extends Closing {
  readonly fingerprint: string;
  /** JSON text that the message at the end of the incident needs. */
  readonly ended: string;
}

/** An incident as it is after the transaction. */
export interface OpenIncident {
  readonly id: string;
  readonly subject: Subject;
  /** The highest step that had been notified before; 0 for one that was opened now. */
  readonly stepBefore: number;
  readonly isClosed: boolean;
}

/** An alert that is over, and was notified before. */
export interface ClosedAlert {
  readonly fingerprint: string;
  readonly groupId: string;
  readonly incident: string;
  /** The dedupe period of its latest notification. */
  readonly period: string;
  readonly told: string;
  readonly ended: string;
  /** When it did not hold any more, ms. */
  readonly closedAt: number;
}

export interface RecordedIncidents<S extends Notification = Notification> {
  readonly told: readonly (ToldAlert<S> & { readonly incident: string })[];
  /** The alerts that are over since this transaction. */
  readonly closed: readonly ClosedAlert[];
  /** All alerts of the incidents that are over since this transaction. */
  readonly ofClosedIncidents: readonly ClosedAlert[];
  /** Alerts of which people are to be told that they are silenced from now on. */
  readonly silenced: readonly SilencedAlert[];
  /** Those of these alerts, and others that share deliveries with them. */
  readonly incidents: ReadonlyMap<string, OpenIncident>;
  /** Deliveries about these incidents and in their threads, in the order in which they were queued. */
  readonly deliveries: readonly IncidentDelivery[];
}

/** A delivery about an incident, or in the thread of one, queued earlier. Instants in ms. */
export interface IncidentDelivery {
  readonly id: string;
  readonly channel: string;
  readonly incidents: readonly string[];
  /** The first delivery of its thread; null where it has none. */
  readonly thread: string | null;
  /** Whether it was never tried: it is locked, and may be replaced. */
  readonly isUntried: boolean;
  /** What it tells, of those that were never tried and of the last of each thread; null for the others. */
  readonly notices: string | null;
  readonly createdAt: number;
  /** When it may first be tried. */
  readonly nextAt: number;
}
