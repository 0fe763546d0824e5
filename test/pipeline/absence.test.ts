import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { cronSchedule } from '../../src/model/cron-schedule.ts';
import { plainText } from '../../src/model/plain-text.ts';
import { ruleOf } from '../rules/rule-fixtures.ts';
import { openLiveSource } from '../support/live-source.ts';
import { type IncidentWorld, openIncidentWorld } from './incident-world.ts';
import { DAY, HOUR, MINUTE } from './poll-world.ts';

const MIDNIGHT = Date.parse('2026-11-20T00:00:00Z');
const at = (hour: number, minute = 0): number => MIDNIGHT + hour * HOUR + minute * MINUTE;

const EVERY_TEN_MINUTES = cronSchedule('*/10 * * * *', 'UTC');

let world: IncidentWorld;
beforeAll(async () => {
  world = await openIncidentWorld();
});
afterAll(() => world.stop());
beforeEach(() => world.clear());

/** `search` calls every ten minutes from 08:00 to 19:00 of some days, until it falls silent. */
async function searches(days: number, until: number): Promise<void> {
  const calls = [];
  for (let day = days; day >= 0; day -= 1) {
    for (let minute = 0; minute < 11 * 60; minute += 10) {
      const time = at(8, minute) - day * DAY;
      if (time < until) calls.push({ at: time, cost: 0.02, service: 'search' });
    }
  }
  await world.calls.log(...calls);
}

/** Another service, so that the store has new rows every quarter of an hour. */
const others = (from: number, to: number): Promise<void> =>
  world.calls.log(
    ...Array.from({ length: (to - from) / (15 * MINUTE) }, (_, i) => ({
      at: from + i * 15 * MINUTE,
      cost: 0.01,
      service: 'other',
    })),
  );

interface Heard {
  readonly people: string[];
  readonly programs: string[];
  /** The status of the rule at each poll, without repetitions. */
  readonly statuses: string[];
  readonly texts: string[];
}

/** What is heard in polls every ten minutes, by the time of day of the poll. Kept sums answer, or the store itself. */
async function polled(from: number, to: number, keys: object = {}, isKept = true): Promise<Heard> {
  const { store } = world.calls;
  const source = isKept ? openLiveSource(store).source : store;
  const heard: Heard = { people: [], programs: [], statuses: [], texts: [] };
  const rule = ruleOf('absence', {
    metric: undefined,
    name: 'gone-silent',
    group_by: ['service'],
    notify: world.notify,
    ...keys,
  });
  for (let now = from; now <= to; now += 10 * MINUTE) {
    const report = await world.poll([rule], now, { schedule: EVERY_TEN_MINUTES, source });
    const time = new Date(now).toISOString().slice(11, 16);
    for (const message of world.toPeople(report)) {
      heard.people.push(`${time} ${message.title}`);
      heard.texts.push(plainText(message));
    }
    for (const { type, data } of world.toPrograms(report))
      heard.programs.push(`${time} ${type} ${data.alerts.map(({ reason }) => reason).join()}`);
    const status = report.rules[0]?.latest?.status ?? 'none';
    if (heard.statuses.at(-1) !== status) heard.statuses.push(status);
    await world.allTried();
  }
  return heard;
}

it('an absence begins when a window passes without a call, and a call resolves it', async () => {
  await searches(28, at(14));
  await others(at(0) - 28 * DAY, at(18));
  await world.calls.log({ at: at(16, 2), cost: 0.02, service: 'search' });
  const { people, programs, texts } = await polled(at(14), at(16, 40));
  expect(people).toEqual([
    '15:00 [WARNING] gone-silent: search no calls in 1h (28 of 28 days had some)',
    '16:20 [RESOLVED] gone-silent: search back to normal after 1 h 10 min',
  ]);
  expect(programs).toEqual(['15:00 alert.firing new', '16:20 alert.resolved resolved']);
  const [fired = '', resolved = ''] = texts;
  expect(fired).toContain(
    'Service search made no calls in the last hour, unlike on each of the last 28 days at this time; the last call was at 13:50.',
  );
  expect(fired).toMatch(/Noticed +2026-11-20 15:00 UTC/);
  expect(fired).not.toMatch(/limit|At this rate|\$/);
  expect(resolved).toContain('It was reported silent for 1 h 10 min.');
  expect(resolved).toMatch(/Now +1 call in 1h/);
  expect(resolved).not.toMatch(/limit|in all|At most/);
});

it('an absence whose hours are over ends without a word to people, and is told again next morning', async () => {
  await searches(14, at(15));
  await others(at(0) - 14 * DAY, at(36));
  const evening = await polled(at(15, 50), at(21));
  expect(evening.people).toHaveLength(1);
  expect(evening.programs).toEqual(['16:00 alert.firing new', '20:10 alert.resolved ended']);
  expect((await world.incidents()).map(({ closed_at: closed }) => closed === null)).toEqual([false]);
  const morning = await polled(at(24 + 7), at(24 + 9));
  expect(morning.people).toEqual([
    '08:10 [WARNING] gone-silent: search no calls in 1h (15 of 15 days had some)',
  ]);
});

it('a store without new rows says nothing about silence: nothing fires, and nothing is resolved', async () => {
  await searches(20, at(12, 5));
  await others(at(0) - 20 * DAY, at(12, 15));
  const blind = await polled(at(12), at(18), { window: '15m' }, false);
  // Within the hour of stale_after, silence is silence; after it, nobody can tell.
  expect(blind.statuses).toEqual(['ok', 'firing', 'no_data']);
  expect(blind.programs).toEqual(['12:20 alert.firing new,new']);
  expect(await world.openAlerts()).toHaveLength(2);
});
