// One aggregate to be read in place of several (pure).

import type { Aggregate } from '../../model/aggregate.ts';

/** An aggregate that is wanted, and how many groups are known of it. */
export interface WantedAggregate {
  readonly aggregate: Aggregate;
  readonly groups: number;
}

/** Above this a finer aggregate could have as many sums as there are rows. */
const FEW_GROUPS = 500;

/**
 * The one aggregate of which all of these are sums, where it has few groups: a store groups by it alone in two thirds of the
 * time that it takes to group the same rows once for each of them. Null where they are better read as they are.
 */
export function finerAggregate(wanted: readonly WantedAggregate[]): Aggregate | null {
  if (wanted.length < 2 || wanted.some(({ aggregate }) => aggregate.sketch !== null)) return null;
  const most = wanted.reduce((product, { groups }) => product * Math.max(1, groups), 1);
  if (most > FEW_GROUPS) return null;
  const aggregates = wanted.map(({ aggregate }) => aggregate);
  return {
    dimensions: [...new Set(aggregates.flatMap(({ dimensions }) => dimensions))].sort(),
    measures: [...new Set(aggregates.flatMap(({ measures }) => measures))].sort(),
    sketch: null,
  };
}
