// What an answer is made from, and what is found on the way to it.

import type { Rule } from '../../model/rule.ts';
import type { GroupKey } from '../../model/series.ts';
import type { Decision } from '../../pipeline/decide.ts';
import type { DecidingParts } from '../../pipeline/parts.ts';
import type { RuleState } from '../../state/ledger.ts';
import type { StateReader } from '../../state/open.ts';
import type { Told } from '../../state/told.ts';
import type { CheckParts } from '../check.ts';

/** What an answer is made from. */
export interface ExplainParts extends Omit<CheckParts, 'rules'> {
  readonly rule: Rule;
  readonly fingerprint: string;
  readonly incidents: DecidingParts['incidents'];
  /** The ledger, for reading only; null where it cannot be read. */
  readonly ledger: LedgerReader | null;
  /** Which groups are asked about; absent for all. */
  readonly wanted?: WantedGroups;
}

/** Groups with some values; where each dimension has one, the group itself, which need not have a call. */
export interface WantedGroups {
  readonly key: GroupKey | null;
  fits(key: GroupKey): boolean;
}

export interface LedgerReader {
  readonly state: StateReader;
  /** What was told of the rule from one instant to another. */
  told(from: number, to: number): Promise<Told[]>;
}

/** What was decided, by what was known before. */
export interface Known {
  readonly decision: Decision;
  readonly before: RuleState;
  readonly told: readonly Told[];
  /** Why the ledger could not be read. */
  readonly trouble: string | null;
}

/** The calls of a group in the rule's window. */
export interface GroupCalls {
  readonly key: GroupKey;
  readonly calls: number;
}
