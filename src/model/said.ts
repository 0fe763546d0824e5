// What the ledger holds.

import type { PeriodKey } from './finding.ts';
import type { Fixed } from './money.ts';
import type { GroupKey } from './series.ts';

/** What the ledger holds of one group of one rule in one dedupe period: the highest step said, and what was said last. */
export interface Said {
  readonly groupId: string;
  readonly period: PeriodKey;
  /** `stepOf` the highest severity said. */
  readonly step: number;
  /** The value that was said last. */
  readonly value: Fixed;
  /** The scheduled instant of what was said last. */
  readonly at: number;
}

/** Something to be said. The ledger lets it through when its step is higher, or its value has grown enough. */
export interface Saying extends Said {
  readonly group: GroupKey;
  readonly since: number;
  /** The factor over the value said last that makes it news again; null where growth is no news. */
  readonly growth: number | null;
}

/** That a group has reached a step at every scheduled instant since `since`. */
export interface Episode {
  readonly groupId: string;
  readonly step: number;
  readonly since: number;
}

/** How the open episodes of a rule change: `begun` replaces what stands for the same group and step. */
export interface EpisodeChanges {
  readonly begun: readonly Episode[];
  readonly ended: readonly Omit<Episode, 'since'>[];
}
