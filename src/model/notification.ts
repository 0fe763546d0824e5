// Notifications, and the open episodes of groups, as the ledger keeps them.

import type { PeriodKey } from './finding.ts';
import type { Fixed } from './money.ts';
import type { GroupKey } from './series.ts';

/** What was notified of one group of one rule in one dedupe period: the highest step, and the latest value. */
export interface Notified {
  readonly groupId: string;
  readonly period: PeriodKey;
  /** `stepOf` the highest severity that was notified. */
  readonly step: number;
  /** The value of the latest notification. */
  readonly value: Fixed;
  /** The evaluation time of the latest notification. */
  readonly at: number;
}

/** An alert to be notified once. The ledger lets it through when its step is higher, or its value has grown enough. */
export interface Notification extends Notified {
  readonly group: GroupKey;
  readonly since: number;
  /** The factor over the latest notified value from which it is notified again; null where growth does not count. */
  readonly growth: number | null;
}

/** A group has reached a step at every evaluation time since `since`. */
export interface Episode {
  readonly groupId: string;
  readonly step: number;
  readonly since: number;
}

/** The changes to a rule's open episodes. `begun` replaces what the ledger has for the same group and step. */
export interface EpisodeChanges {
  readonly begun: readonly Episode[];
  readonly ended: readonly Omit<Episode, 'since'>[];
}
