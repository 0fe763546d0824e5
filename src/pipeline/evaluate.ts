// Judges a rule over its series, and applies `for` (pure).

import { firstNotBelow } from '../model/ascending.ts';
import type { Firing, Judgement, Reached, ReachedStep } from '../model/finding.ts';
import { judgedAsOf } from '../model/judged-as-of.ts';
import type { Rule } from '../model/rule.ts';
import {
  type GroupKey,
  type HourSums,
  type HoursBack,
  mergedHours,
  type Query,
  type Series,
} from '../model/series.ts';
import type { Window } from '../model/window.ts';
import { ruleTypeOf } from '../rules/index.ts';
import { HoldLog } from './hold-log.ts';

/** An instant at which a rule is judged, and the earlier ones at which it must have held as well (`for`), ascending. */
export interface EvaluationTime {
  readonly at: number;
  readonly earlier: readonly number[];
}

/** The result of a rule at one evaluation time. `pending` fires at that time but has not held for as long as `for` asks. */
export interface Evaluation {
  readonly at: number;
  readonly judgement: Judgement;
  readonly pending: readonly Firing[];
  /** Every step that was reached at that time, where that is more than what fires because `for` holds some back. */
  readonly reached?: readonly Reached[];
}

/** How a rule is judged at some evaluation times. Each instant is judged once, however many times look back at it. */
export interface Plan {
  readonly rule: Rule;
  readonly zone: string;
  readonly times: readonly EvaluationTime[];
  /** The queries of its type, each with the windows of all instants, so that a night of missed polls is one read. */
  readonly queries: readonly Query[];
  /** Every instant to be judged, ascending, once each. */
  readonly instants: readonly number[];
  /**
   * By instant and query, the places of the instant's windows in the merged query. Null for a single instant, as at most
   * polls: the queries are then its own.
   */
  readonly slices: readonly (readonly (readonly number[])[])[] | null;
}

export function planOf(rule: Rule, zone: string, times: readonly EvaluationTime[]): Plan {
  const [only, ...more] = times;
  if (only !== undefined && more.length === 0 && only.earlier.length === 0) {
    const queries = queriesAt(rule, zone, only.at);
    return { rule, zone, times, queries, instants: [only.at], slices: null };
  }
  const distinct = new Set<number>();
  for (const { at, earlier } of times) {
    distinct.add(at);
    for (const instant of earlier) distinct.add(instant);
  }
  const instants = [...distinct].sort((a, b) => a - b);
  const merged: {
    readonly query: Query;
    readonly windows: Window[];
    readonly places: Places;
    hours: HoursBack | undefined;
  }[] = [];
  const slices = instants.map((at) =>
    queriesAt(rule, zone, at).map((query, i) => {
      // The queries of one rule differ from instant to instant in their windows only.
      merged[i] ??= { query, windows: [], places: new Map(), hours: query.hours };
      const { windows, places, hours } = merged[i];
      if (query.hours !== undefined && hours !== undefined) merged[i].hours = mergedHours(hours, query.hours);
      return query.windows.map((window) => placeOf(window, windows, places));
    }),
  );
  const queries = merged.map(({ query, windows, hours }) => ({
    ...query,
    windows,
    ...(hours !== undefined && { hours }),
  }));
  return { rule, zone, times, queries, instants, slices };
}

/**
 * Judges a rule at every evaluation time, in order, over the answers to the plan's queries. Pure and total. A step of a
 * group counts only if the group also reached a step of that severity at every earlier instant. Stops after the time at
 * which more than `mostFirings` groups have fired in all: later times have no evaluation.
 */
export function evaluate(
  plan: Plan,
  series: readonly Series[],
  mostFirings = Number.POSITIVE_INFINITY,
): Evaluation[] {
  const { rule, zone, instants, slices } = plan;
  const type = ruleTypeOf(rule);
  const judgeOver = (at: number, own: readonly Series[]): Judgement =>
    type.judge(rule, { at: judgedAsOf(rule, at), zone }, own);
  if (slices === null)
    return plan.times.map(({ at }) => ({ at, judgement: judgeOver(at, series), pending: [] }));
  const indexOf = (at: number): number => firstNotBelow(instants, at);
  const judgements = new Map<number, Judgement>();
  const seriesAt = (at: number): readonly Series[] => {
    const slice = slices[indexOf(at)] ?? [];
    return slice.map((columns, i) => sliceOf(series[i] as Series, columns));
  };
  const judge = (at: number): Judgement => judgements.get(at) ?? judgeOver(at, seriesAt(at));
  const reachedAt = (at: number, index: number): readonly Reached[] =>
    judgements.get(at)?.firing ?? type.reached?.(rule, series, slices[index] ?? []) ?? judge(at).firing;
  // Evaluation times come first. Where nothing fires, `for` need not look back, and a quiet poll judges one instant only.
  const times: EvaluationTime[] = [];
  let fired = 0;
  for (const time of plan.times) {
    const judgement = judge(time.at);
    judgements.set(time.at, judgement);
    times.push(time);
    fired += judgement.firing.length;
    if (fired > mostFirings) break;
  }
  const lookedBackAt = new Set<number>();
  for (const { at, earlier } of times) {
    if (judge(at).firing.length > 0) for (const instant of earlier) lookedBackAt.add(instant);
  }
  const held = new HoldLog();
  instants.forEach((at, index) => {
    if (lookedBackAt.has(at)) held.record(index, reachedAt(at, index));
  });
  return times.map(({ at, earlier }) => {
    const judgement = judge(at);
    if (judgement.firing.length === 0 || earlier.length === 0) return { at, judgement, pending: [] };
    const before = earlier.map(indexOf);
    return settle(at, judgement, (firing, step) => held.throughout(firing.key, step.severity, before));
  });
}

/** The queries that a rule needs to be judged at one instant. */
export function queriesAt(rule: Rule, zone: string, at: number): readonly Query[] {
  return ruleTypeOf(rule).queries(rule, { at: judgedAsOf(rule, at), zone });
}

/**
 * Judges a rule at one instant after the other, with the results of `evaluate`, over the answers to `queriesAt` of each.
 * It remembers what fired before, so `earlier` must be the last instants that were judged.
 */
export function openJudge(
  rule: Rule,
  zone: string,
): (time: EvaluationTime, series: readonly Series[]) => Evaluation {
  const type = ruleTypeOf(rule);
  const held = new HoldLog();
  let index = 0;
  return ({ at, earlier }, series) => {
    const judgement = type.judge(rule, { at: judgedAsOf(rule, at), zone }, series);
    const before = index;
    index += 1;
    if (rule.forMs === 0) return { at, judgement, pending: [] };
    held.record(before, judgement.firing);
    if (judgement.firing.length === 0 || earlier.length === 0) return { at, judgement, pending: [] };
    const instants = earlier.map((_, i) => before - earlier.length + i);
    return settle(at, judgement, (firing, step) => held.throughout(firing.key, step.severity, instants));
  };
}

function settle(
  at: number,
  judgement: Judgement,
  holds: (firing: Firing, step: ReachedStep) => boolean,
): Evaluation {
  const firing: Firing[] = [];
  const pending: Firing[] = [];
  for (const one of judgement.firing) {
    const [first, ...more] = one.steps.filter((step) => holds(one, step));
    if (first === undefined) pending.push(one);
    else firing.push({ ...one, steps: [first, ...more] });
  }
  const status = judgement.status === 'firing' && firing.length === 0 ? 'ok' : judgement.status;
  return {
    at,
    judgement: { status, observed: judgement.observed, firing },
    pending,
    reached: judgement.firing,
  };
}

/** By length, then by beginning. Text keys would be slower, and every window of every instant is looked up here. */
type Places = Map<number, Map<number, number>>;

function placeOf(window: Window, windows: Window[], places: Places): number {
  const length = window.to - window.from;
  let byFrom = places.get(length);
  if (byFrom === undefined) {
    byFrom = new Map();
    places.set(length, byFrom);
  }
  const known = byFrom.get(window.from);
  if (known !== undefined) return known;
  byFrom.set(window.from, windows.length);
  return windows.push(window) - 1;
}

/** Some columns of a series, with the groups that have a row in one of them: the answer for one instant. */
function sliceOf(series: Series, columns: readonly number[]): Series {
  const groups: number[] = [];
  const keys: GroupKey[] = [];
  for (let group = 0; group < series.keys.length; group += 1) {
    if (!hasRow(series, group, columns)) continue;
    groups.push(group);
    keys.push(series.keys[group] as GroupKey);
  }
  return {
    keys,
    has: (group, i) => series.has(groups[group] as number, columns[i] as number),
    cell: (group, i) => series.cell(groups[group] as number, columns[i] as number),
    estimate: (group, i, measure) => series.estimate(groups[group] as number, columns[i] as number, measure),
    ...(series.hours !== undefined && { hours: hoursOf(series.hours, groups) }),
  };
}

function hoursOf(hours: HourSums, groups: readonly number[]): HourSums {
  return {
    to: hours.to,
    of: (group, measure) => hours.of(groups[group] as number, measure),
    past: (group) => hours.past(groups[group] as number),
  };
}

function hasRow(series: Series, group: number, columns: readonly number[]): boolean {
  for (const column of columns) if (series.has(group, column)) return true;
  return false;
}
