// The contract: schema, queries, judge, identity.

import type { z } from 'zod';
import type { Judgement, Reached } from '../model/finding.ts';
import type { RuleBase, Severity } from '../model/rule.ts';
import type { Query, Series } from '../model/series.ts';

/** What a rule is judged as of: `at` is the scheduled instant less the rule's delay (ms), `zone` an IANA name. */
export interface RuleContext {
  readonly at: number;
  readonly zone: string;
}

/** What the file's `defaults` supply where a rule is silent. */
export interface RuleDefaults {
  readonly severity: Severity;
  readonly notify: readonly string[];
}

/**
 * A kind of rule. Rules ask, they do not fetch: `queries` says what is needed and `judge` gets the answers in the
 * same order. Both are pure and total: they read no clock and throw nothing.
 */
export interface RuleType<R extends RuleBase = RuleBase> {
  readonly type: R['type'];
  /** The rule's keys as written in alerts.yaml (snake_case, described for editors); parses to a rule that waits for defaults. */
  readonly schema: z.ZodType<(defaults: RuleDefaults) => R>;
  queries(rule: R, context: RuleContext): readonly Query[];
  judge(rule: R, context: RuleContext, series: readonly Series[]): Judgement;
  /**
   * Which groups fire by which steps, in no order: what `judge` says without the values, for the many instants that a
   * `for` looks back on. `windows` are the places, by query, of an instant's windows in the series of all of them. Left out
   * where it would cost the same.
   */
  reached?(rule: R, series: readonly Series[], windows: readonly (readonly number[])[]): readonly Reached[];
  /** What the rule measures and its limits, as plain JSON with stable order: the rule's identity (docs/rules.md). */
  identity(rule: R): unknown;
}
