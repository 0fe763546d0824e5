import { seededRandom } from '../../../src/demo/random.ts';
import type { Calendar, Hourly } from '../../../src/rules/auto/hourly.ts';
import { openLines } from '../../../src/rules/auto/line.ts';
import { quietBelow } from '../../../src/rules/auto/seen.ts';
import { openUsualHours } from '../../../src/rules/auto/usual.ts';

export const WEEK = 168;
const DAY = 24;
/** A Monday, 2026-01-05. */
export const FROM = (Date.UTC(2026, 0, 5) / 3_600_000) as number;

/** How a company calls its models: calls an hour on average, what one costs, and what happens. Hours count from FROM. */
export interface Scene {
  readonly callsAnHour: number;
  readonly cost: number;
  /** Hours of history before the four weeks that are watched. */
  readonly history: number;
  /** The factor of an hour. */
  factor?(hour: number): number;
  /** Dollars that come on top. */
  extra?(hour: number): number;
  /** Hours by which local time is ahead of UTC. */
  offset?(hour: number): number;
}

/** The hours of a scene: Poisson calls with a rhythm of day and week, and uneven costs. */
export function hourlyOf(scene: Scene, seed: number): Hourly & { readonly hours: number } {
  const random = seededRandom(seed);
  const hours = scene.history + 4 * WEEK;
  const sums = new Float64Array(hours + 1);
  const squares = new Float64Array(hours + 1);
  for (let i = 0; i < hours; i += 1) {
    const local = i + (scene.offset?.(i) ?? 0);
    const rate =
      scene.callsAnHour * rhythm(local) * (scene.factor?.(i) ?? 1) * Math.exp(0.1 * normal(random));
    let [sum, square] = [scene.extra?.(i) ?? 0, (scene.extra?.(i) ?? 0) ** 2];
    for (let n = poisson(rate, random); n > 0; n -= 1) {
      const cost = scene.cost * Math.exp(0.6 * normal(random) - 0.18);
      sum += cost;
      square += cost * cost;
    }
    sums[i + 1] = (sums[i] as number) + sum;
    squares[i + 1] = (squares[i] as number) + square;
  }
  const between = (totals: Float64Array) => (from: number, to: number) =>
    (totals[clamp(to - FROM, hours)] as number) - (totals[clamp(from - FROM, hours)] as number);
  let first = 0;
  while (first < hours && sums[first + 1] === 0) first += 1;
  return { first: FROM + first, sum: between(sums), squares: between(squares), hours };
}

/** The days of the four watched weeks on which an hour or the day up to it is above its line. */
export function alertDays(scene: Scene, seed: number, calendar: Calendar): number[] {
  const hourly = hourlyOf(scene, seed);
  const days = new Set<number>();
  const judges = [
    { hours: 1, zscore: 3 },
    { hours: DAY, zscore: 3.5 },
  ].map(({ hours, zscore }) => {
    const usual = openUsualHours(hourly, calendar, hours);
    return {
      usual,
      windows: { hourly, calendar, hours },
      lines: openLines(usual, calendar, { zscore, minChange: 1 }),
    };
  });
  for (let i = scene.history; i < hourly.hours; i += 1) {
    const hour = FROM + i;
    for (const { usual, windows, lines } of judges) {
      const sum = usual.sum(hour);
      if (sum < quietBelow(windows, hour, 1)) continue;
      const line = lines.at(hour);
      if (line !== null && sum >= line.bound) days.add(Math.floor((i - scene.history) / DAY));
    }
  }
  return [...days].sort((a, b) => a - b);
}

/** Busy by day, half as busy at night, and quiet at weekends. */
function rhythm(hour: number): number {
  const byDay = 1 + 0.7 * Math.sin((2 * Math.PI * ((hour % DAY) - 8)) / DAY);
  const weekday = Math.floor(hour / DAY) % 7;
  return byDay * (weekday < 5 ? 1 : 0.4);
}

function poisson(mean: number, random: () => number): number {
  if (mean > 60) return Math.max(0, Math.round(mean + Math.sqrt(mean) * normal(random)));
  const limit = Math.exp(-mean);
  let count = 0;
  for (let product = random(); product > limit; product *= random()) count += 1;
  return count;
}

function normal(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

function clamp(place: number, hours: number): number {
  return Math.max(0, Math.min(hours, place));
}
