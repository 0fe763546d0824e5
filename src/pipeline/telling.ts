// What one poll has to tell, as values.

import type { EndedAlert } from '../model/ended-alert.ts';
import type { Alert } from '../model/finding.ts';
import type { Notice } from '../model/notice.ts';
import type { Rule } from '../model/rule.ts';
import type { OpenIncident } from '../state/recorded-incidents.ts';

/** An alert that was recorded as notified. */
export interface Told {
  readonly rule: Rule;
  readonly fingerprint: string;
  readonly alert: Alert;
  readonly incident: string;
}

/** An alert that is over, with its rule's fingerprint. */
export interface EndedOfRule extends EndedAlert {
  readonly fingerprint: string;
}

/** A delivery about an incident that was queued earlier. */
export interface Earlier {
  readonly id: string;
  readonly channel: string;
  readonly incident: string;
  /** What it tells, where it was never tried and may be replaced. */
  readonly untried: {
    readonly notices: readonly Notice[];
    readonly more: number;
    readonly nextAt: number;
  } | null;
}

/** All that one poll has to tell. Instants in ms. */
export interface Telling {
  readonly told: readonly Told[];
  readonly ended: readonly EndedOfRule[];
  /** All alerts of incidents that are over. */
  readonly ofClosed: readonly EndedOfRule[];
  readonly incidents: ReadonlyMap<string, OpenIncident>;
  readonly earlier: readonly Earlier[];
  readonly at: number;
  readonly dataAsOf: number | null;
  readonly zone: string;
  readonly timestamp: number;
  /** How long alerts that join an open incident are gathered; 0 holds nothing. */
  readonly intervalMs: number;
}
