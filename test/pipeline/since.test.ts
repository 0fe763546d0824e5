import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { cronSchedule } from '../../src/model/cron-schedule.ts';
import type { Rule, Severity } from '../../src/model/rule.ts';
import type { GroupKey } from '../../src/model/series.ts';
import { firstHeld } from '../../src/pipeline/since.ts';
import { ruleOf } from '../rules/rule-fixtures.ts';
import { type CallStore, openCallStore } from '../support/call-store.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const AT = Date.parse('2026-11-20T14:05:00Z');

let calls: CallStore;
beforeAll(async () => {
  calls = await openCallStore();
});
afterAll(() => calls.stop());
beforeEach(() => calls.clear());

const rule = (keys: Record<string, unknown> = {}) =>
  ruleOf('threshold', {
    window: '10m',
    group_by: ['service'],
    thresholds: { warning: 50, critical: 100 },
    ...keys,
  });

/** A call every five minutes of a span: with a window of ten minutes two of them are always inside. */
function steady(from: number, to: number, cost: number, service = 'search') {
  const count = Math.ceil((to - from) / (5 * MINUTE));
  return Array.from({ length: count }, (_, i) => ({ at: from + i * 5 * MINUTE, service, cost }));
}

/** How many minutes before `at` a breach began, or began to be seen. */
async function minutesAgo(
  one: Rule,
  asked: { key?: GroupKey; severity?: Severity; at?: number } = {},
  cron = '* * * * *',
): Promise<number> {
  const { key = ['search'], severity = 'critical', at = AT } = asked;
  const [since] = await firstHeld(calls.store, 'UTC', cronSchedule(cron, 'UTC'), one, [
    { key, severity, at, quietAt: null },
  ]);
  return (at - (since ?? Number.NaN)) / MINUTE;
}

describe('since when a breach holds', () => {
  it.each([
    ['a minute', 2, 1],
    ['40 minutes', 41, 40],
    ['five hours', 301, 300],
    // A breach of 30 h is as old as can be seen.
    ['more than a day', 30 * 60, 24 * 60],
  ])('is known of one that began %s ago', async (_, beganMinutesAgo, expected) => {
    // A row counts from the first instant after it.
    await calls.log(...steady(AT - beganMinutesAgo * MINUTE, AT, 100));
    expect(await minutesAgo(rule())).toBe(expected);
  });

  it('is the instant itself where the one before did not breach', async () => {
    await calls.log({ at: AT - 1, cost: 100 });
    expect(await minutesAgo(rule())).toBe(0);
  });

  it('counts from the last break, however long it held before', async () => {
    await calls.log(...steady(AT - 10 * HOUR, AT - 4 * HOUR, 100), ...steady(AT - 3 * HOUR, AT, 100));
    // The newest calls before the break leave the window ten minutes later, so the breach began anew at the first call.
    expect(await minutesAgo(rule())).toBe(3 * 60 - 1);
  });

  it('is that of the severity asked about', async () => {
    await calls.log(...steady(AT - HOUR, AT, 30), { at: AT - 7 * MINUTE, cost: 60 });
    expect(await minutesAgo(rule(), { severity: 'warning' })).toBe(60 - 5 - 1);
    expect(await minutesAgo(rule(), { severity: 'critical' })).toBe(6);
  });

  it('is separate for each group, NULL too', async () => {
    await calls.log(
      ...steady(AT - HOUR, AT, 100, 'a').map((call) => ({ ...call, user: null })),
      ...steady(AT - 20 * MINUTE, AT, 100, 'b').map((call) => ({ ...call, user: '(none)' })),
    );
    const one = rule({ group_by: ['service', 'user'] });
    const questions = [
      { key: ['b', '(none)'], severity: 'critical', at: AT, quietAt: null },
      { key: ['a', null], severity: 'critical', at: AT - 5 * MINUTE, quietAt: null },
      { key: ['a', '(none)'], severity: 'critical', at: AT, quietAt: null },
    ] as const;
    const since = await firstHeld(calls.store, 'UTC', cronSchedule('* * * * *', 'UTC'), one, questions);
    expect(since.map((at) => (AT - at) / MINUTE)).toEqual([19, 59, 0]);
  });

  it('is known of a share, which is of the total of all groups', async () => {
    await calls.log(...steady(AT - 5 * HOUR, AT, 10, 'chat'), ...steady(AT - 41 * MINUTE, AT, 90));
    const share = ruleOf('share', { window: '10m', group_by: ['service'], threshold: '80%' });
    expect(await minutesAgo(share, { severity: 'warning' })).toBe(40);
  });

  it('is an instant of the schedule', async () => {
    await calls.log(...steady(AT - 44 * MINUTE, AT, 100));
    // 13:21 is seen at 13:30 at the earliest.
    expect(await minutesAgo(rule(), { at: AT - 5 * MINUTE }, '*/15 * * * *')).toBe(30);
  });

  it('is the evaluation time, for a rule with a delay', async () => {
    await calls.log(...steady(AT - 41 * MINUTE, AT, 100));
    expect(await minutesAgo(rule({ delay: '10m' }))).toBe(30);
  });

  it('is when the condition began, not when it had held for long enough', async () => {
    await calls.log(...steady(AT - 41 * MINUTE, AT, 100));
    expect(await minutesAgo(rule({ for: '15m' }))).toBe(40);
  });

  it('is known of what is bad when low', async () => {
    await calls.log(...steady(AT - 5 * HOUR, AT - 30 * MINUTE, 1), {
      at: AT - MINUTE,
      service: 'other',
      cost: 1,
    });
    const low = rule({
      metric: 'calls',
      group_by: [],
      thresholds: { warning: 2, critical: 1 },
      operator: '<=',
    });
    // The last call but one, of 40 minutes ago, leaves the window at the instant after 30 minutes ago.
    expect(await minutesAgo(low, { key: [], severity: 'critical' })).toBe(29);
  });
});
