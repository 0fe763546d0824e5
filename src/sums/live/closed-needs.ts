// Which closed hours and days some queries need (pure).

import { smallestOf } from '../../model/extremes.ts';
import { isSketch, type Measure } from '../../model/measure.ts';
import { type Query, spanOfHours } from '../../model/series.ts';
import type { Window } from '../../model/window.ts';
import { unionOf } from '../direct/plan.ts';
import type { Bucket } from '../series/buckets.ts';
import { DAY, dayOf, HOUR, hourOf, type Length } from '../series/grid.ts';
import { memberOf } from '../series/member.ts';
import { type AggregatePlan, aggregateNamesOf } from './aggregate-plan.ts';
import { closedBuckets, type LiveAggregate } from './live-aggregate.ts';
import { wholeHours } from './window-edges.ts';

/** The closed buckets that queries need of an aggregate. */
export interface ClosedNeeds {
  /** Two needs of an aggregate with the same name are the same: the same buckets with the same measures. */
  readonly name: string;
  /** The whole hours within the windows, ascending and disjoint. */
  readonly spans: readonly Window[];
  /** The beginning of the hour in which the oldest window begins, ms. Older buckets need not be kept. */
  readonly oldest: number;
  /** Whether the hours of a day are needed; of other days the day alone. */
  isHourly(day: number): boolean;
  /** Which measures are needed of a bucket: those of short windows are not read of the distant past. */
  measuresOf(length: Length, begin: number): readonly Measure[];
}

/** Younger hours stay hours: most late rows arrive here, and each reconcile reads them. */
const RECENT_MS = 2 * DAY;

/**
 * By aggregate: the whole hours that windows hold now or will hold `aheadMs` from now, so that they are there before the first
 * poll asks for them. The hours of a day are needed where a window begins or ends within it, now or then. (Windows that do
 * not move are taken to move too.)
 */
export function closedNeeds(
  queries: readonly Query[],
  { uses }: AggregatePlan,
  aggregates: ReadonlyMap<string, LiveAggregate>,
  at: number,
  aheadMs: number,
): Map<LiveAggregate, ClosedNeeds> {
  const asked = new Map<LiveAggregate, Asked>();
  for (const [i, { measures, windows, hours: asOfHours }] of queries.entries()) {
    const hours = asOfHours === undefined ? undefined : spanOfHours(asOfHours);
    let from = hours?.from ?? Number.POSITIVE_INFINITY;
    for (const window of windows) from = Math.min(from, window.from);
    for (const name of aggregateNamesOf(uses[i])) {
      const aggregate = aggregates.get(name) as LiveAggregate;
      const needed = memberOf(asked, aggregate, () => ({ windows: [], hours: [], reach: new Map() }));
      needed.windows.push(windows);
      if (hours !== undefined) needed.hours.push(hours);
      const sums = aggregate.sketch === null ? measures.filter((measure) => !isSketch(measure)) : [];
      for (const measure of ['calls' as const, ...sums]) {
        needed.reach.set(measure, Math.min(from, needed.reach.get(measure) ?? from));
      }
    }
  }
  return new Map(
    [...asked].map(([aggregate, needed]) => [aggregate, needsOf(aggregate, needed, at, aheadMs)]),
  );
}

/** What is asked of an aggregate: windows by query, and how far back each measure is needed. */
interface Asked {
  readonly windows: (readonly Window[])[];
  /** Spans whose hours are asked for one by one. */
  readonly hours: Window[];
  readonly reach: Map<Measure, number>;
}

function needsOf(
  aggregate: LiveAggregate,
  { windows, hours, reach }: Asked,
  at: number,
  aheadMs: number,
): ClosedNeeds {
  // Worked out when it is first asked for: a steady poll asks for the measures alone.
  let known: ClosedSpans | null = null;
  const closed = (): ClosedSpans => {
    known ??= closedSpans(windows.flat(), hours, aheadMs);
    return known;
  };
  return {
    get name() {
      const reaches = [...reach].map(([measure, from]) => [measure, hourOf(from)]);
      return JSON.stringify([closed().spans, [...closed().cutDays], dayOf(at - RECENT_MS), reaches]);
    },
    get spans() {
      return closed().spans;
    },
    oldest: hourOf(smallestOf(reach.values())),
    isHourly: (day) => day + DAY > at - RECENT_MS || closed().cutDays.has(day),
    measuresOf: (length, begin) =>
      aggregate.measures.filter(
        (measure) => begin + length > (reach.get(measure) ?? Number.POSITIVE_INFINITY),
      ),
  };
}

/** The whole hours within windows, and the days whose hours are needed: one begins or ends within it, or they are asked for. */
interface ClosedSpans {
  readonly spans: readonly Window[];
  readonly cutDays: ReadonlySet<number>;
}

function closedSpans(windows: readonly Window[], hours: readonly Window[], aheadMs: number): ClosedSpans {
  const cutDays = new Set<number>();
  const spans: Window[] = [];
  for (const { from, to } of windows) {
    for (const ms of [0, aheadMs]) {
      const whole = wholeHours({ from: from + ms, to: to + ms });
      if (whole.from >= whole.to) continue;
      spans.push(whole);
      for (const edge of [whole.from, whole.to]) if (edge !== dayOf(edge)) cutDays.add(dayOf(edge));
    }
  }
  for (const { from, to } of hours) {
    const end = hourOf(to + aheadMs);
    spans.push({ from, to: end });
    for (let day = dayOf(from); day < end; day += DAY) cutDays.add(day);
  }
  return { spans: unionOf(spans), cutDays };
}

/** Closed buckets that are to be read, by their beginnings. */
export interface MissingBuckets {
  readonly hours: ReadonlySet<number>;
  readonly days: ReadonlySet<number>;
}

/** What an aggregate lacks of what is needed before `closedTo`. */
export function missingBuckets(
  aggregate: LiveAggregate,
  needs: ClosedNeeds,
  closedTo: number,
): MissingBuckets {
  const hours = new Set<number>();
  const days = new Set<number>();
  for (const span of needs.spans) {
    const end = Math.min(span.to, closedTo);
    for (let day = dayOf(span.from); day < end; day += DAY) {
      const from = Math.max(day, span.from);
      const to = Math.min(day + DAY, end);
      const missing: number[] = [];
      const isWhole = to - from === DAY && !needs.isHourly(day);
      if (isWhole && !isMissing(aggregate, needs, DAY, day)) continue;
      for (let hour = from; hour < to; hour += HOUR)
        if (isMissing(aggregate, needs, HOUR, hour)) missing.push(hour);
      if (!isWhole) for (const hour of missing) hours.add(hour);
      // A day whose hours are all there is made of them later, by `compact`.
      else if (missing.length > 0) days.add(day);
    }
  }
  return { hours, days };
}

/** Whether a closed bucket is not there, or lacks a measure that is needed of it. */
export function isMissing(
  aggregate: LiveAggregate,
  needs: ClosedNeeds,
  length: Length,
  begin: number,
): boolean {
  const bucket = closedBuckets(aggregate, length).get(begin);
  if (bucket === undefined) return true;
  return bucket.lacks.length > 0 && lacksNeeded(aggregate, bucket, needs.measuresOf(length, begin));
}

/** Whether buckets of an aggregate lack one of some measures. */
export function lacksNeeded(
  aggregate: LiveAggregate,
  { lacks }: Pick<Bucket, 'lacks'>,
  needed: readonly Measure[],
): boolean {
  return needed.some((measure) => lacks.includes(aggregate.measures.indexOf(measure)));
}
