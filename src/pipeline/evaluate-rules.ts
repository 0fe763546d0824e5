// Evaluates rules at their evaluation times, over one state of the store.

import { type AppError, asAppError } from '../model/errors.ts';
import type { Rule } from '../model/rule.ts';
import type { Schedule } from '../model/schedule.ts';
import type { Query, Series } from '../model/series.ts';
import { collect, type Source } from './collect.ts';
import { type Evaluation, type EvaluationTime, evaluate, planOf } from './evaluate.ts';
import { countingUnreadable, unreadableCosts } from './unreadable-costs.ts';

/** A rule and the times at which it is to be evaluated, ascending. */
export interface Assignment {
  readonly rule: Rule;
  readonly times: readonly EvaluationTime[];
}

/**
 * The outcome of one rule: one evaluation for each time, or the error. The last times have no evaluation where more groups
 * fired before them than may be held in memory.
 */
export interface Outcome {
  readonly rule: Rule;
  readonly evaluations: readonly Evaluation[];
  readonly error: AppError | null;
  /** Why nothing can be said where the rule does not fire: some costs of its latest window are no numbers. */
  readonly unreadable?: AppError | null;
  /** Kept sums do not cover the rule yet: the store itself must be asked. */
  readonly isOpen: boolean;
}

export interface EvaluatedRules {
  readonly newestRow: number | null;
  readonly rowsRead: number;
  /** In the order of the assignments. */
  readonly outcomes: readonly Outcome[];
  /** The answers to the queries that were asked beside, in their order; null where the source keeps too little for one. */
  readonly beside: readonly (Series | AppError | null)[];
}

export interface EvaluateOptions {
  /** Queries of no rule, answered from the same state of the store. */
  readonly beside?: readonly Query[];
  /** How many groups of a rule may fire at all its times together (see `evaluate`). */
  readonly mostFirings?: (rule: Rule) => number;
}

/** A time at which a rule is evaluated, with the scheduled times before it at which it must have held (`for`). */
export function evaluationTimeOf(
  rule: Rule,
  at: number,
  schedule: Pick<Schedule, 'instants'>,
): EvaluationTime {
  return { at, earlier: rule.forMs === 0 ? [] : schedule.instants(at - rule.forMs, at) };
}

/**
 * Evaluates every rule at all its times over one state of the store. A rule that cannot be evaluated is reported and the
 * others go on; throws only when the store cannot be read at all.
 */
export async function evaluateRules(
  source: Source,
  zone: string,
  assignments: readonly Assignment[],
  before: number,
  { beside = [], mostFirings = () => Number.POSITIVE_INFINITY }: EvaluateOptions = {},
): Promise<EvaluatedRules> {
  const queries: Query[] = [];
  const plans = assignments.map(({ rule, times }) => {
    try {
      const plan = countingUnreadable(planOf(rule, zone, times), source);
      const from = queries.length;
      for (const query of plan.queries) queries.push(query);
      return { rule, plan, from, to: queries.length };
    } catch (error) {
      return { rule, fault: asAppError(error, 'rule_failed') };
    }
  });
  const { newestRow, rowsRead, series } = await collect(source, [...queries, ...beside], before);
  const outcomes = plans.map((planned): Outcome => {
    const { rule } = planned;
    if ('fault' in planned) return { rule, evaluations: [], error: planned.fault, isOpen: false };
    const { plan, from, to } = planned;
    try {
      const own: Series[] = [];
      for (const answer of series.slice(from, to)) {
        if (answer instanceof Error) throw answer;
        if (answer === null) return { rule, evaluations: [], error: null, isOpen: true };
        own.push(answer);
      }
      const evaluations = evaluate(plan, own, mostFirings(rule));
      return {
        rule,
        evaluations,
        error: null,
        isOpen: false,
        unreadable: unreadableCosts(plan, own, source),
      };
    } catch (error) {
      return { rule, evaluations: [], error: asAppError(error, 'rule_failed'), isOpen: false };
    }
  });
  return { newestRow, rowsRead, outcomes, beside: series.slice(queries.length) };
}

/** A rule over costs that are no numbers has failed where it fires at none of its times. What fires all the same is told. */
export function refuseQuiet(outcome: Outcome): Outcome {
  const { unreadable, evaluations } = outcome;
  const fires = evaluations.some(({ judgement }) => judgement.firing.length > 0);
  return unreadable && !fires ? { ...outcome, evaluations: [], error: unreadable } : outcome;
}
