import { isSketch, type Measure } from '../model/measure.ts';
import { type Fixed, ONE } from '../model/money.ts';
import type { Cell, GroupKey, Query, Series } from '../model/series.ts';
import type { Sketch } from '../model/sketch.ts';
import type { BucketGroups } from './call-groups.ts';
import { fixedOf } from './packed-cells.ts';
import type { RunningTotals } from './running-sums.ts';

/** The totals at both ends of a window. */
export interface Span {
  readonly since: RunningTotals;
  readonly until: RunningTotals;
}

interface Tabled {
  readonly groups: { readonly keys: readonly GroupKey[] };
  readonly measures: readonly Measure[];
}

/** A sketch's counts by bucket, over the same windows. */
interface CountedSketch {
  readonly measure: Measure;
  readonly buckets: BucketGroups;
  readonly spans: readonly Span[];
}

/** The answer to a query: what lies between the two ends of each of its windows. It holds as long as the totals do. */
export function seriesBetween(
  { measures: asked }: Query,
  { groups: { keys: allKeys }, measures }: Tabled,
  spans: readonly Span[],
  sketches: readonly CountedSketch[],
): Series {
  const calls = measures.indexOf('calls');
  const groups = groupsWithRows(spans, calls, allKeys.length);
  const placeOf = new Map(measures.map((measure, place) => [measure, place]));
  const additive = asked.filter((measure) => !isSketch(measure));
  let latest: Measure = 'calls';
  let latestPlace = calls;
  const has = (group: number, window: number): boolean =>
    between(spans[window] as Span, calls, groups[group] as number).units > 0;
  return {
    keys: groups.map((group) => allKeys[group] as GroupKey),
    has,
    cell(group, window): Cell | null {
      if (!has(group, window)) return null;
      const own = groups[group] as number;
      const sums: Partial<Record<Measure, Fixed>> = {};
      for (const measure of additive) {
        const { units, parts } = between(spans[window] as Span, placeOf.get(measure) as number, own);
        sums[measure] = fixedOf(units, parts);
      }
      const sketched: Partial<Record<Measure, Sketch>> = {};
      for (const { measure, buckets, spans: counts } of sketches) {
        sketched[measure] = sketchBetween(counts[window] as Span, buckets, own);
      }
      return { sums, sketches: sketched };
    },
    estimate(group, window, measure) {
      if (measure !== latest) {
        latest = measure;
        latestPlace = placeOf.get(measure) as number;
      }
      const { since, until } = spans[window] as Span;
      const own = groups[group] as number;
      const units =
        ((until.units[latestPlace] as Float64Array)[own] as number) -
        ((since.units[latestPlace] as Float64Array)[own] as number);
      const late = until.parts[latestPlace] as Float64Array | null;
      const early = since.parts[latestPlace] as Float64Array | null;
      if (late === null && early === null) return units;
      const parts =
        (late === null ? 0 : (late[own] as number)) - (early === null ? 0 : (early[own] as number));
      // In parts, as units and parts may have different signs and nearly meet.
      return (units * UNIT + parts) / UNIT;
    },
  };
}

const UNIT = Number(ONE);

/** The groups that have a row in one of the windows. */
function groupsWithRows(spans: readonly Span[], calls: number, count: number): number[] {
  const groups: number[] = [];
  for (let group = 0; group < count; group += 1) {
    for (const { since, until } of spans) {
      const from = since.units[calls] as Float64Array;
      if ((from[group] as number) === ((until.units[calls] as Float64Array)[group] as number)) continue;
      groups.push(group);
      break;
    }
  }
  return groups;
}

function between({ since, until }: Span, place: number, group: number): { units: number; parts: number } {
  const late = until.parts[place] ?? null;
  const early = since.parts[place] ?? null;
  return {
    units:
      ((until.units[place] as Float64Array)[group] as number) -
      ((since.units[place] as Float64Array)[group] as number),
    parts: (late === null ? 0 : (late[group] as number)) - (early === null ? 0 : (early[group] as number)),
  };
}

function sketchBetween({ since, until }: Span, buckets: BucketGroups, group: number): Sketch {
  const [from] = since.units;
  const [to] = until.units;
  const counts = new Map<number, number>();
  for (const { bucket, id } of buckets.ofGroup(group)) {
    const count = ((to as Float64Array)[id] as number) - ((from as Float64Array)[id] as number);
    if (count > 0) counts.set(bucket, count);
  }
  return counts;
}
