// Compares closed buckets with the store, and takes over those that differ.

import type { Measure } from '../../model/measure.ts';
import type { Window } from '../../model/window.ts';
import type { AuditStore } from '../../stores/audit-store.ts';
import type { Bucket } from '../series/buckets.ts';
import { isEqual } from '../series/exact.ts';
import { hourOf, LENGTHS, type Length } from '../series/grid.ts';
import type { Column, Layout } from '../series/layout.ts';
import { prefetchEdges } from './backfill.ts';
import {
  closedBucket,
  closedBuckets,
  type LiveAggregate,
  openLiveAggregate,
  setClosed,
} from './live-aggregate.ts';
import { readClosed } from './read-buckets.ts';
import { persist } from './refresh.ts';
import { type LiveState, measuresFor } from './state.ts';

/** Compares closed buckets that begin within [from, to) with the store, and takes over those that differ; returns how many did. */
export async function reconcile(state: LiveState, from: number, to: number): Promise<number> {
  const { store, aggregates, kept, closedTo } = state;
  if (closedTo === null) return 0;
  forgetMinutes(state, from, to);
  const span = { from: hourOf(from), to: Math.min(to, closedTo) };
  const measuresOf = (aggregate: LiveAggregate, length: Length, newest: number) =>
    measuresFor(state, length)(aggregate, newest);
  const differing = await takeOverChanges(store, [...aggregates.values()], span, measuresOf, kept.note);
  if (differing > 0) await persist(state);
  await prefetchEdges(state, () => false);
  return differing;
}

/** Hours by the minute are not compared, as a row can move within its hour: they are read again. */
function forgetMinutes(state: LiveState, from: number, to: number): void {
  if (to > (state.closedTo ?? 0)) state.rereadsOpen = true;
  for (const aggregate of state.aggregates.values()) {
    for (const hour of aggregate.minutes.keys())
      if (hour >= hourOf(from) && hour < to) aggregate.minutes.delete(hour);
  }
}

/**
 * Reads hours and days that begin within a span anew and takes over those that differ, for each of which `changed` is called;
 * returns how many did.
 */
async function takeOverChanges(
  store: AuditStore,
  aggregates: readonly LiveAggregate[],
  { from, to }: Window,
  measuresOf: (aggregate: LiveAggregate, length: Length, newest: number) => readonly Measure[],
  changed: (aggregate: LiveAggregate, length: Length, begin: number) => void,
): Promise<number> {
  // All aggregates are compared: a row that went from one group to another leaves the sums of all rows as they were.
  const originals = new Map(
    aggregates.map((aggregate) => [{ ...openLiveAggregate(aggregate), groups: aggregate.groups }, aggregate]),
  );
  await store.snapshot(async (snapshot) => {
    for (const length of LENGTHS) {
      const wanted = [...originals].map(([fresh, aggregate]) => {
        const begins = [...closedBuckets(aggregate, length).keys()];
        return [fresh, new Set(begins.filter((begin) => begin >= from && begin < to))] as const;
      });
      await readClosed(snapshot, length, new Map(wanted), (fresh, newest) =>
        measuresOf(originals.get(fresh) as LiveAggregate, length, newest),
      );
    }
  });
  let differing = 0;
  for (const [fresh, aggregate] of originals) {
    for (const length of LENGTHS) {
      for (const begin of closedBuckets(fresh, length).keys()) {
        const now = closedBucket(fresh, length, begin) as Bucket;
        const before = closedBucket(aggregate, length, begin);
        if (before !== null && isSame(before, now, aggregate.layout)) continue;
        setClosed(aggregate, length, begin, now);
        changed(aggregate, length, begin);
        differing += 1;
      }
    }
  }
  return differing;
}

/** Whether two readings of an aggregate's bucket have the same sums in the same groups, as far as both know the measures. */
function isSame(a: Bucket, b: Bucket, { columns, width }: Layout): boolean {
  if (a.groups.length !== b.groups.length) return false;
  const compared = columns.filter((_, place) => !a.lacks.includes(place) && !b.lacks.includes(place));
  const rowOf = new Map([...a.groups].map((group, row) => [group, row]));
  for (let i = 0; i < b.groups.length; i += 1) {
    const row = rowOf.get(b.groups[i] as number);
    if (row === undefined) return false;
    if (!compared.every((column) => isSameSum(a.values, row * width, b.values, i * width, column)))
      return false;
  }
  return true;
}

function isSameSum(
  a: Float64Array,
  atA: number,
  b: Float64Array,
  atB: number,
  { units, parts }: Column,
): boolean {
  const [partsA, partsB] = parts === null ? [0, 0] : [a[atA + parts] as number, b[atB + parts] as number];
  return isEqual(a[atA + units] as number, partsA, b[atB + units] as number, partsB);
}
