import { openDecider } from '../../src/backtest/decider.ts';
import { mixSeeds, seededRandom } from '../../src/demo/random.ts';
import { firstSentence } from '../../src/model/first-sentence.ts';
import { type Fixed, ONE } from '../../src/model/money.ts';
import type { Rule } from '../../src/model/rule.ts';
import {
  type HourSums,
  type HoursBack,
  type Query,
  type Series,
  seriesOfCells,
} from '../../src/model/series.ts';
import type { AlertNotification } from '../../src/pipeline/decide.ts';
import { openJudge, queriesAt } from '../../src/pipeline/evaluate.ts';
import { unexplained } from '../../src/pipeline/explain.ts';
import { HOUR, rhythmOf, TRAFFIC, trafficFrom } from './traffic.ts';

export { HOUR } from './traffic.ts';

export const DAY = 24 * HOUR;
/** A Monday. The quarter that is watched begins five weeks later. */
const FIRST = Date.UTC(2026, 0, 5);
export const FROM = FIRST + 35 * DAY;
export const TO = FROM + 91 * DAY;
const HOURS = (TO - FIRST) / HOUR;
/** Hours without calls that rules may ask for. */
const BEFORE = 110 * 24;
/** USD of a call of a fault. */
const FAULTY_CALL = 0.05;

/** A job that makes one service spend more. */
export interface Fault {
  readonly service: string;
  readonly from: number;
  readonly to: number;
  /** USD that it adds in each hour. */
  readonly added: number;
}

interface Service {
  readonly name: string;
  /** On average on weekdays. */
  readonly callsAnHour: number;
  /** USD, on average. */
  readonly costOfCall: number;
  readonly like: keyof typeof TRAFFIC;
  /** Hours by which its day is ahead of that of the real service. */
  readonly ahead: number;
}

export const SERVICES: readonly Service[] = [
  { name: 'search', callsAnHour: 400, costOfCall: 0.03, like: 'conv', ahead: 0 },
  { name: 'chat', callsAnHour: 300, costOfCall: 0.03, like: 'conv', ahead: 3 },
  { name: 'review', callsAnHour: 60, costOfCall: 0.12, like: 'code', ahead: 6 },
  { name: 'mail', callsAnHour: 150, costOfCall: 0.04, like: 'code', ahead: 8 },
  { name: 'images', callsAnHour: 30, costOfCall: 0.15, like: 'conv', ahead: -3 },
  { name: 'tests', callsAnHour: 40, costOfCall: 0.08, like: 'code', ahead: 0 },
];

/** The spend and calls of each service by hour, with the rhythm, the bursts and the uneven costs of real traffic. */
export function seriesOfQuarter(seed: number, fault: Fault | null = null): (query: Query) => Series {
  const sums = SERVICES.map((service, place) => {
    const random = seededRandom(mixSeeds(seed, place));
    const traffic = TRAFFIC[service.like];
    const hourly = trafficFrom(FIRST, HOURS, {
      traffic,
      expected: (at) => service.callsAnHour * rhythmOf(traffic, at + service.ahead * HOUR),
      random,
    });
    const cost: Fixed[] = [0n];
    const calls: Fixed[] = [0n];
    const dollars = new Float64Array(BEFORE + HOURS);
    const squares = new Float64Array(BEFORE + HOURS);
    for (let i = 0; i < HOURS; i += 1) {
      const at = FIRST + i * HOUR;
      const count = hourly.calls[i] as number;
      const isFaulty = fault?.service === service.name && at >= fault.from && at < fault.to;
      const spent = service.costOfCall * (hourly.cost[i] as number) + (isFaulty ? fault.added : 0);
      cost.push((cost[i] as Fixed) + inMillionths(spent));
      calls.push((calls[i] as Fixed) + BigInt(count) * ONE);
      dollars[BEFORE + i] = spent;
      squares[BEFORE + i] =
        count * service.costOfCall ** 2 * (1 + traffic.costVariance) +
        (isFaulty ? fault.added * FAULTY_CALL : 0);
    }
    return { service, cost, calls, hours: { dollars, squares, past: {} } };
  });
  return ({ windows, hours }) => ({
    ...(hours !== undefined && {
      hours: hourSums(
        hours,
        sums.map((one) => one.hours),
      ),
    }),
    ...seriesOfCells(
      sums.map(({ service, cost, calls }) => ({
        key: [service.name],
        cells: windows.map(({ from, to }) => {
          const [first, last] = [(from - FIRST) / HOUR, (to - FIRST) / HOUR];
          const between = (running: readonly Fixed[]) => (running[last] ?? 0n) - (running[first] ?? 0n);
          return between(calls) === 0n && between(cost) === 0n
            ? null
            : { sums: { cost: between(cost), calls: between(calls) }, sketches: {} };
        }),
      })),
    ),
  });
}

function hourSums(
  { to, counts }: HoursBack,
  groups: readonly {
    readonly dollars: Float64Array;
    readonly squares: Float64Array;
    readonly past: object;
  }[],
): HourSums {
  const end = BEFORE + (to - FIRST) / HOUR;
  return {
    to,
    of(group, measure) {
      const column = measure === 'cost_squares' ? groups[group]?.squares : groups[group]?.dollars;
      const count = counts.find((one) => one.measure === measure)?.count ?? 0;
      return (column as Float64Array).subarray(end - count, end);
    },
    past: (group) => groups[group]?.past as object,
  };
}

/** Dollars to a millionth, which is much faster than to all of their digits. */
export function inMillionths(dollars: number): Fixed {
  return BigInt(Math.round(dollars * 1e6)) * (ONE / 1_000_000n);
}

/** What a message of it says first, where nothing more was asked for. */
export function sentenceOf(rule: Rule, one: AlertNotification | undefined): string {
  return one === undefined ? '' : firstSentence(rule, unexplained(rule, one.firing), one.at, 'UTC');
}

/** What a worker that polls at each full hour, or as often as `every` says, would notify of a rule in the quarter. */
export function notifiedIn(
  rule: Rule,
  series: (query: Query) => Series,
  { from = FROM, to = TO, every = HOUR } = {},
): AlertNotification[] {
  const judge = openJudge(rule, 'UTC');
  const decide = openDecider({ fingerprints: new Map(), silences: [], zone: 'UTC' });
  const notified: AlertNotification[] = [];
  for (let at = from + every; at <= to; at += every) {
    const time = { at, earlier: [] };
    const evaluation = judge(time, queriesAt(rule, 'UTC', at).map(series));
    for (const one of decide(rule, time, evaluation).notifications) notified.push(one);
  }
  return notified;
}

/** Faults of a service each, at hours of the quarter that a seed draws. */
export function faultsOf(seeds: readonly number[], hours: number, added: number): [number, Fault][] {
  return seeds.map((seed) => {
    const random = seededRandom(mixSeeds(seed, 77));
    const service = SERVICES[Math.floor(random() * SERVICES.length)]?.name ?? 'search';
    const from = FROM + DAY + Math.floor(random() * 80 * 24) * HOUR;
    return [seed, { service, from, to: from + hours * HOUR, added }];
  });
}
