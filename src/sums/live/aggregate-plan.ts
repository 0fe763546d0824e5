// Queries -> few aggregates (pure).

import { type Aggregate, aggregateName } from '../../model/aggregate.ts';
import { isSketch, type Measure } from '../../model/measure.ts';
import type { Query } from '../../model/series.ts';

/** Which aggregate answers what of a query: its sums, and each of its sketches. */
export interface AggregateUse {
  readonly sums: string;
  readonly sketches: readonly { readonly measure: Measure; readonly aggregate: string }[];
}

export interface AggregatePlan {
  /** By name. */
  readonly aggregates: ReadonlyMap<string, Aggregate>;
  /** By query, in the order asked. */
  readonly uses: readonly AggregateUse[];
}

/**
 * The few aggregates that answer some queries: one for every combination of dimensions that is grouped or filtered by,
 * however many rules share it.
 */
export function planAggregates(queries: readonly Query[]): AggregatePlan {
  const measures = new Map<
    string,
    { dimensions: string[]; sketch: Aggregate['sketch']; measures: Set<Measure> }
  >();
  const want = (dimensions: string[], sketch: Aggregate['sketch'], wanted: readonly Measure[]): string => {
    const name = aggregateName({ dimensions, sketch });
    const known = measures.get(name) ?? { dimensions, sketch, measures: new Set<Measure>(['calls']) };
    measures.set(name, known);
    for (const measure of wanted) known.measures.add(measure);
    return name;
  };
  const uses = queries.map((query): AggregateUse => {
    const dimensions = [...new Set([...query.groupBy, ...Object.keys(query.where)])].sort();
    const sums = want(
      dimensions,
      null,
      query.measures.filter((measure) => !isSketch(measure)),
    );
    const sketches = query.measures.filter(isSketch) as NonNullable<Aggregate['sketch']>[];
    return {
      sums,
      sketches: sketches.map((sketch) => ({ measure: sketch, aggregate: want(dimensions, sketch, []) })),
    };
  });
  const aggregates = [...measures].map(
    ([name, aggregate]) => [name, { ...aggregate, measures: [...aggregate.measures].sort() }] as const,
  );
  return { aggregates: new Map(aggregates), uses };
}

/** All aggregates that a query's answer is made of. */
export function aggregateNamesOf(use: AggregateUse | undefined): string[] {
  return use === undefined ? [] : [use.sums, ...use.sketches.map(({ aggregate }) => aggregate)];
}
