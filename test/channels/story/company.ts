// The calls of an invented company, the same whenever they are asked for.

import { mixSeeds, poisson, seededRandom } from '../../../src/demo/random.ts';
import type { Flow } from './memory-store.ts';

export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

type Caller = Omit<Flow, 'times' | 'counts'>;

/** USD for a token. */
const PRICES: Readonly<Record<string, readonly [input: number, output: number]>> = {
  'gpt-4.1': [2e-6, 8e-6],
  'gpt-4.1-mini': [0.4e-6, 1.6e-6],
  'claude-sonnet-4': [3e-6, 15e-6],
};

/** Who calls what. The cost is that of the tokens, unless it is given. */
export function caller(
  service: string | null,
  user: string | null,
  model: string | null,
  changes: Partial<Caller> = {},
): Caller {
  const { inputTokens = 9_000, outputTokens = 700 } = changes;
  const [input, output] = PRICES[model ?? ''] ?? [0, 0];
  return {
    of: { service, user, model, endpoint: '/v1/chat/completions' },
    cost: (inputTokens * input + outputTokens * output).toFixed(9),
    inputTokens,
    outputTokens,
    latencyMs: 1_900,
    fails: false,
    ...changes,
  };
}

/** Calls at a rate that follows the day: by the minute over the last day or so, else by ten. `until` is the end, ms. */
export function everyDay(who: Caller, callsAnHour: number, until: number, days = 30): Flow {
  const seed = seedOf(JSON.stringify(who.of));
  const [times, counts]: [number[], number[]] = [[], []];
  const young = until - 2 * DAY;
  for (let at = until - days * DAY; at < until; ) {
    const step = at < young ? 10 : 1;
    const mean = (callsAnHour * busyness(at) * step) / 60;
    times.push(at);
    counts.push(poisson(mean, seededRandom(mixSeeds(seed, at / MINUTE))));
    at += step * MINUTE;
  }
  return { ...who, times, counts };
}

/** The same number of calls in each minute of [from, to); it may be a fraction. */
export function steadily(who: Caller, callsAMinute: number, from: number, to: number): Flow {
  const times = Array.from({ length: Math.round((to - from) / MINUTE) }, (_, i) => from + i * MINUTE);
  const upTo = (minutes: number): number => Math.floor(callsAMinute * minutes);
  return { ...who, times, counts: times.map((_, i) => upTo(i + 1) - upTo(i)) };
}

/** 60 % of the busiest hour at night. */
function busyness(at: number): number {
  const hour = (at / HOUR) % 24;
  return 0.6 + 0.4 * Math.exp(-((hour - 14) ** 2) / 24);
}

function seedOf(text: string): number {
  return mixSeeds(...[...text].map((character) => character.codePointAt(0) as number));
}

const PEOPLE = 'anna ben chen dana elif farid gita hugo ines jonas'
  .split(' ')
  .map((name) => `${name}@example.com`);
const SERVICES = ['support-chat', 'code-review', 'summaries'] as const;

/** What the company calls on any day, up to an instant. */
export function usualCalls(until: number, days?: number): Flow[] {
  const search = PEOPLE.flatMap((user, i) => [
    everyDay(caller('search', user, 'gpt-4.1'), 550 / (i + 4), until, days),
    everyDay(caller('search', user, 'gpt-4.1-mini'), 120 / (i + 4), until, days),
  ]);
  const others = SERVICES.flatMap((service, s) =>
    PEOPLE.slice(s, s + 4).map((user, i) =>
      everyDay(caller(service, user, 'claude-sonnet-4'), 110 / (i + s + 2), until, days),
    ),
  );
  return [...search, everyDay(caller('search', 'svc-indexer', 'gpt-4.1'), 6, until, days), ...others];
}
