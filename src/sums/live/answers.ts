// The answers to the same queries at one refresh after another.

import { isSketch, type Measure } from '../../model/measure.ts';
import { groupingName, type Query, type Series } from '../../model/series.ts';
import { memberOf } from '../series/member.ts';
import { type AggregateUse, aggregateNamesOf, planAggregates } from './aggregate-plan.ts';
import { type AggregateView, viewOf } from './aggregate-view.ts';
import { type Answer, openAnswer } from './answer.ts';
import type { LiveAggregate } from './live-aggregate.ts';

/** Answers to the same queries at one refresh after another. */
export interface Answers {
  /** In the order asked; `uses` says which aggregates answer what, and `at` is the end of what was read. */
  to(queries: readonly Query[], uses: readonly AggregateUse[], at: number): (Series | null)[];
}

/** Queries with the same groups, filter and measures share a view. */
export function openAnswers(aggregates: ReadonlyMap<string, LiveAggregate>): Answers {
  const views = new Map<string, AggregateView>();
  /** By the place of the query: rules ask in the same order at every refresh. */
  let answers: { readonly query: Query; readonly answer: Answer }[] = [];

  const viewFor = (name: string, query: Query, measures: readonly Measure[]): AggregateView => {
    const { groupBy, where } = query;
    const id = JSON.stringify([name, groupingName(query), measures]);
    return memberOf(views, id, () => viewOf(aggregates.get(name) as LiveAggregate, groupBy, where, measures));
  };
  const open = (query: Query, use: AggregateUse): Answer => {
    const additive = query.measures.filter((measure) => !isSketch(measure));
    return openAnswer(query, {
      sums: viewFor(use.sums, query, [...new Set<Measure>(['calls', ...additive])].sort()),
      sketches: use.sketches.map(({ measure, aggregate }) => ({
        measure,
        view: viewFor(aggregate, query, ['calls']),
      })),
    });
  };

  const follow = (queries: readonly Query[], uses: readonly AggregateUse[]): void => {
    answers = queries.map((query, i) => {
      const known = answers[i];
      if (known !== undefined && isAlike(known.query, query)) return known;
      return { query, answer: open(query, uses[i] as AggregateUse) };
    });
  };

  return {
    to(queries, uses, at) {
      follow(queries, uses);
      return answers.map(({ answer }, i) => answer.to(queries[i] as Query, at));
    },
  };
}

/** Answers queries from sums that are kept for others; null where these lack a dimension, a measure or a bucket. */
export function knownFrom(
  aggregates: ReadonlyMap<string, LiveAggregate>,
  queries: readonly Query[],
  at: number,
): (Series | null)[] {
  const { uses } = planAggregates(queries);
  const places = queries.flatMap(({ measures }, place) => {
    const use = uses[place] as AggregateUse;
    const own = aggregates.get(use.sums)?.measures ?? [];
    const isThere = aggregateNamesOf(use).every((name) => aggregates.has(name));
    return isThere && measures.every((measure) => isSketch(measure) || own.includes(measure)) ? [place] : [];
  });
  const answers = openAnswers(aggregates).to(
    places.map((place) => queries[place] as Query),
    places.map((place) => uses[place] as AggregateUse),
    at,
  );
  const answerOf = new Map(places.map((place, i) => [place, answers[i] ?? null]));
  return queries.map((_, place) => answerOf.get(place) ?? null);
}

/** Whether two queries differ in nothing but where their windows lie. */
function isAlike(a: Query, b: Query): boolean {
  return (
    a.where === b.where &&
    a.groupBy === b.groupBy &&
    a.windows.length === b.windows.length &&
    (a.hours === undefined) === (b.hours === undefined) &&
    a.measures.length === b.measures.length &&
    a.measures.every((measure, i) => measure === b.measures[i])
  );
}
