// The fields of an absence rule and of its observations.

import type { Fixed } from '../model/money.ts';
import type { Observation } from '../model/observation.ts';
import type { Rule } from '../model/rule.ts';
import type { RuleDefaults } from './rule-type.ts';

export interface AbsenceRule extends Rule {
  readonly type: 'absence';
  readonly metric: 'calls';
  readonly baselineDays: number;
  /** The least share of the earlier windows that had calls, above 0 and at most 1. */
  readonly usual: Fixed;
  readonly minHistory: number;
  readonly staleAfter: NonNullable<RuleDefaults['staleAfter']>;
}

/** The calls of a group now, and in how many of the same windows on earlier days it had some. */
export interface AbsenceObservation extends Observation {
  readonly withCalls: number;
  /** The earlier windows since the first one with calls. */
  readonly windows: number;
  /** An IANA name. */
  readonly zone: string;
}
