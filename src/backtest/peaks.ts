// Keeps the worst values of a rule, on which limits are tried.

import { localDay } from '../model/local-time.ts';
import { type Fixed, toNumber } from '../model/money.ts';
import type { Observation } from '../model/observation.ts';
import { firesBelow } from '../model/rule.ts';
import type { Evaluation } from '../pipeline/evaluate.ts';
import type { FixedLimits } from '../rules/rule-type.ts';

/** All values that can fire at a limit at least as strict as the mildest peak. */
export interface Peaks {
  /** Instants with such a value, ascending: their index in the grid, and their values. */
  readonly sightings: readonly { readonly index: number; readonly observed: readonly Observation[] }[];
  /** The worst value of each group and day, mildest first, without repeats. */
  readonly limits: readonly Fixed[];
}

/** Collects the evaluations of one rule, instant by instant. */
export interface PeakLog {
  add(index: number, evaluation: Evaluation): void;
  read(): Peaks;
}

/**
 * Keeps the values of the worst `kept` days of groups, or somewhat more. A limit that only these reach can then be tried on
 * them alone, however many instants and groups there were.
 */
export function openPeaks({ operator, minCalls }: FixedLimits, zone: string, kept: number): PeakLog {
  const falls = firesBelow(operator);
  const isWorse = (a: Fixed, b: Fixed): boolean => (falls ? a < b : a > b);
  const mildestFirst = (a: Fixed, b: Fixed): number => (a === b ? 0 : isWorse(a, b) ? 1 : -1);
  let sightings: { index: number; observed: Observation[] }[] = [];
  const peaks = new Map<string, Fixed>();
  let floor: Fixed | null = null;
  let floorNumber = 0;
  /** Estimates are off by far less than the margin. */
  const mayReachFloor = (value: number): boolean => {
    const close = 1e-6 * (1 + Math.abs(floorNumber));
    return falls ? value <= floorNumber + close : value >= floorNumber - close;
  };

  const prune = (): void => {
    const ranked = [...peaks.values()].sort(mildestFirst);
    const lowest = ranked[ranked.length - kept] as Fixed;
    floor = lowest;
    floorNumber = toNumber(lowest);
    for (const [name, peak] of peaks) if (isWorse(lowest, peak)) peaks.delete(name);
    sightings = sightings.flatMap(({ index, observed }) => {
      const left = observed.filter(({ value }) => !isWorse(lowest, value.fixed));
      return left.length === 0 ? [] : [{ index, observed: left }];
    });
  };

  return {
    add(index, { at, judgement: { observed } }) {
      // At most instants nothing is as bad as what is kept, so no value need be sorted.
      if (floor !== null && !Array.prototype.some.call(observed.numbers, mayReachFloor)) return;
      const bad: Observation[] = [];
      let day: number | null = null;
      // The worst come first.
      for (const one of observed) {
        const { fixed, calls } = one.value;
        if (floor !== null && isWorse(floor, fixed)) break;
        if (calls < minCalls) continue;
        bad.push(one);
        day ??= localDay(at - 1, zone);
        const name = `${day}/${JSON.stringify(one.key)}`;
        const known = peaks.get(name);
        if (known === undefined || isWorse(fixed, known)) peaks.set(name, fixed);
      }
      if (bad.length > 0) sightings.push({ index, observed: bad });
      if (peaks.size > 2 * kept) prune();
    },
    read: () => ({ sightings, limits: [...new Set(peaks.values())].sort(mildestFirst) }),
  };
}
