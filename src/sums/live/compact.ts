// Merges closed hours into days, and drops what no query needs.

import type { Measure } from '../../model/measure.ts';
import type { Bucket } from '../series/buckets.ts';
import { DAY, dayOf, HOUR, hoursBetween, LENGTHS, type Length } from '../series/grid.ts';
import { type ClosedNeeds, isMissing } from './closed-needs.ts';
import {
  closedBucket,
  closedBuckets,
  dropClosed,
  type LiveAggregate,
  mergeHours,
  setClosed,
} from './live-aggregate.ts';

/**
 * Merges the hours of days that no window's edge falls into, and drops buckets older than all windows. `changed` is called
 * for every bucket that was made or dropped.
 */
export function compact(
  aggregate: LiveAggregate,
  needs: ClosedNeeds,
  closedTo: number,
  changed: (length: Length, begin: number) => void,
): void {
  const drop = (length: Length, begin: number): void => {
    dropClosed(aggregate, length, begin);
    changed(length, begin);
  };
  for (const day of [...aggregate.days.keys()]) if (day < needs.oldest) drop(DAY, day);
  for (const hour of [...aggregate.hours.keys()]) if (hour < needs.oldest) drop(HOUR, hour);
  // When the hours of a day are needed again and there, the day is dropped, so that there is one truth of it.
  for (const day of [...aggregate.days.keys()]) {
    const isThere = (hour: number): boolean => !isMissing(aggregate, needs, HOUR, hour);
    if (needs.isHourly(day) && hoursBetween(day, day + DAY).every(isThere)) drop(DAY, day);
  }
  const mergeable = new Set([...aggregate.hours.keys()].map(dayOf).filter((day) => !needs.isHourly(day)));
  for (const day of mergeable) {
    if (day + DAY > closedTo) continue;
    if (isMissing(aggregate, needs, DAY, day)) {
      // A day without all of its hours is read from the store; the hours that are there serve until then.
      if (!mergeHours(aggregate, day)) continue;
      changed(DAY, day);
    }
    for (const hour of hoursBetween(day, day + DAY)) if (aggregate.hours.has(hour)) drop(HOUR, hour);
  }
  for (const length of LENGTHS) {
    for (const [begin, kept] of closedBuckets(aggregate, length)) {
      const lacks = new Set([...kept.lacks, ...unneeded(aggregate, needs.measuresOf(length, begin))]);
      if (lacks.size === kept.lacks.length) continue;
      const bucket = closedBucket(aggregate, length, begin) as Bucket;
      setClosed(aggregate, length, begin, { ...bucket, lacks: [...lacks] });
      changed(length, begin);
    }
  }
}

/** Places of the measures that no query needs of buckets so old: they are neither read nor compared there. */
function unneeded({ measures }: LiveAggregate, needed: readonly Measure[]): number[] {
  return measures.flatMap((measure, place) => (needed.includes(measure) ? [] : [place]));
}
