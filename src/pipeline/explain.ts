// Explains findings: what drives them, and which calls lack a price.

import { AppError, asAppError } from '../model/errors.ts';
import {
  type BreakdownPart,
  type Finding,
  type Firing,
  topStep,
  type Unexplained,
  type Unpriced,
} from '../model/finding.ts';
import { describeMetric, drivingMeasure, measuresOf, unpricedMeasure } from '../model/metric.ts';
import { sampleOf } from '../model/metric-value.ts';
import { ONE } from '../model/money.ts';
import type { Rule } from '../model/rule.ts';
import type { Cell, Dimension, GroupKey, Query, Series, Where } from '../model/series.ts';
import type { Window } from '../model/window.ts';
import { ruleTypeOf } from '../rules/index.ts';
import { type Askable, ask } from './ask.ts';

/** What fires of one rule, possibly in several windows. */
export interface Explained {
  readonly rule: Rule;
  readonly firing: readonly Firing[];
}

const DRIVERS: readonly Dimension[] = ['model', 'user', 'service', 'endpoint'];
const PARTS = 5;
/** Above this many groups a filter by name costs more than it saves. */
const FILTERED_GROUPS = 200;

/**
 * Reads what drives each finding: the top parts by every further dimension that the store has, and the calls without a
 * price. These are asked only for groups that fire, so that a quiet poll costs nothing more, and the store is read only
 * where kept sums cannot answer. If an answer fails or takes too long, the finding goes out without it and says so: an alert
 * must not wait for its explanation. A finding that cannot be described fails its rule alone. Never rejects.
 */
export async function explain(
  source: Askable,
  available: ReadonlySet<Dimension>,
  wanted: readonly Explained[],
  before: number,
): Promise<(Finding[] | AppError)[]> {
  const plans = wanted.map(({ rule, firing }) => orFault(() => questionsOf(rule, firing, available)));
  const queries = plans.flatMap((plan) => (plan instanceof AppError ? [] : plan.map(({ query }) => query)));
  const series = await ask(source, queries, before);
  let next = 0;
  return wanted.map(({ rule, firing }, i) => {
    const plan = plans[i] ?? [];
    if (plan instanceof AppError) return plan;
    const answers = series.slice(next, next + plan.length);
    next += plan.length;
    return orFault(() => {
      const answered = plan.map((question, n): Answered => {
        const answer = answers[n] as Series | AppError;
        const index =
          answer instanceof AppError ? answer : indexOf(question.query, answer, rule.groupBy.length);
        return { ...question, index };
      });
      const type = ruleTypeOf(rule);
      return firing.map((one) => ({
        ...findingOf(rule, one, answered),
        description: type.describe(rule, one),
      }));
    });
  });
}

/** A finding without its breakdown. Most of these are only counted, so the description is made on demand. */
export function unexplained(rule: Rule, firing: Firing): Finding {
  return {
    ...findingOf(rule, firing, []),
    get description() {
      return ruleTypeOf(rule).describe(rule, firing);
    },
  };
}

/** A question about findings: how they split by `dimension`, or (null) how much of them has no price. */
interface Question {
  readonly dimension: Dimension | null;
  readonly query: Query;
  /** Whether its parts are split by model. */
  readonly byModel: boolean;
}

interface Answered extends Question {
  /** Parts by finding (window and group), or the error. */
  readonly index: PartIndex | AppError;
}

type PartIndex = ReadonlyMap<string, readonly { readonly key: string | null; readonly cell: Cell }[]>;

function questionsOf(rule: Rule, firing: readonly Firing[], available: ReadonlySet<Dimension>): Question[] {
  if (firing.length === 0) return [];
  const windows = distinctWindows(firing);
  const where = narrowedWhere(
    rule,
    firing.map(({ key }) => key),
  );
  const split = DRIVERS.filter((name) => available.has(name) && !rule.groupBy.includes(name));
  const lacking = unpricedMeasure(rule.metric, rule.errors);
  const measures = [...measuresOf(rule.metric, rule.errors), ...(lacking === null ? [] : [lacking])];
  const questions: Question[] = split.map((dimension) => ({
    dimension,
    query: { measures, where, groupBy: [...rule.groupBy, dimension], windows },
    byModel: false,
  }));
  if (lacking !== null) {
    const byModel = available.has('model');
    const groupBy = [...new Set([...rule.groupBy, ...(byModel ? ['model'] : [])])];
    const query = { measures: [lacking, 'calls' as const], where, groupBy, windows };
    questions.push({ dimension: null, query, byModel });
  }
  return questions;
}

function orFault<T>(work: () => T): T | AppError {
  try {
    return work();
  } catch (error) {
    return asAppError(error, 'rule_failed');
  }
}

function findingOf(rule: Rule, firing: Firing, answered: readonly Answered[]): Omit<Finding, 'description'> {
  const id = findingKey(firing.window, firing.key);
  const breakdown: Record<Dimension, readonly BreakdownPart[]> = {};
  let unpriced: Unpriced | null = null;
  const unexplained: Unexplained[] = [];
  for (const { dimension, index, byModel } of answered) {
    if (index instanceof AppError) {
      unexplained.push({ dimension, isLate: index.code === 'store_timeout' });
      continue;
    }
    const parts = index.get(id) ?? [];
    if (dimension === null) unpriced = unpricedOf(rule, parts, byModel);
    else breakdown[dimension] = topParts(rule, parts);
  }
  const { key, value, window, badness } = firing;
  const { metric, groupBy } = rule;
  const measured = { key, value, window, badness, metric, groupBy, unit: describeMetric(metric).unit };
  return { ...measured, ...topStep(firing), breakdown, unpriced, onset: null, unexplained };
}

function topParts(
  rule: Rule,
  parts: readonly { readonly key: string | null; readonly cell: Cell }[],
): BreakdownPart[] {
  const { additive } = describeMetric(rule.metric);
  const measure = drivingMeasure(rule.metric, rule.errors);
  return parts
    .flatMap(({ key, cell }) => {
      const value = sampleOf(rule.metric, rule.errors, cell);
      if (value === null) return [];
      // Parts of a sum rank by their share; parts of a ratio rank by its numerator.
      const drive = additive ? value.fixed : (cell.sums[measure] ?? cell.sums.calls ?? 0n);
      const lacking = unpricedIn(rule, cell);
      return [{ part: { key, value, ...(lacking > 0 && { unpriced: lacking }) }, drive }];
    })
    .sort((a, b) => (a.drive === b.drive ? compareKeys(a.part.key, b.part.key) : a.drive > b.drive ? -1 : 1))
    .slice(0, PARTS)
    .map(({ part }) => part);
}

function unpricedOf(
  rule: Rule,
  parts: readonly { readonly cell: Cell }[],
  byModel: boolean,
): Unpriced | null {
  const counts = parts.map(({ cell }) => unpricedIn(rule, cell)).filter((count) => count > 0);
  if (counts.length === 0) return null;
  return { calls: counts.reduce((sum, count) => sum + count, 0), models: byModel ? counts.length : null };
}

/** How many calls of a cell have no price. */
function unpricedIn(rule: Rule, { sums }: Cell): number {
  const measure = unpricedMeasure(rule.metric, rule.errors);
  return measure === null ? 0 : Number((sums[measure] ?? 0n) / ONE);
}

/** The rule's filter, narrowed to these groups where they are few enough to name. */
export function narrowedWhere(rule: Rule, keys: readonly GroupKey[]): Where {
  if (keys.length > FILTERED_GROUPS) return rule.where;
  const named = rule.groupBy.map((dimension, i) => [
    dimension,
    { in: distinct(keys.map((key) => key[i] ?? null)) },
  ]);
  return { ...rule.where, ...Object.fromEntries(named) };
}

/** Parts by finding. The first `width` members of a key are the finding's group; the next one is the part. */
function indexOf(query: Query, series: Series, width: number): PartIndex {
  const index = new Map<string, { key: string | null; cell: Cell }[]>();
  for (const [group, key] of series.keys.entries()) {
    query.windows.forEach((window, i) => {
      const cell = series.cell(group, i);
      if (cell === null) return;
      const id = findingKey(window, key.slice(0, width));
      const part = { key: key[width] ?? null, cell };
      const parts = index.get(id);
      if (parts === undefined) index.set(id, [part]);
      else parts.push(part);
    });
  }
  return index;
}

function distinctWindows(firing: readonly Firing[]): Window[] {
  return [...new Map(firing.map(({ window }) => [`${window.from}/${window.to}`, window])).values()];
}

function findingKey(window: Window, key: GroupKey): string {
  return `${window.from}/${window.to}/${JSON.stringify(key)}`;
}

function distinct<T>(values: readonly T[]): T[] {
  return [...new Set(values)];
}

function compareKeys(a: string | null, b: string | null): number {
  return (a ?? '') < (b ?? '') ? -1 : 1;
}
