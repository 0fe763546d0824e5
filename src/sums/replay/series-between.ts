// Two ends of each window -> the answer to a query.

import { isSketch, type Measure } from '../../model/measure.ts';
import type { Fixed } from '../../model/money.ts';
import type { Cell, GroupKey, Series } from '../../model/series.ts';
import { quantileOf, type Sketch, sketchOf } from '../../model/sketch.ts';
import type { BucketGroups } from '../series/call-groups.ts';
import { estimateOf, type Layout, type Place } from '../series/layout.ts';
import { fixedOf } from '../series/packed-cells.ts';
import { type RunningTotals, totalAt } from './prefix-sums.ts';

/** The totals at both ends of a window. */
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

/**
 * The answer to a query at one instant after the other: what lies between the two ends of each of its windows. What it
 * says holds until the ends move on.
 */
export class SeriesBetween implements Series {
  readonly #additive: readonly Measure[];
  readonly #layout: Layout;
  readonly #spans: readonly Span[];
  readonly #sketches: readonly CountedSketch[];
  readonly #calls: number;
  #allKeys: readonly GroupKey[] = [];
  #groups: Int32Array = new Int32Array(0);
  /** By window and by measures. */
  readonly #buffers: WeakMap<readonly Measure[], Float64Array>[] = [];
  /** Made when they are asked for: of thousands of users, most are never told apart. */
  #keys: readonly GroupKey[] | null = [];
  /** Where the measure stands that was asked for last: it is asked for many times over. */
  #latest: Measure = 'calls';
  #place: Place;

  constructor(
    measures: readonly Measure[],
    layout: Layout,
    spans: readonly Span[],
    sketches: readonly CountedSketch[],
  ) {
    this.#additive = measures.filter((measure) => !isSketch(measure));
    this.#layout = layout;
    this.#spans = spans;
    this.#sketches = sketches;
    this.#place = layout.places.get('calls') as Place;
    this.#calls = this.#place.units;
  }

  /** The ends stand elsewhere: finds those of all groups that have a row in one of the windows. */
  moved(allKeys: readonly GroupKey[]): void {
    const { width } = this.#layout;
    const groups = groupsBetween(
      this.#spans,
      { width, calls: this.#calls, all: allKeys.length },
      this.#groups,
    );
    if (groups === this.#groups) return;
    this.#allKeys = allKeys;
    this.#groups = groups;
    this.#keys = null;
  }

  get keys(): readonly GroupKey[] {
    this.#keys ??= Array.from(this.#groups, (group) => this.#allKeys[group] as GroupKey);
    return this.#keys;
  }

  has(group: number, window: number): boolean {
    return differenceAt(this.#spans[window] as Span, this.#at(group) + this.#calls) !== 0;
  }

  cell(group: number, window: number): Cell | null {
    if (!this.has(group, window)) return null;
    const sumsOf = () => this.#sumsOf(group, window);
    const sketchesOf = () => this.#sketchesOf(group, window);
    // A percentile is told from its sketch alone, and exact sums would cost more than it does.
    return {
      get sums() {
        return sumsOf();
      },
      get sketches() {
        return sketchesOf();
      },
    };
  }

  estimate(group: number, window: number, measure: Measure): number {
    const { units, parts } = this.#placeOf(measure);
    const span = this.#spans[window] as Span;
    const at = this.#at(group);
    const whole = differenceAt(span, at + units);
    return parts === null ? whole : estimateOf(whole, differenceAt(span, at + parts));
  }

  estimates(window: number, measures: readonly Measure[]): Float64Array {
    const sums = this.#buffer(window, measures);
    const span = this.#spans[window] as Span;
    let isFirst = true;
    for (const measure of measures) {
      addEstimates(isFirst, sums, span, this.#groups, this.#layout.width, this.#placeOf(measure));
      isFirst = false;
    }
    return sums;
  }

  /** A number for each group: the same memory at every instant, as to be given more costs as much as to fill it. */
  #buffer(window: number, measures: readonly Measure[]): Float64Array {
    const { length } = this.#groups;
    let buffers = this.#buffers[window];
    if (buffers === undefined) {
      buffers = new WeakMap();
      this.#buffers[window] = buffers;
    }
    let buffer = buffers.get(measures);
    if (buffer === undefined || buffer.length < length) {
      buffer = new Float64Array(this.#allKeys.length);
      buffers.set(measures, buffer);
    }
    return buffer.length === length ? buffer : buffer.subarray(0, length);
  }

  quantile(group: number, window: number, measure: Measure, q: number): number | null {
    const sketch = this.#sketches.find((one) => one.measure === measure);
    if (sketch === undefined) return null;
    const { buckets, ids } = sketch.buckets.ofGroup(this.#numberOf(group));
    return quantileOf(buckets, countsBetween(sketch.spans[window] as Span, ids), q);
  }

  #numberOf(group: number): number {
    return this.#groups[group] as number;
  }

  #at(group: number): number {
    return this.#numberOf(group) * this.#layout.width;
  }

  #placeOf(measure: Measure): Place {
    if (measure !== this.#latest) {
      this.#latest = measure;
      this.#place = this.#layout.places.get(measure) as Place;
    }
    return this.#place;
  }

  #sumsOf(group: number, window: number): Cell['sums'] {
    const span = this.#spans[window] as Span;
    const at = this.#at(group);
    const between = (offset: number | null): number =>
      offset === null ? 0 : differenceAt(span, at + offset);
    const sums: Partial<Record<Measure, Fixed>> = {};
    for (const measure of this.#additive) {
      const { units, parts } = this.#layout.places.get(measure) as Place;
      sums[measure] = fixedOf(between(units), between(parts));
    }
    return sums;
  }

  #sketchesOf(group: number, window: number): Cell['sketches'] {
    const own: Partial<Record<Measure, Sketch>> = {};
    for (const { measure, buckets: byGroup, spans } of this.#sketches) {
      const { buckets, ids } = byGroup.ofGroup(this.#numberOf(group));
      own[measure] = sketchOf(buckets, countsBetween(spans[window] as Span, ids));
    }
    return own;
  }
}

function differenceAt({ since, until }: Span, place: number): number {
  return totalAt(until, place) - totalAt(since, place);
}

/** The counts of some buckets. */
function countsBetween(span: Span, ids: readonly number[]): Float64Array {
  const counts = new Float64Array(ids.length);
  for (let i = 0; i < ids.length; i += 1) counts[i] = differenceAt(span, ids[i] as number);
  return counts;
}

/**
 * Adds a measure of some groups, or is the first to be there. Here and below, what stays the same is taken out of the loop
 * by hand: thousands of users are looked at, ten thousands of times.
 */
function addEstimates(
  isFirst: boolean,
  sums: Float64Array,
  { since, until }: Span,
  groups: Int32Array,
  width: number,
  { units, parts }: Place,
): void {
  const { values: early, start: earlyStart, length: earlyLength } = since;
  const { values: late, start: lateStart, length: lateLength } = until;
  const part = parts ?? units;
  for (let i = 0; i < sums.length; i += 1) {
    const at = (groups[i] as number) * width;
    const before = earlyStart + at;
    const after = lateStart + at;
    let whole = 0;
    let rest = 0;
    if (at < lateLength) {
      whole = late[after + units] as number;
      rest = late[after + part] as number;
    }
    if (at < earlyLength) {
      whole -= early[before + units] as number;
      rest -= early[before + part] as number;
    }
    const estimate = parts === null ? whole : estimateOf(whole, rest);
    sums[i] = isFirst ? estimate : (sums[i] as number) + estimate;
  }
}

/** Those of all groups that have a row in one of the windows, ascending: `recent` itself where they are the same. */
function groupsBetween(
  spans: readonly Span[],
  { width, calls, all }: { readonly width: number; readonly calls: number; readonly all: number },
  recent: Int32Array,
): Int32Array {
  const { since, until } = spans[0] as Span;
  const { values: early, start: earlyStart, length: earlyLength } = since;
  const { values: late, start: lateStart, length: lateLength } = until;
  let groups: Int32Array | null = null;
  let count = 0;
  for (let group = 0, place = calls; group < all; group += 1, place += width) {
    const before = place < earlyLength ? (early[earlyStart + place] as number) : 0;
    const after = place < lateLength ? (late[lateStart + place] as number) : 0;
    if (before === after && !hasRow(spans, place)) continue;
    if (groups === null && recent[count] !== group) {
      groups = new Int32Array(all);
      groups.set(recent.subarray(0, count));
    }
    if (groups !== null) groups[count] = group;
    count += 1;
  }
  const found = groups ?? recent;
  return found.length === count ? found : found.slice(0, count);
}

function hasRow(spans: readonly Span[], place: number): boolean {
  for (let i = 0; i < spans.length; i += 1) if (differenceAt(spans[i] as Span, place) !== 0) return true;
  return false;
}
