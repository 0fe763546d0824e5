import { isSketch, type Measure } from '../model/measure.ts';
import type { Fixed } from '../model/money.ts';
import type { Cell, GroupKey, Query, Series } from '../model/series.ts';
import { quantileOf, type Sketch } from '../model/sketch.ts';
import type { BucketGroups } from './call-groups.ts';
import { estimateOf, type Layout, type Place } from './layout.ts';
import { fixedOf } from './packed-cells.ts';
import { type RecentGroups, sameOrNew } from './recent-groups.ts';
import type { RunningTotals } from './running-sums.ts';

/** The totals at both ends of a window; the same object from one instant to the next. */
export interface Span {
  since: RunningTotals;
  until: RunningTotals;
}

/** A sketch's counts by bucket, over the same windows. */
export interface CountedSketch {
  readonly measure: Measure;
  readonly buckets: BucketGroups;
  readonly spans: readonly Span[];
}

/** The answer to a query: what lies between the two ends of each of its windows. It holds as long as the totals do. */
export function seriesBetween(
  { measures }: Query,
  { numbers: groups, keys }: RecentGroups,
  { places, width }: Layout,
  spans: readonly Span[],
  sketches: readonly CountedSketch[],
): Series {
  const calls = (places.get('calls') as Place).units;
  const additive = measures.filter((measure) => !isSketch(measure));
  let latest: Measure = 'calls';
  let place = places.get('calls') as Place;
  const sumsBetween = ({ since, until }: Span, group: number): Cell['sums'] => {
    const at = group * width;
    const between = (offset: number | null): number =>
      offset === null ? 0 : (until.values[at + offset] as number) - (since.values[at + offset] as number);
    const sums: Partial<Record<Measure, Fixed>> = {};
    for (const measure of additive) {
      const { units, parts } = places.get(measure) as Place;
      sums[measure] = fixedOf(between(units), between(parts));
    }
    return sums;
  };
  const has = (group: number, window: number): boolean => {
    const { since, until } = spans[window] as Span;
    const at = (groups[group] as number) * width + calls;
    return since.values[at] !== until.values[at];
  };
  return {
    keys,
    has,
    cell(group, window): Cell | null {
      if (!has(group, window)) return null;
      // A percentile is told from its sketch alone, and exact sums would cost more than it does.
      return {
        get sums() {
          return sumsBetween(spans[window] as Span, groups[group] as number);
        },
        get sketches() {
          return sketchesBetween(sketches, window, groups[group] as number);
        },
      };
    },
    estimate(group, window, measure) {
      if (measure !== latest) {
        latest = measure;
        place = places.get(measure) as Place;
      }
      const {
        since: { values: early },
        until: { values: late },
      } = spans[window] as Span;
      const at = (groups[group] as number) * width;
      const units = (late[at + place.units] as number) - (early[at + place.units] as number);
      if (place.parts === null) return units;
      const parts = (late[at + place.parts] as number) - (early[at + place.parts] as number);
      return estimateOf(units, parts);
    },
    estimates: (window, measure) =>
      estimatesBetween(spans[window] as Span, groups, width, places.get(measure) as Place),
    quantile: (group, window, measure, q) => {
      const sketch = sketches.find((one) => one.measure === measure);
      if (sketch === undefined) return null;
      const { since, until } = sketch.spans[window] as Span;
      const { buckets, ids } = sketch.buckets.ofGroup(groups[group] as number);
      return quantileOf(
        ids.length,
        (i) => buckets[i] as number,
        (i) => (until.values[ids[i] as number] as number) - (since.values[ids[i] as number] as number),
        q,
      );
    },
  };
}

function estimatesBetween(
  { since: { values: early }, until: { values: late } }: Span,
  groups: Int32Array,
  width: number,
  { units, parts }: Place,
): Float64Array {
  const estimates = new Float64Array(groups.length);
  for (let i = 0; i < groups.length; i += 1) {
    const at = (groups[i] as number) * width;
    const whole = (late[at + units] as number) - (early[at + units] as number);
    estimates[i] =
      parts === null
        ? whole
        : estimateOf(whole, (late[at + parts] as number) - (early[at + parts] as number));
  }
  return estimates;
}

/** The groups that have a row in one of the windows. */
export function groupsBetween(
  spans: readonly Span[],
  { places, width }: Layout,
  allKeys: readonly GroupKey[],
  recent: RecentGroups,
): RecentGroups {
  const calls = (places.get('calls') as Place).units;
  const numbers = new Int32Array(allKeys.length);
  let count = 0;
  for (let group = 0, at = calls; group < allKeys.length; group += 1, at += width) {
    if (!hasRows(spans, at)) continue;
    numbers[count] = group;
    count += 1;
  }
  return sameOrNew(recent, numbers, count, allKeys);
}

function hasRows(spans: readonly Span[], at: number): boolean {
  for (let i = 0; i < spans.length; i += 1) {
    const { since, until } = spans[i] as Span;
    if (since.values[at] !== until.values[at]) return true;
  }
  return false;
}

function sketchesBetween(
  sketches: readonly CountedSketch[],
  window: number,
  group: number,
): Partial<Record<Measure, Sketch>> {
  const own: Partial<Record<Measure, Sketch>> = {};
  for (const { measure, buckets, spans } of sketches) {
    own[measure] = sketchBetween(spans[window] as Span, buckets, group);
  }
  return own;
}

function sketchBetween({ since, until }: Span, buckets: BucketGroups, group: number): Sketch {
  const counts = new Map<number, number>();
  const { buckets: ascending, ids } = buckets.ofGroup(group);
  for (let i = 0; i < ids.length; i += 1) {
    const id = ids[i] as number;
    const count = (until.values[id] as number) - (since.values[id] as number);
    if (count > 0) counts.set(ascending[i] as number, count);
  }
  return counts;
}
