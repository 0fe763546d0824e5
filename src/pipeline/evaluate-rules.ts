// Rules at their instants -> evaluations, over one state of the store.

import { type AppError, asAppError } from '../model/errors.ts';
import { ONE } from '../model/money.ts';
import type { Rule } from '../model/rule.ts';
import type { Schedule } from '../model/schedule.ts';
import type { Query, Series } from '../model/series.ts';
import type { Window } from '../model/window.ts';
import { collect, type Source } from './collect.ts';
import { type Evaluation, evaluate, type Moment, planOf } from './evaluate.ts';

/** A rule and the instants at which it is to be judged, ascending. */
export interface Assignment {
  readonly rule: Rule;
  readonly moments: readonly Moment[];
}

/**
 * What became of one rule: an evaluation a moment, or the reason why there is none. The last moments have no evaluation where
 * more groups fired before than may be held at a time.
 */
export interface Outcome {
  readonly rule: Rule;
  readonly evaluations: readonly Evaluation[];
  readonly error: AppError | null;
  /** The source keeps too little yet to judge the rule: the store itself must be asked. */
  readonly isOpen: boolean;
}

export interface EvaluatedRules {
  readonly newestRow: number | null;
  readonly rowsRead: number;
  /** Rows of the window that was to be counted; 0 when none was. */
  readonly rowsIn: number;
  /** In the order of the assignments. */
  readonly outcomes: readonly Outcome[];
}

/** The instant at which a rule is judged, with the scheduled ones before it at which it must have held (`for`). */
export function momentOf(rule: Rule, at: number, schedule: Pick<Schedule, 'instants'>): Moment {
  return { at, earlier: rule.forMs === 0 ? [] : schedule.instants(at - rule.forMs, at) };
}

/**
 * Judges every rule at all its moments over one state of the store. A rule that cannot be judged is a report and
 * the others go on; throws only when the store cannot be read at all. All rows of the window `counted` are counted
 * beside. `mostFirings` limits how many groups of a rule may fire at all its moments together (see `evaluate`).
 */
export async function evaluateRules(
  source: Source,
  zone: string,
  assignments: readonly Assignment[],
  before: number,
  counted: Window | null = null,
  mostFirings: (rule: Rule) => number = () => Number.POSITIVE_INFINITY,
): Promise<EvaluatedRules> {
  const queries: Query[] = [];
  const plans = assignments.map(({ rule, moments }) => {
    try {
      const plan = planOf(rule, zone, moments);
      const from = queries.length;
      for (const query of plan.queries) queries.push(query);
      return { rule, plan, from, to: queries.length };
    } catch (error) {
      return { rule, fault: asAppError(error, 'rule_failed') };
    }
  });
  if (counted !== null) queries.push({ measures: ['calls'], where: {}, groupBy: [], windows: [counted] });
  const { newestRow, rowsRead, series } = await collect(source, queries, before);
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
      return { rule, evaluations: evaluate(plan, own, mostFirings(rule)), error: null, isOpen: false };
    } catch (error) {
      return { rule, evaluations: [], error: asAppError(error, 'rule_failed'), isOpen: false };
    }
  });
  return { newestRow, rowsRead, rowsIn: counted === null ? 0 : callsIn(series.at(-1)), outcomes };
}

function callsIn(series: Series | AppError | null | undefined): number {
  if (series == null || series instanceof Error) return 0;
  return Number((series.cell(0, 0)?.sums.calls ?? 0n) / ONE);
}
