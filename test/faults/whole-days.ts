import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { cronSchedule } from '../../src/model/cron-schedule.ts';
import type { Rule } from '../../src/model/rule.ts';
import type { PollReport } from '../../src/pipeline/poll.ts';
import { alertsQueuedBy, DAY, HOUR, MINUTE, openPollWorld, type PollWorld } from '../pipeline/poll-world.ts';
import { ruleOf } from '../rules/rule-fixtures.ts';
import type { ENGINES } from '../support/sql-engines.ts';

const HALF_HOUR = 30 * MINUTE;

/** Days around changes of clocks (an hour, half an hour, at midnight, at a quarter to), and ends of months and years. */
export const TIMES = [
  ['America/New_York', '2026-03-08', 'an hour is skipped'],
  ['America/New_York', '2026-11-01', 'an hour comes twice'],
  ['Europe/Berlin', '2026-03-29', 'an hour is skipped'],
  ['Europe/Berlin', '2026-10-25', 'an hour comes twice'],
  ['Australia/Lord_Howe', '2026-10-04', 'half an hour is skipped'],
  ['Australia/Lord_Howe', '2026-04-05', 'half an hour comes twice'],
  ['Pacific/Chatham', '2026-09-27', 'an hour is skipped, 45 minutes beside the hour'],
  ['Pacific/Chatham', '2026-04-05', 'an hour comes twice, 45 minutes beside the hour'],
  ['America/Havana', '2026-03-08', 'midnight is skipped'],
  ['America/Havana', '2026-11-01', 'midnight comes twice'],
  ['Asia/Kathmandu', '2026-12-31', 'a year ends, 45 minutes beside the hour'],
  ['UTC', '2028-02-29', 'there is a leap day'],
  ['Pacific/Kiritimati', '2027-02-28', 'a short month ends, 14 hours ahead'],
] as const;

/** Local date and clock hour of an instant, as the machine's calendar has it. */
function localParts(zone: string) {
  const format = new Intl.DateTimeFormat('en-CA', {
    timeZone: zone,
    hourCycle: 'h23',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    timeZoneName: 'longOffset',
  });
  return (at: number) => {
    const parts = new Map(format.formatToParts(at).map(({ type, value }) => [type, value]));
    const get = (type: Intl.DateTimeFormatPartTypes): string => parts.get(type) ?? '';
    const month = `${get('year')}-${get('month')}`;
    const day = `${month}-${get('day')}`;
    const weekday = new Date(day).getUTCDay();
    const week = new Date(Date.parse(day) - ((weekday + 6) % 7) * DAY).toISOString().slice(0, 10);
    // An hour that comes twice is two: they differ in their offset.
    return { month, week, day, hour: `${day}T${get('hour')}${get('timeZoneName')}` };
  };
}

const always = (dedupe: string, keys: Record<string, unknown> = {}): Rule =>
  ruleOf('threshold', {
    name: dedupe,
    metric: 'calls',
    window: '1h',
    threshold: 1,
    dedupe,
    growth: 'off',
    ...keys,
  });

const RULES: readonly Rule[] = [
  always('hour'),
  always('day', { notify: ['oncall', 'finance'] }),
  always('week'),
  always('month'),
  always('episode'),
  always('day', { name: 'held', for: '2h' }),
  always('day', { name: 'today', window: 'today' }),
  always('day', { name: 'yesterday', window: 'yesterday' }),
];

/** What is queued, as `rule channel`, with the instant whose period it belongs to. */
function queuedBy(report: PollReport): { readonly what: string; readonly at: number }[] {
  return alertsQueuedBy(report).map(({ rule, channel, at }) => ({
    what: `${rule} ${channel}`,
    at: Date.parse(at),
  }));
}

/** Plays sixty hours of polls around each of the times. */
export function wholeDays(engine: (typeof ENGINES)[number], times: readonly (typeof TIMES)[number][]): void {
  describe(`whole days of polls, on ${engine}`, () => {
    let world: PollWorld;
    beforeAll(async () => {
      world = await openPollWorld(engine);
    });
    afterAll(() => world.stop());
    beforeEach(() => world.clear());

    it.each(times)(
      'in %s around %s, where %s, notify each alert once a period and count whole days',
      async (zone, date) => {
        const schedule = cronSchedule('*/30 * * * *', zone);
        const noon = Date.parse(`${date}T12:00:00Z`);
        const [from, to] = [noon - 30 * HOUR, noon + 30 * HOUR];
        const local = localParts(zone);
        const count = (to - from + 30 * HOUR) / (HALF_HOUR / 2);
        const calls = Array.from({ length: count }, (_, i) => from - 30 * HOUR + i * (HALF_HOUR / 2) + 1);
        const days = calls.map((at) => local(at).day);
        await world.calls.log(...calls.map((at) => ({ at, cost: 0.25 })));
        const instants = schedule.instants(from, to);
        const told: { what: string; at: number }[] = [];
        for (const at of instants) {
          const report = await world.poll(RULES, at, { zone, schedule });
          expect(report.error).toBeNull();
          told.push(...queuedBy(report));
          // The day of an instant is that of the instant just before it.
          const { day } = local(at - 1);
          const today = calls.filter((time, i) => time < at && days[i] === day).length;
          const seen = report.rules.find(({ rule }) => rule.name === 'today')?.latest?.observed.worst(1)[0]
            ?.value.number;
          expect([new Date(at).toISOString(), seen]).toEqual([new Date(at).toISOString(), today]);
        }
        const periodOf = (what: string, at: number): string => {
          const parts = local(at - 1);
          const [name] = what.split(' ');
          return name === 'hour' || name === 'week' || name === 'month' ? parts[name] : parts.day;
        };
        const calendar = RULES.filter(({ dedupe }) => dedupe !== 'episode').flatMap(({ name, notify }) =>
          notify.warning.map((channel) => `${name} ${channel}`),
        );
        const due = calendar.flatMap((what) => [
          ...new Set(instants.map((at) => `${what} ${periodOf(what, at)}`)),
        ]);
        const named = told.filter(({ what }) => !what.startsWith('episode'));
        expect(named.map(({ what, at }) => `${what} ${periodOf(what, at)}`).sort()).toEqual(due.sort());
        expect(told.filter(({ what }) => what.startsWith('episode'))).toHaveLength(1);
      },
    );
  });
}
