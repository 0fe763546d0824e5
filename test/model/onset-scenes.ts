import { mixSeeds, normal, poisson, seededRandom } from '../../src/demo/random.ts';

export type Incident = 'step' | 'ramp' | 'burst' | 'none';

/** A day of minutes of one group, and where its incident began. */
export interface Scene {
  readonly sums: readonly number[];
  /** The minute; null without an incident. */
  readonly began: number | null;
}

export const DAY_MINUTES = 1440;

/**
 * A day of calls or of money on a daily rhythm, from six calls an hour to 400 a minute, with noise like that of real
 * traffic: minutes that differ at random, slow swings, and amounts that differ from call to call. `traffic` replaces the
 * noise of minutes by that of real ones.
 */
export function dayWith(
  incident: Incident,
  seed: number,
  traffic: readonly (readonly number[])[] = [],
): Scene {
  const random = seededRandom(mixSeeds(seed, 7, incident.length));
  const pick = <T>(choices: readonly T[]): T => choices[Math.floor(random() * choices.length)] as T;
  const volume = pick([0.1, 0.5, 2, 10, 60, 400]);
  const factor = pick(volume < 1 ? [20, 60, 200, 1000] : volume < 5 ? [6, 20, 100] : [3, 6, 20, 100]);
  const [depth, phase] = [0.8 * random(), DAY_MINUTES * random()];
  const minutes = pick([[0], [0.2], [0.8], ...traffic]);
  const [swing, memory] = [0.05 + 0.3 * random(), Math.exp(-1 / (2 + 15 * random()))];
  const amount = pick([null, 0.3, 0.7, 1.2]);
  const lasts = incident === 'burst' ? Math.round(8 + 40 * random()) : DAY_MINUTES;
  const age =
    incident === 'burst' ? lasts + Math.round(50 * random()) : Math.round(3 + 40 ** (1.7 * random()));
  const rises = incident === 'ramp' ? 10 + 50 * random() : 0;
  const began = DAY_MINUTES - age;
  let slow = 0;
  const sums = Array.from({ length: DAY_MINUTES }, (_, i) => {
    slow = memory * slow + Math.sqrt(1 - memory ** 2) * swing * normal(random);
    const rough = minutes.length > 1 ? pick(minutes) : Math.exp((minutes[0] ?? 0) * normal(random));
    const rate = volume * rough * Math.exp(slow);
    const usual = rate * (1 + depth * Math.sin((2 * Math.PI * (i + phase)) / DAY_MINUTES));
    const isOn = incident !== 'none' && i >= began && i < began + lasts;
    const more = isOn ? rate * (factor - 1) * (rises === 0 ? 1 : Math.min(1, (i - began) / rises)) : 0;
    const calls = poisson(usual, random) + poisson(more, random);
    return amount === null ? calls : 0.003 * amounts(calls, amount, random);
  });
  return { sums, began: incident === 'none' ? null : began };
}

/** The sum of many log-normal amounts. */
function amounts(calls: number, sigma: number, random: () => number): number {
  const mean = Math.exp(sigma ** 2 / 2);
  if (calls > 500) {
    return Math.max(0, calls * mean + Math.sqrt(calls * Math.expm1(sigma ** 2)) * mean * normal(random));
  }
  let sum = 0;
  for (let i = 0; i < calls; i += 1) sum += Math.exp(sigma * normal(random));
  return sum;
}
