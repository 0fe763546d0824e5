// What is read again where rows arrived late (pure).

import { DAY, dayOf, HOUR, type Length } from '../series/grid.ts';
import type { LiveAggregate } from './live-aggregate.ts';

/** What a refresh reads beside the open window, by aggregate: hours by the minute, and closed hours and days. */
export interface BucketsToRead {
  readonly byMinute: ReadonlyMap<LiveAggregate, ReadonlySet<number>>;
  readonly closed: Readonly<Record<Length, ReadonlyMap<LiveAggregate, ReadonlySet<number>>>>;
}

/**
 * All buckets that hold the hours in which rows arrived late: their minutes, the closed hour and its day. Hours before
 * `closedTo` are closed.
 */
export function bucketsToRead(
  aggregates: readonly LiveAggregate[],
  late: readonly number[],
  closedTo: number,
): BucketsToRead {
  const byMinute = new Map<LiveAggregate, Set<number>>();
  const closed = {
    [HOUR]: new Map<LiveAggregate, Set<number>>(),
    [DAY]: new Map<LiveAggregate, Set<number>>(),
  };
  for (const aggregate of aggregates) {
    const minutes = new Set(late.filter((hour) => hour >= closedTo || aggregate.minutes.has(hour)));
    byMinute.set(aggregate, minutes);
    // An hour that is read by the minute is merged from that, and not read twice.
    closed[HOUR].set(
      aggregate,
      new Set(late.filter((hour) => aggregate.hours.has(hour) && !minutes.has(hour))),
    );
    closed[DAY].set(aggregate, new Set(late.map(dayOf).filter((day) => aggregate.days.has(day))));
  }
  return { byMinute, closed };
}
