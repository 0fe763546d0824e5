// What one poll has to announce, as values.

import type { EndedAlert } from '../model/ended-alert.ts';
import type { Alert } from '../model/finding.ts';
import type { Notice } from '../model/notice.ts';
import type { Rule } from '../model/rule.ts';
import type { SilencedAlert } from '../model/silenced-alert.ts';
import type { OpenIncident } from '../state/recorded-incidents.ts';

/** An alert that was recorded as notified. */
export interface NotifiedAlert {
  readonly rule: Rule;
  readonly fingerprint: string;
  readonly alert: Alert;
  readonly incident: string;
}

/** An alert that is over, with its rule's fingerprint. */
export interface EndedOfRule extends EndedAlert {
  readonly fingerprint: string;
}

/** An alert that is silenced, with its rule's fingerprint. */
export interface SilencedOfRule extends SilencedAlert {
  readonly fingerprint: string;
}

/** A delivery about an incident that was queued earlier. */
export interface Earlier {
  readonly id: string;
  readonly channel: string;
  readonly incidents: readonly string[];
  /** The first delivery of its thread; null where it has none. */
  readonly thread: string | null;
  /** Whether it was never tried, so that it may be replaced. */
  readonly isUntried: boolean;
  /** What it tells; of deliveries that were tried, only the last of a thread has it. */
  readonly stored: StoredNotices | null;
  /** Instants in ms. */
  readonly createdAt: number;
  readonly nextAt: number;
}

/** What a delivery tells of incidents: kept with it as JSON. */
export interface StoredNotices {
  readonly notices: readonly Notice[];
  /** Alerts that it tells and that are not among the notices. */
  readonly more: number;
  /** What its whole thread has told so far, the latest of each alert. */
  readonly soFar: { readonly notices: readonly Notice[]; readonly more: number };
  /** The title of the first message of its thread. */
  readonly rootTitle: string;
}

/** All that one poll has to announce. Instants in ms. */
export interface Announcement {
  readonly told: readonly NotifiedAlert[];
  /** In the order in which they were recorded, as are those below. */
  readonly ended: readonly EndedOfRule[];
  /** All alerts of incidents that are over. */
  readonly ofClosed: readonly EndedOfRule[];
  /** Alerts that are silenced from now on; only people are told. */
  readonly silenced: readonly SilencedOfRule[];
  readonly incidents: ReadonlyMap<string, OpenIncident>;
  readonly earlier: readonly Earlier[];
  readonly at: number;
  readonly dataAsOf: number | null;
  readonly zone: string;
  readonly timestamp: number;
  /** How long alerts that join an open incident are gathered; 0 holds nothing. */
  readonly intervalMs: number;
}
