// Notifications, and the open episodes of groups, as the ledger keeps them.

import type { Fixed } from './money.ts';
import type { Severity } from './rule.ts';
import type { GroupKey } from './series.ts';
import type { PeriodKey } from './window.ts';

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
  /** Whether people were told since that it is over. */
  readonly isResolved: boolean;
}

/** Why a finding is notified. */
export type NotifyReason = 'new' | 'reopened' | 'escalated' | 'grown' | 'ongoing';

/** What was last notified of an alert. */
export interface Previous {
  readonly value: Fixed;
  readonly severity: Severity;
  /** The evaluation time, ms. */
  readonly at: number;
}

/**
 * An alert to be notified once. The ledger lets it through when its step is higher, its value has grown enough, or people
 * were told that it was over.
 */
export interface Notification extends Omit<Notified, 'isResolved'> {
  readonly group: GroupKey;
  readonly since: number;
  /** The factor over the latest notified value from which it is notified again; null where growth does not count. */
  readonly growth: number | null;
}

/** A group holds a step, or held it less than `resolve_after` ago. Instants in ms. */
export interface Episode {
  readonly groupId: string;
  readonly step: number;
  /** The first evaluation time from which it has held; dips shorter than `resolve_after` break nothing. */
  readonly since: number;
  /** The first evaluation time from which it has held, or held last, without any break. */
  readonly began: number;
  /** The last evaluation time at which it held; null while it holds. */
  readonly heldTo: number | null;
  /** The first evaluation time after that at which it did not hold. */
  readonly quietSince: number | null;
  /** The first of the latest evaluation times that had no data to judge it by; null where the latest had some. */
  readonly unseenSince: number | null;
}

/** An episode that holds, without a break so far. */
export function openEpisode(groupId: string, step: number, since: number, began = since): Episode {
  return { groupId, step, since, began, heldTo: null, quietSince: null, unseenSince: null };
}

/** A group that holds no step any more: its alert is over. */
export interface Closing {
  readonly groupId: string;
  /**
   * `resolved`: the condition did not hold for `resolve_after`. `ended`: nobody can say, because its calendar period is over
   * or its data has gone.
   */
  readonly how: 'resolved' | 'ended';
  /** The first evaluation time at which it did not hold any more, ms. */
  readonly at: number;
}

/** The changes to a rule's open episodes. `begun` replaces what the ledger has for the same group and step. */
export interface EpisodeChanges {
  readonly begun: readonly Episode[];
  readonly ended: readonly Pick<Episode, 'groupId' | 'step'>[];
}
