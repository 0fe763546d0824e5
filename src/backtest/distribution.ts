// Computes the distribution of a rule's values.

import type { Fixed } from '../model/money.ts';
import { fixedFromNumber, toNumber } from '../model/money.ts';
import type { Observation } from '../model/observation.ts';
import type { Observed } from '../model/observed.ts';
import { firesBelow, reaches, type Severity } from '../model/rule.ts';
import { ESTIMATE_MARGIN } from '../model/series.ts';
import type { Evaluation } from '../pipeline/evaluate.ts';
import type { FixedLimits } from '../rules/rule-type.ts';

/** The values of all groups at all instants together. Percentiles are within 1 %; minimum and maximum are exact. */
export interface Distribution {
  readonly min: Fixed;
  readonly p50: Fixed;
  readonly p95: Fixed;
  readonly max: Fixed;
  /** The share (0 to 1) of instants at which a group reached the limit, regardless of `for` and silences. */
  readonly over: readonly { readonly severity: Severity; readonly bound: Fixed; readonly share: number }[];
}

/** Takes the evaluations of one rule. */
export interface DistributionLog {
  add(evaluation: Evaluation): void;
  /** Null when there was no value at all. */
  read(): Distribution | null;
}

/**
 * Counts the values of a rule in buckets, so that memory does not grow with the number of instants. Only values near the
 * minimum, the maximum or a limit are computed exactly: there may be thousands at each of ten thousands of instants.
 */
export function openDistribution({ operator, steps, minCalls }: FixedLimits): DistributionLog {
  const falls = firesBelow(operator);
  const buckets = openBuckets();
  const over = steps.map(() => 0);
  const bounds = steps.map(({ bound }) => toNumber(bound));
  let instants = 0;
  let min: End | null = null;
  let max: End | null = null;

  const noteEnds = (observed: Observed, lowest: number, highest: number): void => {
    if (min === null || (lowest !== min.known && isNear(lowest, min.number, 'down'))) {
      const least = (falls ? observed.worst(1)[0] : observed.mildest())?.value.fixed;
      if (least !== undefined && (min === null || least < min.fixed)) min = endAt(least, lowest);
    }
    if (max === null || (highest !== max.known && isNear(highest, max.number, 'up'))) {
      const most = (falls ? observed.mildest() : observed.worst(1)[0])?.value.fixed;
      if (most !== undefined && (max === null || most > max.fixed)) max = endAt(most, highest);
    }
  };

  return {
    add({ judgement: { observed } }) {
      instants += 1;
      const { numbers } = observed;
      if (numbers.length === 0) return;
      buckets.count(numbers);
      const { lowest, highest } = observed.extent();
      noteEnds(observed, lowest, highest);
      for (const [i, { bound }] of steps.entries()) {
        const isPossible = isNear(falls ? lowest : highest, bounds[i] as number, falls ? 'down' : 'up');
        const worst = isPossible ? worstWith(observed, minCalls) : undefined;
        if (worst !== undefined && reaches(operator, worst.value.fixed, bound)) over[i] = (over[i] ?? 0) + 1;
      }
    },
    read() {
      if (min === null || max === null) return null;
      const [low, high] = [min.fixed, max.fixed];
      const quantile = (q: number): Fixed => {
        const estimate = fixedFromNumber(buckets.quantile(q));
        return lesser(high, -lesser(-low, -estimate));
      };
      return {
        min: low,
        p50: quantile(0.5),
        p95: quantile(0.95),
        max: high,
        over: steps.map((step, i) => ({ ...step, share: (over[i] ?? 0) / instants })),
      };
    },
  };
}

/** An extreme value: exact, and as a double for comparison. */
interface End {
  readonly fixed: Fixed;
  readonly number: number;
  /**
   * The estimate, if equal estimates need no exact value because no other value lies so close to it; else NaN, which equals
   * nothing.
   */
  readonly known: number;
}

/** Below this, doubles distinguish neighbouring decimals of 12 places. */
const DISTINGUISHED_BELOW = 1_000;

function endAt(fixed: Fixed, estimate: number): End {
  const isAlone = Math.abs(estimate) < DISTINGUISHED_BELOW;
  return { fixed, number: toNumber(fixed), known: isAlone ? estimate : Number.NaN };
}

/** Whether a value may be at or beyond a bound in the given direction. */
function isNear(value: number, bound: number, direction: 'up' | 'down'): boolean {
  const close = ESTIMATE_MARGIN * (1 + Math.abs(bound));
  return direction === 'up' ? value >= bound - close : value <= bound + close;
}

/**
 * Of the 23 fraction bits of a 32-bit float, 7 are kept. The middle of a bucket is then within 0.4 % of every value in it.
 */
const DROPPED_BITS = 16;

/** Counts values by their leading bits: a shift instead of a logarithm, hundreds of millions of times. */
function openBuckets() {
  let singles = new Float32Array(1);
  let bits = new Uint32Array(singles.buffer);
  /** The second half is for negative values. */
  const counts = new Float64Array(2 ** (32 - DROPPED_BITS));
  const middleOf = (bucket: number): number => {
    bits[0] = bucket << DROPPED_BITS;
    const low = singles[0] as number;
    bits[0] = (bucket + 1) << DROPPED_BITS;
    return (low + (singles[0] as number)) / 2;
  };
  return {
    count(values: ArrayLike<number>): void {
      if (values.length > singles.length) {
        singles = new Float32Array(values.length);
        bits = new Uint32Array(singles.buffer);
      }
      singles.set(values);
      for (let i = 0; i < values.length; i += 1) {
        const bucket = (bits[i] as number) >>> DROPPED_BITS;
        counts[bucket] = (counts[bucket] as number) + 1;
      }
    },
    /** Negative values count as 0 here, because minimum and maximum are exact anyway. */
    quantile(q: number): number {
      const [ascending, below] = [counts.slice(0, counts.length / 2), counts.subarray(counts.length / 2)];
      ascending[0] = (ascending[0] as number) + total(below);
      const rank = Math.floor(q * (total(ascending) - 1));
      let counted = 0;
      const bucket = ascending.findIndex((count) => {
        counted += count;
        return counted > rank;
      });
      return bucket <= 0 ? 0 : middleOf(bucket);
    },
  };
}

function total(counts: Float64Array): number {
  return counts.reduce((sum, count) => sum + count, 0);
}

function worstWith(observed: Observed, minCalls: number): Observation | undefined {
  if (minCalls === 0) return observed.worst(1)[0];
  for (const one of observed) if (one.value.calls >= minCalls) return one;
  return undefined;
}

function lesser(a: Fixed, b: Fixed): Fixed {
  return a < b ? a : b;
}
