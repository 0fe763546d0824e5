import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { demoConfig } from '../../src/demo/demo-config.ts';
import { plausibleCalls, retryLoop } from '../../src/demo/traffic.ts';
import {
  type Cell,
  type HourSums,
  hourCount,
  type Query,
  type Series,
  seriesOfCells,
} from '../../src/model/series.ts';
import type { Window } from '../../src/model/window.ts';
import { evaluate, planOf } from '../../src/pipeline/evaluate.ts';
import type { CallRow } from '../../src/stores/audit-store.ts';
import { cellOf, ruleOf } from '../rules/rule-fixtures.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
/** The seed of the demo. */
const SEED = 20_260_214;
const AT = Date.parse('2026-11-20T02:05:00Z');
const INCIDENT = { from: AT - 9 * MINUTE, callsAMinute: 180 };

const timeOf = (call: CallRow) => Date.parse(String(call.time));
const costOf = (call: CallRow) => Number(call.cost);

describe('the calls of the demo', () => {
  it('are the same for the same seed, however the span is cut into pieces', () => {
    const span = { from: AT - 5 * HOUR, to: AT };
    const whole = [...plausibleCalls(span.from, span.to, SEED)];
    const loop = [...retryLoop(INCIDENT, span.from, span.to, SEED)];
    fc.assert(
      fc.property(fc.array(fc.integer({ min: span.from, max: span.to }), { maxLength: 6 }), (cuts) => {
        const edges = [span.from, ...cuts.sort((a, b) => a - b), span.to];
        const pieces = edges.slice(1).map((to, i) => [edges[i] as number, to] as const);
        expect(pieces.flatMap(([from, to]) => [...plausibleCalls(from, to, SEED)])).toEqual(whole);
        expect(pieces.flatMap(([from, to]) => [...retryLoop(INCIDENT, from, to, SEED)])).toEqual(loop);
      }),
      { numRuns: 20 },
    );
    expect([...plausibleCalls(span.from, span.to, SEED + 1)]).not.toEqual(whole);
  });

  it('stand in the order of their times, within the span, each with an id of its own', () => {
    const calls = [...plausibleCalls(AT - DAY, AT, SEED), ...retryLoop(INCIDENT, AT - DAY, AT, SEED)];
    const ordinary = calls.filter(({ user }) => user !== 'reindex-job').map(timeOf);
    expect(ordinary).toEqual([...ordinary].sort((a, b) => a - b));
    expect(calls.every((call) => timeOf(call) >= AT - DAY && timeOf(call) < AT)).toBe(true);
    const ids = new Set(calls.map(({ request_id }) => request_id));
    expect(ids.size).toBe(calls.length);
    expect(
      [...ids].every((id) =>
        /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-a[0-9a-f]{3}-[0-9a-f]{12}$/.test(String(id)),
      ),
    ).toBe(true);
  });

  it('of a retry loop begin with it, fail mostly, and pass $100 within the hour', () => {
    const calls = [...retryLoop(INCIDENT, AT - DAY, AT, SEED)];
    expect(timeOf(calls[0] as CallRow)).toBeGreaterThanOrEqual(INCIDENT.from);
    expect(calls.every(({ service, user }) => service === 'search' && user === 'reindex-job')).toBe(true);
    const failed = calls.filter(({ status }) => status === 504).length / calls.length;
    expect(failed).toBeGreaterThan(0.75);
    expect(failed).toBeLessThan(0.95);
    expect(calls.reduce((sum, call) => sum + costOf(call), 0)).toBeGreaterThan(120);
  });
});

// Each of these ends on another weekday, at another hour.
describe.each(['2026-11-20T02:05:00Z', '2027-03-01T09:30:00Z', '2026-06-14T17:00:00Z'])(
  'ninety days of the demo up to %s',
  (text) => {
    const at = Date.parse(text);
    let calls: CallRow[];
    beforeAll(() => {
      calls = [...plausibleCalls(at - 90 * DAY, at, SEED)];
    });

    it('cost what a small company spends, on every day', () => {
      const days = new Map<number, number>();
      for (const call of calls) {
        const day = Math.floor((timeOf(call) - at) / DAY);
        days.set(day, (days.get(day) ?? 0) + costOf(call));
      }
      expect(days.size).toBe(90);
      for (const dollars of days.values()) {
        expect(dollars).toBeGreaterThan(1);
        expect(dollars).toBeLessThan(100);
      }
    });

    it('stay under the limits of the hour for every service', () => {
      const spend = spendByService(calls);
      for (const service of spend.services) {
        const worst = Math.max(
          ...spend.timesOf(service).map((end) => spend.within(service, end + 1 - HOUR, end + 1)),
        );
        expect(worst).toBeLessThan(50);
      }
    });

    it('are no anomaly at any hour of the last sixty', () => {
      const keys = rulesOfTheDemo().find(({ name }) => name === 'spend-anomaly');
      const rule = ruleOf('anomaly', keys ?? {});
      const moments = Array.from({ length: 60 * 24 }, (_, i) => ({ at: at - i * HOUR, earlier: [] }));
      const spend = spendByService(calls);
      const answer = (query: Query): Series => ({
        ...seriesOfCells(
          spend.services.map((service) => ({
            key: [service],
            cells: query.windows.map((window) => spend.cell(service, window)),
          })),
        ),
        hours: hoursOf(query, spend),
      });
      const plan = planOf(rule, 'UTC', moments);
      const judged = evaluate(plan, plan.queries.map(answer));
      expect(judged).toHaveLength(moments.length);
      expect(judged.some(({ judgement }) => judgement.observed.length === spend.services.length)).toBe(true);
      expect(judged.flatMap(({ judgement }) => judgement.firing)).toEqual([]);
    });
  },
);

function hoursOf(query: Query, spend: ReturnType<typeof spendByService>): HourSums {
  const [to, count] = [query.hours?.to ?? 0, hourCount(query.hours)];
  const hours = Array.from({ length: count }, (_, i) => {
    const end = to - (count - 1 - i) * HOUR;
    return { from: end - HOUR, to: end };
  });
  const pasts = spend.services.map(() => ({}));
  const known = new Map<string, Float64Array>();
  return {
    to,
    of(group, measure) {
      const name = `${group} ${measure}`;
      const service = spend.services[group] as string;
      const sums =
        known.get(name) ??
        Float64Array.from(hours, (hour) => {
          const { count: calls, dollars } = spend.spanOf(service, hour.from, hour.to);
          if (measure === 'calls') return calls;
          return measure === 'cost' ? dollars : dollars ** 2 / Math.max(1, calls);
        });
      known.set(name, sums);
      return sums;
    },
    past: (group) => pasts[group] as object,
  };
}

function rulesOfTheDemo(): { name: string }[] {
  const ends = {
    smtpPort: 1,
    slackApiUrl: 'http://127.0.0.1:1/',
    hookUrl: 'http://127.0.0.1:1/',
    hookSecret: 'x',
  };
  return (parse(demoConfig(ends)) as { rules: { name: string }[] }).rules;
}

/** Spend by service over any span, from running totals. */
function spendByService(calls: readonly CallRow[]) {
  const tracks = new Map<string, { times: number[]; totals: number[] }>();
  for (const call of calls) {
    const name = String(call.service);
    const track = tracks.get(name) ?? { times: [], totals: [0] };
    track.times.push(timeOf(call));
    track.totals.push((track.totals.at(-1) as number) + costOf(call));
    tracks.set(name, track);
  }
  const spanOf = (service: string, from: number, to: number) => {
    const { times, totals } = tracks.get(service) ?? { times: [], totals: [0] };
    const [first, end] = [firstFrom(times, from), firstFrom(times, to)];
    return { count: end - first, dollars: (totals[end] as number) - (totals[first] as number) };
  };
  return {
    services: [...tracks.keys()],
    spanOf,
    timesOf: (service: string) => tracks.get(service)?.times ?? [],
    within: (service: string, from: number, to: number) => spanOf(service, from, to).dollars,
    cell: (service: string, { from, to }: Window): Cell | null => {
      const { count, dollars } = spanOf(service, from, to);
      return cellOf(count === 0 ? null : dollars, count);
    },
  };
}

/** The index of the first time that is not before an instant. */
function firstFrom(times: readonly number[], instant: number): number {
  let [low, high] = [0, times.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((times[middle] as number) < instant) low = middle + 1;
    else high = middle;
  }
  return low;
}
