// Explains findings: what drives them, which calls lack a price, and how they compare with earlier windows.

import { AppError, asAppError } from '../model/errors.ts';
import {
  type BreakdownPart,
  type Finding,
  type Firing,
  type Others,
  topStep,
  type Unexplained,
  type Unpriced,
} from '../model/finding.ts';
import { type Sample, sampleOf } from '../model/metric-value.ts';
import { describeQuantity, quantityOf } from '../model/quantity.ts';
import type { Rule } from '../model/rule.ts';
import type { Dimension, Query, Series } from '../model/series.ts';
import type { GroupSplit } from '../model/spend-split.ts';
import type { Window } from '../model/window.ts';
import { ruleTypeOf } from '../rules/index.ts';
import { type Askable, ask } from './ask.ts';
import { breakdownOf, type KeyedCell, unpricedOf } from './breakdown.ts';
import { type Explained, findingKey, type Question, questionsOf } from './questions.ts';
import { splitsOf } from './spend-split.ts';

/** What the findings are explained with. */
export interface Surroundings {
  /** The dimensions that the store's mapping has. */
  readonly dimensions: ReadonlySet<Dimension>;
  /** An IANA name. */
  readonly zone: string;
  /** Whether calls can be priced from a list; absent for no. */
  readonly hasPrices?: boolean;
}

/**
 * Reads what drives each finding: the top parts by every further dimension that the store has, the calls without a price,
 * the same window on earlier days, and what a change in spend is made of. These are asked only for groups that fire, so that a
 * quiet poll costs nothing more, and the store is read only where kept sums cannot answer. If an answer fails or takes too long, the finding goes out
 * without it: an alert must not wait for its explanation. A finding that cannot be described fails its rule alone. Never
 * rejects.
 */
export async function explain(
  source: Askable,
  { dimensions, zone, hasPrices }: Surroundings,
  wanted: readonly Explained[],
  before: number,
): Promise<(Finding[] | AppError)[]> {
  const plans = questionsOf(wanted, dimensions, zone, hasPrices);
  const answerTo = await answersTo(source, plans.flat(), before);
  return wanted.map(({ rule, firing }, i) =>
    orFault(() => {
      const details = new Map<Firing, Series>();
      let splits: ReadonlyMap<Firing, GroupSplit> = new Map();
      const answered = (plans[i] ?? []).flatMap((question): Answered[] => {
        const answer = answerTo.get(question) as Series | AppError;
        if (question.asks === 'detail') {
          if (!(answer instanceof AppError)) for (const one of question.of) details.set(one, answer);
          return [];
        }
        if (question.asks === 'split') {
          if (!(answer instanceof AppError))
            splits = splitsOf(rule, question.of, zone, question.query, answer);
          return [];
        }
        const index =
          answer instanceof AppError ? answer : indexOf(question.query, answer, rule.groupBy.length);
        return [{ question, index }];
      });
      const type = ruleTypeOf(rule);
      return firing.map((one) => ({
        ...findingOf(rule, one, answered),
        split: splits.get(one) ?? null,
        description: type.describe(rule, one, details.get(one) ?? null),
      }));
    }),
  );
}

/**
 * What drives an alert matters most, so it is asked first, and never in one read with the past, which may be slow or away.
 */
async function answersTo(
  source: Askable,
  questions: readonly Question[],
  before: number,
): Promise<ReadonlyMap<Question, Series | AppError>> {
  const isOfPast = ({ asks }: Question): boolean => asks === 'earlier' || asks === 'split';
  const parts = [questions.filter((one) => !isOfPast(one)), questions.filter(isOfPast)];
  const answers = await Promise.all(
    parts.map((asked) =>
      ask(
        source,
        asked.map(({ query }) => query),
        before,
      ),
    ),
  );
  return new Map(
    parts.flatMap((asked, p) => asked.map((one, i) => [one, answers[p]?.[i] as Series | AppError])),
  );
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

interface Answered {
  readonly question: Exclude<Question, { asks: 'detail' | 'split' }>;
  /** Parts by finding (window and group), or the error. */
  readonly index: PartIndex | AppError;
}

type PartIndex = ReadonlyMap<string, readonly KeyedCell[]>;

function orFault<T>(work: () => T): T | AppError {
  try {
    return work();
  } catch (error) {
    return asAppError(error, 'rule_failed');
  }
}

function findingOf(rule: Rule, firing: Firing, answered: readonly Answered[]): Omit<Finding, 'description'> {
  const breakdown: Record<Dimension, readonly BreakdownPart[]> = {};
  const others: Record<Dimension, Others> = {};
  const earlier: { [days: number]: Sample | null } = {};
  let unpriced: Unpriced | null = null;
  let estimatedShare = 0;
  const unexplained: Unexplained[] = [];
  for (const { question, index } of answered) {
    if (question.asks === 'earlier') {
      if (!(index instanceof AppError)) earlier[question.days] = earlierValue(rule, firing, question, index);
      continue;
    }
    if (question.asks === 'listed') {
      if (!(index instanceof AppError)) estimatedShare = listedShare(firing, index);
      continue;
    }
    const dimension = question.asks === 'breakdown' ? question.dimension : null;
    if (index instanceof AppError) {
      unexplained.push({ dimension, isLate: index.code === 'store_timeout' });
      continue;
    }
    const cells = index.get(findingKey(firing.window, firing.key)) ?? [];
    if (question.asks === 'unpriced') unpriced = unpricedOf(rule, cells, question.byModel);
    else {
      const { parts, others: rest } = breakdownOf(rule, cells);
      breakdown[question.dimension] = parts;
      if (rest !== null) others[question.dimension] = rest;
    }
  }
  const { key, variant, value, window, badness } = firing;
  const { metric, groupBy, quantity } = rule;
  const { unit } = describeQuantity(quantityOf(rule));
  const measured = {
    ...{ key, value, window, badness, metric, groupBy, unit },
    ...(quantity !== undefined && { quantity }),
  };
  const before = { yesterday: earlier[1] ?? null, weekAgo: earlier[7] ?? null };
  return {
    ...measured,
    ...(variant !== undefined && { variant }),
    ...topStep(firing),
    breakdown,
    others,
    ...before,
    unpriced,
    ...(estimatedShare > 0 && { estimatedShare }),
    split: null,
    onset: null,
    unexplained,
  };
}

/** The part of the cost that is by the price list, from 0 to 1. */
function listedShare({ window, key }: Firing, index: PartIndex): number {
  const sums = index.get(findingKey(window, key))?.[0]?.cell.sums;
  const [listed, cost] = [Number(sums?.listed_cost ?? 0n), Number(sums?.cost ?? 0n)];
  return cost > 0 ? Math.max(0, Math.min(1, listed / cost)) : 0;
}

/** The value of the finding's window on an earlier day; a sum without rows is 0. */
function earlierValue(
  rule: Rule,
  { window, key }: Firing,
  { of, query }: Extract<Question, { asks: 'earlier' }>,
  index: PartIndex,
): Sample | null {
  const place = of.findIndex(({ from, to }) => from === window.from && to === window.to);
  const [only] = index.get(findingKey(query.windows[place] as Window, key)) ?? [];
  return sampleOf(rule.metric, rule.errors, only?.cell ?? null);
}

/** Parts by finding. The first `width` members of a key are the finding's group; the next one is the part. */
function indexOf(query: Query, series: Series, width: number): PartIndex {
  const index = new Map<string, KeyedCell[]>();
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
