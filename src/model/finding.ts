// Judgements, findings and alerts.

import type { Chart } from './chart.ts';
import type { DescribedJson } from './finding-schema.ts';
import type { Fact } from './message.ts';
import type { Metric, Unit } from './metric.ts';
import type { Sample } from './metric-value.ts';
import type { Fixed } from './money.ts';
import type { NotifyReason, Previous } from './notification.ts';
import type { Observation } from './observation.ts';
import type { Observed } from './observed.ts';
import type { Onset } from './onset.ts';
import type { Operator, Severity } from './rule.ts';
import type { Dimension, GroupKey } from './series.ts';
import type { GroupSplit } from './spend-split.ts';

/** A limit that an observation reached, with the exact value at which the rule begins to fire. */
export interface ReachedStep {
  readonly severity: Severity;
  readonly bound: Fixed;
  readonly operator: Operator;
}

/** A group with every step that it reached, by ascending severity. The last step names the finding. */
export interface Reached {
  readonly key: GroupKey;
  /** Names an alert of its own that the group has beside its main one, and that ends without a word; absent for the main one. */
  readonly variant?: string;
  /**
   * Names the limit of a group that has its own. With another one the group is notified anew, and no other group is; absent
   * where limits are the rule's.
   */
  readonly limit?: string;
  readonly steps: readonly [ReachedStep, ...ReachedStep[]];
}

/** The highest step, which names the finding. */
export function topStep({ steps }: Reached): ReachedStep {
  return steps[steps.length - 1] ?? steps[0];
}

/** An observation that fires. */
export type Firing<O extends Observation = Observation> = O & Reached;

/** The judgement of a rule at one instant. Both lists are worst first (docs/ci.md). */
export interface Judgement<O extends Observation = Observation> {
  readonly status: 'ok' | 'firing' | 'no_data';
  readonly observed: Observed<O>;
  readonly firing: readonly Firing<O>[];
}

/** A finding as its rule type describes it. Texts are for people; each channel escapes them. */
export interface Description {
  /** The value in a headline, with what it counts: `$312.46`, `890,000 calls`. */
  readonly value: string;
  /** Why it fires, at the end of a headline: `limit $100.00`, `usually $41.20, z 6.3`. */
  readonly reason: string;
  /** The value and its limit, with as many digits as tell them apart: `$100.004` and `>= $100.00`. */
  readonly comparison: readonly [value: string, limit: string];
  /** What the comparison leaves out, in a few words: `z 6.3`; null for nothing. */
  readonly note: string | null;
  /** The number of the first sentence, without what it counts, and how it compares: `$312.46`, `3.1 times its limit of $100`. */
  readonly sentence: readonly [value: string, comparison: string];
  /** The first facts of a message: the value, and what it was compared with. */
  readonly facts: readonly Fact[];
  /** How the instant from which it fires is called: `Noticed`. Absent: `Over the limit since`, or below it. */
  readonly since?: string;
  /** Whether the value began within the window, as its facts tell: then its rate over the whole window means nothing. */
  readonly isYoung?: true;
  /** Whether its facts say the change against an earlier window already. */
  readonly isCompared?: true;
  /** What the group was while the rule fired, for the message at its end: `reported silent`. Absent: `over its limit`. */
  readonly was?: string;
  /** Figures for experts, such as z. A message shows them last. */
  readonly judged: readonly Fact[];
  /** Further lines for the table of `check`. */
  readonly lines: readonly string[];
  /** Fields of the finding in JSON that only this type has. */
  readonly fields: DescribedJson;
}

/** One part of a breakdown. */
export interface BreakdownPart {
  readonly key: string | null;
  readonly value: Sample;
  /** Calls of unknown cost, which make the amount a lower bound; absent where there are none. */
  readonly unpriced?: number;
}

/** The parts beyond the largest five, together. */
export interface Others {
  /** How many there are. */
  readonly keys: number;
  /** Null where a ratio or percentile of them has none. */
  readonly value: Sample | null;
  readonly calls: number;
  readonly unpriced?: number;
  /** Those of them that are below 0, which are no part of any whole; null for none. */
  readonly credits: Omit<Others, 'credits'> | null;
}

/** Calls of unknown cost within a finding's window and group. A value that depends on cost is then a lower bound. */
export interface Unpriced {
  readonly calls: number;
  /** How many models these calls went to; null for a store that records no model. */
  readonly models: number | null;
}

/** A breakdown by `dimension`, or with null the count of calls without a price, that failed or took too long. */
export interface Unexplained {
  readonly dimension: Dimension | null;
  readonly isLate: boolean;
}

/** A firing observation in full: what `check` prints, messages show and webhooks carry. */
export interface Finding extends Observation {
  /** As in Reached. */
  readonly variant?: string;
  readonly groupBy: readonly Dimension[];
  readonly metric: Metric;
  /** What its value and limit are, where that is not the metric. */
  readonly quantity?: 'share';
  /** Of the value and the limit. */
  readonly unit: Unit;
  readonly severity: Severity;
  readonly bound: Fixed;
  readonly operator: Operator;
  readonly description: Description;
  readonly breakdown: Readonly<Record<Dimension, readonly BreakdownPart[]>>;
  /** What each breakdown leaves out; a dimension without others has no entry. */
  readonly others: Readonly<Record<Dimension, Others>>;
  /** The value of the same window one local day earlier; null where it is not known. */
  readonly yesterday: Sample | null;
  /** The same seven local days earlier. */
  readonly weekAgo: Sample | null;
  /** What its change in spend is made of; null for other metrics, and where that is not known. */
  readonly split: GroupSplit | null;
  readonly unpriced: Unpriced | null;
  /** The part of its cost that is by the price list and not recorded, up to 1; absent for none. */
  readonly estimatedShare?: number;
  /** When the rate left its usual level; null where that is not known. */
  readonly onset: Onset | null;
  /** The questions about it that were not answered in time. No alert waits for them. */
  readonly unexplained: readonly Unexplained[];
}

/** A finding that is notified: what a message is made of. */
export interface Alert {
  /** Made of rule fingerprint, group, period and severity: the same over retries, replicas and restarts. */
  readonly id: string;
  readonly finding: Finding;
  /** The scheduled instant at which the finding was made. */
  readonly at: number;
  /** The first scheduled instant from which it has held without a break. */
  readonly since: number;
  /** Whether it was notified in an earlier period and has held since. */
  readonly ongoing: boolean;
  /** Why it is notified. */
  readonly reason: NotifyReason;
  /** What was notified of it before; null where it is new. */
  readonly previous: Previous | null;
  readonly period: string;
  /** Its picture; null or absent where there is none. */
  readonly chart?: Chart | null;
}

export const NONE = '(none)';

/** A group for people and JSON: values by dimension, NULL as `(none)`. */
export function groupObject(groupBy: readonly Dimension[], key: GroupKey): Record<Dimension, string> {
  return Object.fromEntries(groupBy.map((dimension, i) => [dimension, key[i] ?? NONE]));
}
