import { afterAll, beforeAll, expect, it } from 'vitest';
import { seededRandom } from '../../src/demo/random.ts';
import { cronSchedule } from '../../src/model/cron-schedule.ts';
import type { PollReport } from '../../src/pipeline/poll.ts';
import type { AutoObservation } from '../../src/rules/auto/auto-rule.ts';
import { ruleTypes } from '../../src/rules/index.ts';
import { openLiveSource } from '../support/live-source.ts';
import { DAY, HOUR, MINUTE, openPollWorld, type PollWorld } from './poll-world.ts';

const START = Date.parse('2026-10-20T14:05:00Z');
const DAYS = 20;
/** So that few instants are looked at to date what fires. */
const schedule = cronSchedule('0 * * * *', 'UTC');
let world: PollWorld;
beforeAll(async () => {
  world = await openPollWorld();
});
afterAll(() => world.stop());

const rule = (keys: object) =>
  ruleTypes.anomaly.schema.parse({
    type: 'anomaly',
    metric: 'spend',
    group_by: ['service'],
    notify: ['oncall'],
    ...keys,
  })({ severity: 'warning', notify: ['oncall'] });

/** By rule, the group, value, score and range of all that was looked at. */
const seenBy = (report: PollReport): unknown =>
  report.rules.map(({ rule: { name }, latest, error }) => ({
    name,
    error,
    seen: ([...(latest?.observed ?? [])] as unknown as AutoObservation[]).map(
      ({ key, value, zscore, baseline }) => {
        const numbers = [zscore, baseline.usual, baseline.low, baseline.high, baseline.n];
        return [key, value.fixed, ...numbers.map((one) => Number(one.toPrecision(7)))];
      },
    ),
  }));

it('automatic anomalies are the same by kept sums as by the store alone, whatever becomes of rows, rules and clocks', async () => {
  const random = seededRandom(5);
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;
  const services = ['a', 'b', 'c'];
  const call = (at: number) => {
    const cost = (random() < 0.05 ? -3 : random() < 0.02 ? 60 : 4) * random();
    return { at, service: pick(services), cost: cost.toFixed(6) };
  };
  const calls = (from: number, to: number) =>
    Array.from({ length: Math.ceil((to - from) / (50 * MINUTE)) }, () => call(from + random() * (to - from)));
  await world.calls.log(...calls(START - DAYS * DAY, START));
  const { store, sql } = world.calls;
  const { live, source } = openLiveSource(store);
  const rules = [
    rule({ name: 'usual' }),
    rule({ name: 'late', delay: '7m', zscore: 2.75 }),
    rule({ name: 'all', method: 'auto', window: '6h', group_by: [] }),
  ];
  const between = (span: string, from: number, to: number): string =>
    `${span} WHERE request_timestamp BETWEEN '${new Date(from).toISOString()}' AND '${new Date(to).toISOString()}'`;
  const happens: ((at: number) => Promise<unknown>)[] = [
    (at) => world.calls.log(call(at - 5 * MINUTE)),
    async (at) => services.push(`new-${at}`),
    async () => rules.reverse(),
    async (at) => {
      const from = at - random() * DAYS * DAY;
      await sql.query(between('DELETE FROM api_audit_logs', from, from + 30 * HOUR));
      await live.reconcile(START - 2 * DAYS * DAY, at);
    },
    async (at) => {
      const from = at - random() * DAYS * DAY;
      await sql.query(between('UPDATE api_audit_logs SET cost_usd = cost_usd * 3', from, from + 9 * HOUR));
      await live.reconcile(START - 2 * DAYS * DAY, at);
    },
  ];
  let at = START;
  for (const minutes of [1, 1500, -90]) {
    if (minutes > 0) await world.calls.log(...calls(at, at + minutes * MINUTE));
    at += minutes * MINUTE;
    await pick(happens)(at);
    await world.poll(rules, at, { source, schedule });
    await live.backfill(60_000);
    await world.forget();
    const kept = await world.poll(rules, at, { source, schedule });
    await world.forget();
    const direct = await world.poll(rules, at, { schedule });
    expect(seenBy(kept), new Date(at).toISOString()).toEqual(seenBy(direct));
  }
});
