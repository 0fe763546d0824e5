import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { cronSchedule } from '../../src/model/cron-schedule.ts';
import { plainText } from '../../src/model/plain-text.ts';
import { ruleOf } from '../rules/rule-fixtures.ts';
import { openLiveSource } from '../support/live-source.ts';
import { type IncidentWorld, openIncidentWorld } from './incident-world.ts';
import { DAY, HOUR, MINUTE } from './poll-world.ts';

const AT = Date.parse('2026-11-20T09:00:00Z');
const EVERY_TEN_MINUTES = cronSchedule('*/10 * * * *', 'UTC');

let world: IncidentWorld;
beforeAll(async () => {
  world = await openIncidentWorld();
});
afterAll(() => world.stop());
beforeEach(() => world.clear());

/** A known model, every hour of some days before and two after AT. */
const known = (days: number): Promise<void> =>
  world.calls.log(
    ...Array.from({ length: (days + 2) * 24 }, (_, i) => ({
      at: AT - days * DAY + i * HOUR,
      cost: 2,
      model: 'gpt-4.1',
      user: 'ann',
    })),
  );

const rule = (keys: object = {}) =>
  ruleOf('new_value', {
    metric: undefined,
    window: undefined,
    name: 'new-models',
    dimension: 'model',
    notify: world.notify,
    ...keys,
  });

it('a new value is told once, when it has spent enough, and ends a day later without a word to people', async () => {
  await known(20);
  // 40 cents every ten minutes from 09:12 on, for two days.
  const spending = Array.from({ length: 288 }, (_, i) => ({
    at: AT + (12 + i * 10) * MINUTE,
    cost: 0.4,
    model: 'gpt-5-pro',
    user: i % 5 === 0 ? 'bob' : 'svc-indexer',
  }));
  await world.calls.log(...spending);
  const { source } = openLiveSource(world.calls.store);
  const heard: string[] = [];
  const texts: string[] = [];
  const polls = Array.from({ length: 7 }, (_, i) => AT + i * 10 * MINUTE);
  for (const at of [...polls, ...polls.map((one) => one + DAY)]) {
    const report = await world.poll([rule()], at, { schedule: EVERY_TEN_MINUTES, source });
    const time = new Date(at).toISOString().slice(8, 16);
    for (const message of world.toPeople(report)) {
      heard.push(`${time} ${message.title}`);
      texts.push(plainText(message));
    }
    for (const { type, data } of world.toPrograms(report))
      heard.push(`${time} ${type} ${data.alerts.map(({ reason }) => reason).join()}`);
    await world.allTried();
  }
  expect(heard).toEqual([
    '20T09:40 [WARNING] new-models: gpt-5-pro $1.20 in 24h (new model, first call at 09:12)',
    '20T09:40 alert.firing new',
    '21T09:30 alert.resolved ended',
  ]);
  expect(texts[0]).toContain(
    'Model gpt-5-pro spent $1.20 in the last 24 hours, and is new: first call at 09:12, and none in the 28 days before; service search makes up all of it.',
  );
  expect(texts[0]).toMatch(/Noticed +2026-11-20 09:40 UTC \(new at this poll\)/);
  expect(texts[0]).not.toContain('limit');
});

it('calls without a price are as good as money, and say that they have none', async () => {
  await known(20);
  const calls = Array.from({ length: 100 }, (_, i) => ({
    at: AT + i * 30_000,
    cost: null,
    model: 'mystery-1',
  }));
  await world.calls.log(...calls);
  expect((await world.poll([rule()], AT + 49 * MINUTE)).queued).toEqual([]);
  const report = await world.poll([rule()], AT + 50 * MINUTE);
  const [message] = world.toPeople(report);
  expect(message?.title).toBe(
    '[WARNING] new-models: mystery-1 100 calls without a price in 24h (new model, first call at 09:00)',
  );
  expect(message && plainText(message)).toContain(
    'Model mystery-1 spent at least $0 in the last 24 hours, and is new: 100 calls without a price, first call at 09:00',
  );
});

it('a store with less than a week of data before the window says nothing', async () => {
  await known(7);
  await world.calls.log({ at: AT + 30 * MINUTE, cost: 50, model: 'gpt-5-pro' });
  const early = await world.poll([rule()], AT + HOUR);
  expect([early.rules[0]?.latest?.status, early.queued]).toEqual(['no_data', []]);
  const late = await world.poll([rule()], AT + DAY + 10 * MINUTE);
  expect(late.rules[0]?.latest?.firing.map(({ key }) => key)).toEqual([['gpt-5-pro']]);
});
