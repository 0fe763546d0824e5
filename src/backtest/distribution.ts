import type { Observation } from '../model/finding.ts';
import type { Fixed } from '../model/money.ts';
import { fixedFromNumber } from '../model/money.ts';
import type { Observed } from '../model/observed.ts';
import type { Severity, ThresholdRule } from '../model/rule.ts';
import { SKETCH_GAMMA, sketchQuantile, ZERO_BUCKET } from '../model/sketch.ts';
import type { Evaluation } from '../pipeline/evaluate.ts';
import { reaches } from '../rules/threshold.ts';

/** The values of all groups at all instants together; the percentiles are within 1 %, the ends exact. */
export interface Distribution {
  readonly min: Fixed;
  readonly p50: Fixed;
  readonly p95: Fixed;
  readonly max: Fixed;
  /** The share (0..1) of instants at which some group reached the limit, `for` and silences aside. */
  readonly over: readonly { readonly severity: Severity; readonly bound: Fixed; readonly share: number }[];
}

export interface DistributionLog {
  add(evaluation: Evaluation): void;
  /** Null when there was no value at all. */
  read(): Distribution | null;
}

/** Collects the values of a threshold rule in buckets, so that memory does not grow with the instants. */
export function openDistribution(rule: ThresholdRule): DistributionLog {
  const sketch = new Map<number, number>();
  const over = rule.steps.map(() => 0);
  let instants = 0;
  let ends: { min: Fixed; max: Fixed } | null = null;
  return {
    add({ judgement: { observed } }) {
      instants += 1;
      for (const number of observed.numbers) {
        const bucket = number > 0 ? Math.ceil(Math.log(number) / Math.log(SKETCH_GAMMA)) : ZERO_BUCKET;
        sketch.set(bucket, (sketch.get(bucket) ?? 0) + 1);
      }
      // They stand worst first, so the ends of the list are the ends of the values.
      for (const { value } of [observed.worst(1)[0], observed.mildest()].flatMap((one) => one ?? [])) {
        const { fixed } = value;
        ends = { min: lesser(ends?.min ?? fixed, fixed), max: -lesser(-(ends?.max ?? fixed), -fixed) };
      }
      for (const [i, { bound }] of rule.steps.entries()) {
        const worst = worstWith(observed, rule.minCalls);
        if (worst !== undefined && reaches(rule.operator, worst.value.fixed, bound))
          over[i] = (over[i] ?? 0) + 1;
      }
    },
    read() {
      if (ends === null) return null;
      const { min, max } = ends;
      const quantile = (q: number): Fixed => {
        const estimate = fixedFromNumber(sketchQuantile(sketch, q) ?? 0);
        return lesser(max, -lesser(-min, -estimate));
      };
      return {
        min,
        p50: quantile(0.5),
        p95: quantile(0.95),
        max,
        over: rule.steps.map((step, i) => ({ ...step, share: (over[i] ?? 0) / instants })),
      };
    },
  };
}

function worstWith(observed: Observed, minCalls: number): Observation | undefined {
  for (const one of observed) if (one.value.calls >= minCalls) return one;
  return undefined;
}

function lesser(a: Fixed, b: Fixed): Fixed {
  return a < b ? a : b;
}
