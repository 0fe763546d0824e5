import { normal, poisson } from '../../src/demo/random.ts';

export const HOUR = 3_600_000;

/** How the calls to a service come. */
export interface Traffic {
  /** Calls in each hour of UTC on weekdays and at weekends, against the mean hour of weekdays. */
  readonly weekday: readonly number[];
  readonly weekend: readonly number[];
  /** How far an hour lies from the same hour of other weekdays (deviation of its log), and its correlation with the hour before. */
  readonly hours: { readonly deviation: number; readonly correlation: number };
  /** Of calls in five minutes: deviation / mean beyond that of Poisson calls, and the correlation of neighbours. */
  readonly fiveMinutes: { readonly deviation: number; readonly correlation: number };
  /** Variance of what a call costs / square of the mean, with output tokens at four times the price of input tokens. */
  readonly costVariance: number;
}

/**
 * Two real services. `fiveMinutes` and `costVariance` are of the hour in ../shared/data (Azure LLM inference trace 2023), which
 * traffic.test.ts computes. An hour has no rhythm of days: `weekday`, `weekend` and `hours` were measured on the plots of calls per
 * minute of the same services in a week of May 2024 (Azure LLM inference trace 2024, CC-BY; Stojkovic et al., HPCA 2025): the middle of the
 * line in each pixel column, averaged by hour.
 */
export const TRAFFIC = {
  /** Assistance in editors: ten times busier in the working hours of America than at night, and in bursts. */
  code: {
    weekday: [
      0.7, 0.68, 0.64, 0.53, 0.42, 0.35, 0.3, 0.25, 0.23, 0.24, 0.26, 0.37, 0.69, 1.18, 1.67, 1.82, 1.72,
      1.97, 2.18, 2.24, 2.08, 1.54, 1.12, 0.82,
    ],
    weekend: [
      0.44, 0.43, 0.38, 0.37, 0.31, 0.25, 0.21, 0.14, 0.11, 0.1, 0.09, 0.12, 0.19, 0.26, 0.32, 0.37, 0.4,
      0.43, 0.47, 0.48, 0.49, 0.47, 0.48, 0.44,
    ],
    hours: { deviation: 0.12, correlation: 0.8 },
    fiveMinutes: { deviation: 0.42, correlation: 0.59 },
    costVariance: 0.85,
  },
  /** Conversations: all round the clock and the world. */
  conv: {
    weekday: [
      0.89, 0.97, 0.96, 0.8, 0.8, 0.87, 1, 1.09, 1.11, 1.08, 0.98, 1.03, 1.15, 1.27, 1.34, 1.25, 1.13, 1.08,
      1.08, 1.02, 0.92, 0.77, 0.7, 0.72,
    ],
    weekend: [
      0.5, 0.53, 0.53, 0.45, 0.44, 0.45, 0.47, 0.52, 0.54, 0.49, 0.52, 0.58, 0.62, 0.69, 0.7, 0.72, 0.68,
      0.67, 0.64, 0.6, 0.6, 0.58, 0.54, 0.57,
    ],
    hours: { deviation: 0.09, correlation: 0.83 },
    fiveMinutes: { deviation: 0.18, correlation: 0.65 },
    costVariance: 0.37,
  },
} as const satisfies Record<string, Traffic>;

/** 1970 began on a Thursday. */
export function isWeekend(at: number): boolean {
  return Math.floor(at / HOUR / 24 + 5) % 7 < 2;
}

/** Calls in the hour at `at` against the mean hour of weekdays. */
export function rhythmOf({ weekday, weekend }: Traffic, at: number): number {
  return (isWeekend(at) ? weekend : weekday)[Math.floor(at / HOUR) % 24] as number;
}

/** Deviation / mean of the calls in an hour beyond that of Poisson calls: of the mean of twelve correlated counts. */
function burstiness({ fiveMinutes: { deviation, correlation } }: Traffic): number {
  return deviation * Math.sqrt((1 + (2 * correlation * 11) / 12) / 12);
}

/** Draws the calls of one hour after the other, from how many are expected. Busy hours come together, and calls in bursts. */
function openCalls(traffic: Traffic, random: () => number): (expected: number) => number {
  const { deviation, correlation } = traffic.hours;
  const burst = burstiness(traffic);
  const innovation = Math.sqrt(1 - correlation ** 2);
  let level = normal(random);
  return (expected) => {
    level = correlation * level + innovation * normal(random);
    const log = deviation * level + burst * normal(random) - (deviation ** 2 + burst ** 2) / 2;
    return poisson(expected * Math.exp(log), random);
  };
}

/** What so many calls cost, in costs of a mean call: log-normal, with the variance of a sum. */
function costOfCalls({ costVariance }: Traffic, count: number, random: () => number): number {
  if (count === 0) return 0;
  const variance = Math.log(1 + costVariance / count);
  return count * Math.exp(Math.sqrt(variance) * normal(random) - variance / 2);
}

/** The calls of each hour from `first` on, and their costs in costs of a mean call, where so many calls are expected at a time. */
export function trafficFrom(
  first: number,
  hours: number,
  { traffic, expected, random }: { traffic: Traffic; expected: (at: number) => number; random: () => number },
): { readonly calls: Float64Array; readonly cost: Float64Array } {
  const nextCalls = openCalls(traffic, random);
  const calls = Float64Array.from({ length: hours }, (_, i) => nextCalls(expected(first + i * HOUR)));
  return { calls, cost: calls.map((count) => costOfCalls(traffic, count, random)) };
}
