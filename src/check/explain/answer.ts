// The answer to why a rule fires or does not, as a value.

import type { Firing } from '../../model/finding.ts';
import type { Sample } from '../../model/metric-value.ts';
import type { Fixed } from '../../model/money.ts';
import type { NotifyReason } from '../../model/notification.ts';
import type { Rule, Severity, Silence } from '../../model/rule.ts';
import type { GroupKey } from '../../model/series.ts';
import type { GroupSplit } from '../../model/spend-split.ts';
import type { Window } from '../../model/window.ts';
import type { Band, ComparedPeriod, FixedLimits } from '../../rules/rule-type.ts';
import type { Told } from '../../state/told.ts';

/** Why a group is notified now, or is not. Instants in ms. */
export type Outcome =
  /** It fires and is news. `since` is null where nobody knows. */
  | { readonly kind: 'notify'; readonly reason: NotifyReason; readonly since: number | null }
  /** It was told in this dedupe period, which ends at `until`; null with `dedupe: episode`. */
  | {
      readonly kind: 'duplicate';
      readonly since: number | null;
      readonly told: Told | null;
      readonly until: number | null;
      /** The value from which it is told again all the same; null where growth does not count. */
      readonly growsTo: Fixed | null;
    }
  | {
      readonly kind: 'silenced';
      readonly since: number | null;
      readonly silence: Silence;
      readonly until: number;
    }
  /** The condition holds, and `for` asks for longer. */
  | { readonly kind: 'pending'; readonly since: number; readonly firesAt: number }
  | { readonly kind: 'quiet' }
  /** The limit is reached by fewer calls than `min_calls`. */
  | { readonly kind: 'few_calls'; readonly calls: number }
  /** It was told, and does not fire any more since `at`. `how` as in Closing; `pausing` for less than `resolve_after`. */
  | {
      readonly kind: 'resolved';
      readonly how: 'resolved' | 'ended' | 'pausing';
      readonly at: number | null;
      /** When it is over, where it is only pausing. */
      readonly overAt: number | null;
      readonly told: Told | null;
    }
  /** Its calendar window has just begun. `before` is what the whole one before had. */
  | { readonly kind: 'reset'; readonly began: number; readonly before: Sample | null }
  | { readonly kind: 'no_data' }
  /** It has calls, and is none of the groups that the rule judges, such as a service that is not new. */
  | { readonly kind: 'not_judged' }
  /** It has calls and too little of a past to be judged by. */
  | { readonly kind: 'short_history'; readonly periods: number | null };

/** What is known of one group at the instant. */
export interface GroupAnswer {
  readonly key: GroupKey;
  readonly variant?: string | undefined;
  readonly window: Window;
  /** Null where it has none. */
  readonly value: Sample | null;
  readonly calls: number;
  /** What fires, or would if it held for longer; null for nothing. */
  readonly firing: Firing | null;
  readonly severity: Severity | null;
  readonly outcome: Outcome;
  readonly limits: FixedLimits['steps'];
  readonly band: Band | null;
  readonly periods: readonly ComparedPeriod[];
  readonly told: readonly Told[];
  /** Every silence that matches it at the instant. */
  readonly silences: readonly { readonly silence: Silence; readonly until: number }[];
  /** Null for rules on anything but spend, and where it could not be read. */
  readonly split: GroupSplit | null;
}

export interface Answer {
  readonly rule: Rule;
  readonly at: number;
  readonly zone: string;
  readonly status: 'ok' | 'firing' | 'no_data' | 'error';
  /** Worst first: what fires, what is pending, what was told, the rest. At least one unless `error` says why not. */
  readonly groups: readonly GroupAnswer[];
  /** How many groups there are, and how many of them fire. */
  readonly known: number;
  readonly firing: number;
  readonly newestRow: number | null;
  /** Calls in the rule's window, in all groups. */
  readonly calls: number;
  /** Where kept sums answered: as in CheckResult. */
  readonly kept: { readonly reconciledAt: number | null } | null;
  /** Why it is not known what was told; null where it is. */
  readonly ledgerTrouble: string | null;
  readonly error: string | null;
}
