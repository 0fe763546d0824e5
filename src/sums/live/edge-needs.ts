// The minutes and parts of hours that the edges of windows need (pure).

import type { Query } from '../../model/series.ts';
import type { Window } from '../../model/window.ts';
import { hourOf } from '../series/grid.ts';
import { memberOf } from '../series/member.ts';
import { type AggregatePlan, aggregateNamesOf } from './aggregate-plan.ts';
import type { LiveAggregate } from './live-aggregate.ts';
import { cutAtHours, partialMinutesOf, windowName } from './window-edges.ts';

/** What windows hold beside whole hours, by aggregate. */
export interface EdgeNeeds {
  /** Hours that an edge falls into, and whether they are known by the minute. */
  readonly hours: ReadonlyMap<LiveAggregate, ReadonlyMap<number, boolean>>;
  /** Those of them that are to be read by the minute, as many parts of them are needed. */
  readonly byMinute: ReadonlyMap<LiveAggregate, ReadonlySet<number>>;
  /** Parts of minutes that an edge falls into, in hours that are known by the minute. */
  readonly partialMinutes: ReadonlyMap<LiveAggregate, ReadonlyMap<string, Window>>;
  /** Parts of the other hours. */
  readonly partialHours: ReadonlyMap<LiveAggregate, ReadonlyMap<string, Window>>;
}

/** A poll needs one or two parts of an hour; one that catches up needs every minute of it. */
const MOST_PARTS = 4;

/** `at` is the end of what is read: the minute that it falls into is complete up to it. */
export function edgeNeeds(
  queries: readonly Query[],
  { uses }: AggregatePlan,
  aggregates: ReadonlyMap<string, LiveAggregate>,
  at: number,
  isKnown: (aggregate: LiveAggregate, hour: number) => boolean,
): EdgeNeeds {
  const cuts = new Map<LiveAggregate, Cuts>();
  for (let i = 0; i < queries.length; i += 1) {
    const { windows } = queries[i] as Query;
    for (const name of aggregateNamesOf(uses[i])) {
      const aggregate = aggregates.get(name) as LiveAggregate;
      const cut = memberOf(cuts, aggregate, noCuts);
      for (const window of windows) {
        const { from, to } = window;
        const { headEnd, tailBegin } = cutAtHours(window);
        if (from < headEnd) cutHour(aggregate, cut, { from, to: headEnd }, at, isKnown);
        if (tailBegin < to) cutHour(aggregate, cut, { from: tailBegin, to }, at, isKnown);
      }
    }
  }
  const hours = new Map<LiveAggregate, ReadonlyMap<number, boolean>>();
  const byMinute = new Map<LiveAggregate, ReadonlySet<number>>();
  const partialMinutes = new Map<LiveAggregate, ReadonlyMap<string, Window>>();
  const partialHours = new Map<LiveAggregate, ReadonlyMap<string, Window>>();
  for (const [aggregate, cut] of cuts) {
    const many = [...cut.unknown].filter(([, named]) => named.size > MOST_PARTS);
    const few = [...cut.unknown].filter(([, named]) => named.size <= MOST_PARTS);
    for (const [, named] of many) for (const part of named.values()) cutMinutes(cut, part, at);
    hours.set(aggregate, cut.hours);
    if (many.length > 0) byMinute.set(aggregate, new Set(many.map(([hour]) => hour)));
    if (cut.partialMinutes.size > 0) partialMinutes.set(aggregate, cut.partialMinutes);
    if (few.length > 0) partialHours.set(aggregate, new Map(few.flatMap(([, named]) => [...named])));
  }
  return { hours, byMinute, partialMinutes, partialHours };
}

/** Where edges of windows fall into the hours of an aggregate. */
interface Cuts {
  /** Whether each of them is known by the minute. */
  readonly hours: Map<number, boolean>;
  readonly partialMinutes: Map<string, Window>;
  /** Parts of the hours that are not, by hour. */
  readonly unknown: Map<number, Map<string, Window>>;
}

function noCuts(): Cuts {
  return { hours: new Map(), partialMinutes: new Map(), unknown: new Map() };
}

function cutHour(
  aggregate: LiveAggregate,
  cuts: Cuts,
  part: Window,
  at: number,
  isKnown: (aggregate: LiveAggregate, hour: number) => boolean,
): void {
  const hour = hourOf(part.from);
  let known = cuts.hours.get(hour);
  if (known === undefined) {
    known = isKnown(aggregate, hour);
    cuts.hours.set(hour, known);
  }
  if (known) cutMinutes(cuts, part, at);
  else memberOf(cuts.unknown, hour, () => new Map<string, Window>()).set(windowName(part), part);
}

function cutMinutes({ partialMinutes }: Cuts, part: Window, at: number): void {
  for (const partial of partialMinutesOf(part, at)) partialMinutes.set(windowName(partial), partial);
}
