// All values that a rule observed at one instant, made on demand.

import { type Observation, worstFirst } from './observation.ts';
import { ESTIMATE_MARGIN, type GroupKey } from './series.ts';

/**
 * The values that a rule observed at one instant. A rule by user observes thousands of which few are needed, so observations
 * are made on demand. Iteration goes worst first and makes only those that are taken.
 */
export interface Observed<O extends Observation = Observation> extends Iterable<O> {
  readonly length: number;
  /** All values as doubles, in no order. */
  readonly numbers: ArrayLike<number>;
  /** The lowest and the highest of them. */
  extent(): Extent;
  /** The direction in which values grow worse; null where badness does not follow the value. */
  readonly worsens: 'up' | 'down' | null;
  /** The group of the value at an index of `numbers`. */
  keyAt(place: number): GroupKey;
  /** The worst observations, worst first; all of them without `count`. */
  worst(count?: number): readonly O[];
  /** The `count` observations with the largest values, largest first. */
  largest(count: number): readonly O[];
  /** The least bad observation; undefined where nothing was observed. */
  mildest(): O | undefined;
}

/** The lowest and the highest of some numbers. Without numbers, the lowest is above the highest. */
export interface Extent {
  readonly lowest: number;
  readonly highest: number;
}

/** Finds the extent of numbers; NaN is skipped. */
export function extentOf(numbers: ArrayLike<number>): Extent {
  let lowest = Number.POSITIVE_INFINITY;
  let highest = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < numbers.length; i += 1) {
    const number = numbers[i] as number;
    if (number < lowest) lowest = number;
    if (number > highest) highest = number;
  }
  return { lowest, highest };
}

/** What `observedLater` needs. */
export interface Observing<O extends Observation> {
  /** The values as doubles, each within a millionth of the exact one. */
  readonly numbers: ArrayLike<number>;
  /** The extent, where it is known already. */
  readonly extent?: Extent;
  keyAt(place: number): GroupKey;
  /** Makes the observation at an index of `numbers`. */
  observe(place: number): O;
  /** The direction in which values grow worse; null where badness does not follow the value. */
  readonly worsens: 'up' | 'down' | null;
}

/** Observations that are made on demand. */
export function observedLater<O extends Observation>({
  numbers,
  extent,
  keyAt,
  observe,
  worsens,
}: Observing<O>): Observed<O> {
  let whole: readonly O[] | null = null;
  const everything = (): readonly O[] => {
    whole ??= Array.from(numbers, (_, place) => observe(place)).sort(worstFirst);
    return whole;
  };
  const worst = (count = numbers.length): readonly O[] => {
    if (whole !== null || count >= numbers.length || worsens === null) return everything().slice(0, count);
    return foremost(numbers, count, worsens).map(observe).sort(worstFirst).slice(0, count);
  };
  return {
    length: numbers.length,
    numbers,
    worsens,
    extent: () => extent ?? extentOf(numbers),
    keyAt,
    worst,
    largest: (count) =>
      foremost(numbers, count, 'up')
        .map(observe)
        .sort((a, b) => b.value.number - a.value.number)
        .slice(0, count),
    mildest() {
      if (worsens === null || whole !== null) return everything().at(-1);
      const opposite = worsens === 'up' ? 'down' : 'up';
      return foremost(numbers, 1, opposite).map(observe).sort(worstFirst).at(-1);
    },
    *[Symbol.iterator]() {
      for (let done = 0, batch = 16; done < numbers.length; batch *= 8) {
        const some = worst(batch);
        for (; done < some.length; done += 1) yield some[done] as O;
      }
    },
  };
}

/** Observations that exist already, worst first. */
export function observedHere<O extends Observation>(all: readonly O[]): Observed<O> {
  const numbers = all.map(({ value }) => value.number);
  return {
    length: all.length,
    numbers,
    worsens: null,
    extent: () => extentOf(numbers),
    keyAt: (place) => all[place]?.key ?? [],
    worst: (count) => all.slice(0, count),
    largest: (count) => [...all].sort((a, b) => b.value.number - a.value.number).slice(0, count),
    mildest: () => all.at(-1),
    [Symbol.iterator]: () => all[Symbol.iterator](),
  };
}

/** Where nothing could be judged. */
export const NOTHING_OBSERVED: Observed<never> = observedHere([]);

/** The indexes of the `count` foremost values, and of all values that may tie with the last of them. */
function foremost(numbers: ArrayLike<number>, count: number, direction: 'up' | 'down'): number[] {
  if (count <= 0) return [];
  if (numbers.length <= count) return Array.from(numbers, (_, place) => place);
  const sign = direction === 'up' ? 1 : -1;
  const last = ranked(numbers, count, sign);
  const cut = last - ESTIMATE_MARGIN * (1 + Math.abs(last));
  const places: number[] = [];
  for (let place = 0; place < numbers.length; place += 1) {
    if ((numbers[place] as number) * sign >= cut) places.push(place);
  }
  return places;
}

/** The `count`-th value from the front. A replay mostly asks for the first of thousands, which needs no sort. */
function ranked(numbers: ArrayLike<number>, count: number, sign: number): number {
  if (count > 1)
    return Float64Array.from(numbers, (value) => value * sign).sort()[numbers.length - count] as number;
  const { lowest, highest } = extentOf(numbers);
  return sign > 0 ? highest : -lowest;
}
