// Judges every rule once, as of one instant.

import { type AppError, sentenceOf } from '../model/errors.ts';
import type { Firing } from '../model/finding.ts';
import { ONE } from '../model/money.ts';
import { NOTHING_OBSERVED } from '../model/observed.ts';
import type { Rule, Silence } from '../model/rule.ts';
import type { Schedule } from '../model/schedule.ts';
import type { Dimension, Query, Series } from '../model/series.ts';
import { silenceOf, spanAt } from '../model/silence.ts';
import { EXPLAINED_WITHIN_MS } from '../model/unexplained-text.ts';
import { windowOfRule } from '../model/window.ts';
import { ask } from '../pipeline/ask.ts';
import type { Source } from '../pipeline/collect.ts';
import type { Evaluation } from '../pipeline/evaluate.ts';
import { evaluateRules, evaluationTimeOf, refuseQuiet } from '../pipeline/evaluate-rules.ts';
import { explain } from '../pipeline/explain.ts';
import { limitedReads } from '../pipeline/limited-reads.ts';
import { onsets } from '../pipeline/onsets-and-charts.ts';
import { type UnpricedValues, unpricedQuestions } from '../pipeline/unpriced.ts';
import type { AuditStore } from '../stores/audit-store.ts';
import type { CheckedRule, CheckResult } from './result.ts';

/** What a check needs. It needs no state store, because it shows what fires and not what would be notified. */
export interface CheckParts {
  readonly store: AuditStore;
  /** Answers queries in place of the store, where it can; null to ask the store directly. */
  readonly source: Source | null;
  readonly dimensions: ReadonlySet<Dimension>;
  /** Whether calls can be priced from a list; absent for no. */
  readonly hasPrices?: boolean;
  readonly rules: readonly Rule[];
  readonly silences: readonly Silence[];
  /** The incident of a group's alert, as far as a silence names it. */
  readonly incidentOf?: ((rule: Rule, group: Pick<Firing, 'key' | 'variant'>) => string | null) | null;
  readonly zone: string;
  readonly schedule: Schedule;
}

/** What rules observe at one instant, and the answers to queries beside, all of one state of the store. */
export interface JudgedOnce {
  readonly newestRow: number | null;
  /** Without an evaluation, `error` says why. */
  readonly judged: readonly {
    readonly rule: Rule;
    readonly evaluation: Evaluation | undefined;
    readonly error: AppError | null;
  }[];
  readonly unpriced: UnpricedValues;
  /** In the order asked. */
  readonly beside: readonly (Series | AppError)[];
}

/** Judges every rule as of one instant, and asks nothing that only explains it. Throws the store's AppError when nothing could be read. */
export async function judgeOnce(
  parts: CheckParts,
  queries: readonly Query[],
  at: number,
): Promise<JudgedOnce> {
  const questions = unpricedQuestions(parts.dimensions, parts.rules, at, parts.zone, parts.store);
  const { newestRow, outcomes, beside } = await evaluated(parts, [...queries, ...questions.queries], at);
  return {
    newestRow,
    judged: outcomes.map(({ rule, evaluations, error }) => ({ rule, evaluation: evaluations[0], error })),
    unpriced: questions.valuesIn(beside.slice(queries.length)),
    beside: beside.slice(0, queries.length),
  };
}

/** Judges every rule as of one instant, and explains what fires. Throws the store's AppError when nothing could be read. */
export async function evaluateOnce(parts: CheckParts, at: number): Promise<CheckResult> {
  const { store, zone, rules } = parts;
  const counted = countedQuery(rules, at, zone);
  const once = await judgeOnce(parts, counted, at);
  const { newestRow, unpriced, beside } = once;
  const judged = once.judged.map((one) => ({ ...one, judgement: one.evaluation?.judgement }));
  const explaining = { ...parts.source, ...limitedReads(store, EXPLAINED_WITHIN_MS) };
  const firing = judged.map(({ rule, judgement }) => ({ rule, firing: judgement?.firing ?? [] }));
  const explained = await explain(explaining, parts, firing, at);
  const began = await onsets(explaining, firing, at);
  const checked = judged.map(({ rule, judgement, error }, i): CheckedRule => {
    const silenced = silencedBy(rule, at, parts);
    const found = error ?? explained[i] ?? [];
    if (found instanceof Error) return failed(rule, sentenceOf(found));
    if (judgement === undefined) return failed(rule, null);
    return {
      rule,
      status: judgement.status,
      observed: judgement.observed,
      findings: found.map((finding, n) => ({
        finding: { ...finding, onset: began[i]?.[n] ?? null },
        silenced: silenced(finding),
      })),
      unpricedOf: (key) => unpriced.of(rule, key),
      isPartlyUnpriced: unpriced.any(rule),
      error: null,
    };
  });
  const { all, error: unpricedError } = unpriced;
  return {
    at,
    zone,
    newestRow,
    rowsConsidered: counted.length === 0 ? 0 : callsIn(beside[0]),
    rules: checked,
    unpriced: all,
    unpricedError,
    kept: null,
    aheadMs: null,
    error: null,
  };
}

/** The outcomes of rules, and the answers to the queries beside. What the source cannot answer is asked of the store. */
export async function evaluated(
  { store, source, zone, rules, schedule }: CheckParts,
  beside: readonly Query[],
  at: number,
) {
  const assignments = rules.map((rule) => ({ rule, times: [evaluationTimeOf(rule, at, schedule)] }));
  const first = await evaluateRules(source ?? store, zone, assignments, at, { beside });
  const openRules = assignments.filter((_, i) => first.outcomes[i]?.isOpen);
  const openQueries = beside.filter((_, i) => first.beside[i] === null);
  const second =
    openRules.length === 0 ? null : await evaluateRules(store, zone, openRules, at, { beside: openQueries });
  const outcomes = [...(second?.outcomes ?? [])];
  const answers = [...(second?.beside ?? (await ask(store, openQueries, at)))];
  return {
    newestRow: (second ?? first).newestRow,
    outcomes: first.outcomes.map((one) => refuseQuiet(one.isOpen ? (outcomes.shift() ?? one) : one)),
    beside: first.beside.map((one) => one ?? (answers.shift() as Series | AppError)),
  };
}

/** What counts the rows of the widest window of all rules; none without a rule. */
function countedQuery(rules: readonly Rule[], at: number, zone: string): Query[] {
  const windows = rules.map((rule) => windowOfRule(rule, at, zone));
  const widest = windows.sort((a, b) => b.to - b.from - (a.to - a.from)).slice(0, 1);
  return widest.map((window) => ({ measures: ['calls'], where: {}, groupBy: [], windows: [window] }));
}

function callsIn(series: Series | AppError | undefined): number {
  // A store without rows has no group.
  if (series === undefined || series instanceof Error || series.keys.length === 0) return 0;
  return Number((series.cell(0, 0)?.sums.calls ?? 0n) / ONE);
}

/** The result where the store could not be read: every rule has the error. */
export function unreadable(
  parts: Pick<CheckParts, 'rules' | 'zone'>,
  at: number,
  reason: string,
): CheckResult {
  const rules = parts.rules.map((rule) => failed(rule, reason));
  const nothing = {
    newestRow: null,
    rowsConsidered: 0,
    unpriced: null,
    unpricedError: null,
    aheadMs: null,
    kept: null,
  };
  return { at, zone: parts.zone, ...nothing, rules, error: reason };
}

/** A rule that could not be read. */
export function failed(rule: Rule, reason: string | null): CheckedRule {
  return {
    rule,
    status: 'error',
    observed: NOTHING_OBSERVED,
    findings: [],
    unpricedOf: () => null,
    isPartlyUnpriced: false,
    error: reason,
  };
}

/** Tells of a group of a rule by what it is silenced; null for nothing. */
export function silencedBy(
  rule: Rule,
  at: number,
  { silences, incidentOf }: Pick<CheckParts, 'silences' | 'incidentOf'>,
) {
  return (group: Pick<Firing, 'key' | 'variant'>) => {
    const silence = silenceOf(rule, group.key, at, silences, incidentOf?.(rule, group) ?? null);
    return silence && { reason: silence.reason, until: spanAt(silence.times, at)?.until ?? at };
  };
}
