// The contract of a rule type.

import type { z } from 'zod';
import type { Description, Firing, Judgement, Reached } from '../model/finding.ts';
import type { Metric } from '../model/metric.ts';
import type { Fixed } from '../model/money.ts';
import type { Observation } from '../model/observation.ts';
import type { Operator, Rule, Severity } from '../model/rule.ts';
import type { Query, Series } from '../model/series.ts';
import type { Window } from '../model/window.ts';
import type { Against } from '../model/window-before.ts';

/**
 * The instant and zone of a judgement. `at` is the scheduled instant minus the rule's delay (ms); `zone` is an IANA name.
 */
export interface RuleContext {
  readonly at: number;
  readonly zone: string;
}

/** Values from the file's `defaults`, for rules that do not set their own. */
export interface RuleDefaults {
  readonly severity: Severity;
  readonly notify: readonly string[];
  /** `audit.stale_after`: how old (ms) the newest row may be. Absent means `auto`. */
  readonly staleAfter?: number | 'auto' | 'off';
}

/** Limits on the values themselves, equal for all groups and times. */
export interface FixedLimits {
  readonly operator: Operator;
  /** Values of fewer calls reach no limit. */
  readonly minCalls: number;
  /** By ascending severity; at least one. */
  readonly steps: readonly { readonly severity: Severity; readonly bound: Fixed }[];
}

/** The usual value at one instant, and the values from which the rule fires; null on a side where it does not fire. */
export interface Band {
  readonly low: number | null;
  readonly mean: number;
  readonly high: number | null;
}

/** An earlier window with which a group's value is compared, and the group's value in it; null where it has none. */
export interface ComparedPeriod {
  readonly window: Window;
  readonly value: Fixed | null;
}

/** A rule's entry in the performance data of monitoring plugins; null where there is no such number. */
export interface Perfdata {
  readonly value: string | null;
  /** Threshold ranges: `50` alarms above 50, `50:` below it. */
  readonly warning: string | null;
  readonly critical: string | null;
}

/** What would be better, and what to do. */
export interface Advice {
  readonly key: string;
  readonly message: string;
  readonly hint: string;
}

/** A rule and figures at which it fires. Contract tests make a finding and its message from them. */
export interface RuleSample {
  /** The keys of the rule as in alerts.yaml, grouped by service, without `notify`. */
  readonly keys: Readonly<Record<string, unknown>>;
  /** Keys that replace some of these and give the rule other limits. */
  readonly otherLimits: Readonly<Record<string, unknown>>;
  /** The dollars that service `search` spent in a window of a query (both by index); null where it made no call. */
  spent(window: number, query: number): number | null;
  /** What other services spent in each window, by name, for types that compare groups with each other. */
  readonly others?: Readonly<Record<string, number>>;
  /** The alert in one line, as in the title of its message. */
  readonly summary: string;
}

/** A key whose file stands for the value of another key. The loader reads the file; a reload notices its changes. */
export interface RuleFile {
  /** The key that names the file, and the one that it stands for: `amounts_file` and `amounts`. */
  readonly key: string;
  readonly standsFor: string;
  /** What the file is, for people: `budget file`. */
  readonly noun: string;
  /** The value that a text stands for, or every fault of the text with its line. */
  read(text: string): { readonly value: unknown; readonly faults: readonly LineFault[] };
}

export interface LineFault {
  readonly line: number;
  readonly message: string;
  readonly hint: string;
}

/**
 * A kind of rule. Rules do not read data: `queries` says what is needed, and `judge` gets the answers in the same order.
 * Everything here is pure and total: it reads no clock and throws nothing.
 */
export interface RuleType<R extends Rule = Rule, O extends Observation = Observation> {
  readonly type: R['type'];
  /**
   * The rule's keys as written in alerts.yaml (snake_case, described for editors). Parsing gives a function from the file's
   * defaults to the rule.
   */
  readonly schema: z.ZodType<(defaults: RuleDefaults) => R>;
  /** The metric of rules that name none; absent where they must name one. */
  readonly metric?: Metric;
  /** A key that names a file, for types that have one. */
  readonly file?: RuleFile;
  /** What `validate` advises on a key of a rule that has no fault; null for nothing. `keys` are as written. */
  advice?(keys: Readonly<Record<string, unknown>>): Advice | null;
  /** Keys that name a dimension each, beside `group_by` and `where`. */
  readonly dimensionKeys?: readonly string[];
  queries(rule: R, context: RuleContext): readonly Query[];
  judge(rule: R, context: RuleContext, series: readonly Series[]): Judgement<O>;
  /**
   * Reads a group's value in a window from a series of the rule's metric in all groups; null where it has none. For types whose
   * value is another one than the metric of the group alone: whatever is asked about one of their groups needs the others too,
   * and the metric of earlier days says nothing about their values.
   */
  valuesIn?(rule: R, series: Series): (group: number, window: number) => number | null;
  /**
   * The groups that fire and their steps, in any order: what `judge` finds, without the values. `for` looks back at many
   * instants and needs no more. `windows` are the indexes of one instant's windows, by query, in series that hold the
   * windows of all instants. Omit it where it would not be faster than `judge`.
   */
  reached?(rule: R, series: readonly Series[], windows: readonly (readonly number[])[]): readonly Reached[];
  /**
   * What makes an alert `resolved`, which people are told, once its group does not fire any more: a call of the group in the
   * window, or nothing. Without it the alert ends without a word. Omit it where every alert is resolved.
   */
  readonly resolvedBy?: 'call' | 'nothing';
  /** What the rule measures and its limits, as plain JSON in a stable order: the rule's identity (docs/rules.md). */
  identity(rule: R): unknown;

  /** The rule's limits in a table: `>= $50.00 / $100.00`, `z 3 over 28d`. */
  limitText(rule: R): string;
  /**
   * What else is to be known of a firing observation before people are told, in the rule's own groups. It is asked for the first
   * findings of a rule, once for all with the same question, within the time for explanations. The answer holds the
   * observation's group and maybe others.
   */
  detail?(rule: R, firing: Firing<O>): Query;
  /** Describes a firing observation, by the last of its steps. `detail` is the answer to its question; null without one. */
  describe(rule: R, firing: Firing<O>, detail?: Series | null): Description;
  /** The rule's entry in `check --format nagios`. `worst` is undefined where nothing was observed. */
  perfdata(rule: R, worst: O | undefined): Perfdata;
  /**
   * Fixed limits, for types that have them. Charts draw them, `backtest` counts the values that reach them, and `backtest
   * --suggest` searches for another one. The badness of such a type's observations must be the value itself, negated where
   * low values fire.
   */
  fixedLimits?(rule: R): FixedLimits;
  /** The limits that all groups of a rule have in common, for types without fixed ones; empty where groups differ. */
  commonLimits?(rule: R): FixedLimits['steps'];
  /** The amount that a group may use in its period, and when that ends (ms), for types that have such an amount. */
  budgeted?(rule: R, observation: O): { readonly amount: Fixed; readonly periodEnd: number };
  /** The limits that a group has of its own, for types without fixed ones. A chart of its alert draws them. */
  groupLimits?(rule: R, observation: O): FixedLimits['steps'];
  /** What a chart draws around a group's value at one instant, for types that compare it with a usual value. */
  band?(rule: R, observation: O): Band;
  /**
   * The periods with which the value of a group is compared, the latest first, from the answers to `queries`. For types that
   * compare with the past; nothing is decided by it.
   */
  compared?(
    rule: R,
    context: RuleContext,
    series: readonly Series[],
    of: Pick<Observation, 'key' | 'window'>,
  ): readonly ComparedPeriod[];
  /**
   * From which earlier window a change in spend is explained, for types that compare with one themselves; null where there is
   * nothing earlier. Absent for the window just before.
   */
  against?(rule: R): Against | null;
  /** What charts call the middle of the band; absent for `usual`. */
  readonly bandName?: string;
  readonly sample: RuleSample;
}
