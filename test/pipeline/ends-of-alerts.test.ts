import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Rule } from '../../src/model/rule.ts';
import { isIncident } from '../../src/state/read-incidents.ts';
import { ruleOf } from '../rules/rule-fixtures.ts';
import { type IncidentWorld, openIncidentWorld } from './incident-world.ts';
import { burn, MINUTE } from './poll-world.ts';

const AT = Date.parse('2026-11-20T02:05:00Z');

let world: IncidentWorld;
beforeAll(async () => {
  world = await openIncidentWorld();
});
afterAll(() => world.stop());
beforeEach(() => world.clear());

/** What people are told in polls of every minute from `first` to `last`, as minutes after AT. */
async function told(rule: Rule, first: number, last: number): Promise<string[]> {
  const titles: string[] = [];
  for (let minute = first; minute <= last; minute += 1) {
    const report = await world.poll([rule], AT + minute * MINUTE);
    titles.push(...world.toPeople(report).map(({ title }) => title));
    await world.allTried();
  }
  return titles;
}

describe('the end of an alert', () => {
  it('counts from its first severity on, whatever it rose to', async () => {
    const rule = burn({ notify: world.notify, window: '5m' });
    for (let minute = 0; minute < 30; minute += 1) await world.spend(12, AT + minute * MINUTE - 1_000);
    await world.spend(60, AT + 25 * MINUTE - 1_000);
    await world.others(AT, 70);
    const titles = await told(rule, 0, 55);
    expect(titles.map((title) => title.split(' in 5m')[0])).toEqual([
      '[WARNING] burn: search $60.00',
      '[CRITICAL] burn: search $120.00',
      expect.stringMatching(/^\[RESOLVED\] burn: search back to normal after 26 min/),
    ]);
  });

  it('tells what it cost in all, also where its beginning was too young to be seen at first', async () => {
    const rule = burn({ notify: world.notify, thresholds: { warning: 15 } });
    const day = Array.from({ length: 600 }, (_, i) => AT - (600 - i) * MINUTE);
    await world.calls.log(...day.map((at) => ({ at, cost: 0.02, service: 'search' })));
    for (let minute = -1; minute < 5; minute += 1) await world.spend(16, AT + minute * MINUTE);
    await world.others(AT, 40);
    const titles = await told(rule, 0, 35);
    expect(titles).toEqual([
      '[WARNING] burn: search $16.20 in 10m (limit $15.00)',
      '[RESOLVED] burn: search back to normal after 15 min, $96.02 in all',
    ]);
  });

  it('of a share tells the largest one, of all groups, and no sum', async () => {
    const rule = ruleOf('share', {
      ...{ name: 'share', notify: world.notify, window: '10m', group_by: ['service'] },
      threshold: '80%',
    });
    await world.spend(90, AT - MINUTE);
    await world.spend(10, AT - MINUTE, 'chat');
    await world.spend(90, AT + 3 * MINUTE);
    await world.spend(60, AT + 15 * MINUTE, 'chat');
    await world.spend(30, AT + 15 * MINUTE);
    await world.others(AT + 6 * MINUTE, 30);
    const titles: string[] = [];
    const facts: unknown[] = [];
    for (let minute = 0; minute <= 30; minute += 1) {
      const report = await world.poll([rule], AT + minute * MINUTE);
      for (const { title, sections } of world.toPeople(report)) {
        titles.push(title);
        facts.push(sections[0]?.facts.filter(([label]) => ['At most', 'In all', 'Now'].includes(label)));
      }
      await world.allTried();
    }
    expect(titles).toEqual([
      '[WARNING] share: search 90 % of the total spend in 10m (limit 80 %)',
      '[RESOLVED] share: search back to normal after 14 min',
    ]);
    expect(facts[1]).toEqual([['At most', '>99.9 % of the total spend in 10m']]);
  });
});

it('an incident is known by its id while it is open and when it is over', async () => {
  const rule = burn({ notify: world.notify });
  await world.spend(60, AT - MINUTE);
  await world.others(AT, 40);
  await told(rule, 0, 1);
  const [{ id = '' } = {}] = await world.incidents();
  expect(await isIncident(world.calls.sql, id)).toBe(true);
  await told(rule, 2, 30);
  expect(await isIncident(world.calls.sql, id)).toBe(true);
  expect(await isIncident(world.calls.sql, 'inc-0')).toBe(false);
});
