import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Rule } from '../../src/model/rule.ts';
import { chatWorld, openChat } from './chat-world.ts';
import { burn, MINUTE, openPollWorld, type PollWorld } from './poll-world.ts';

const AT = Date.parse('2026-11-20T14:05:00Z');
let world: PollWorld;
beforeAll(async () => {
  world = await openPollWorld();
});
afterAll(() => world.stop());
beforeEach(() => world.clear());

const notify = ['people'];
const rule = burn({ notify });
const byUser = burn({ name: 'user-burn', group_by: ['user'], notify });
const spend = (cost: number, at: number) =>
  world.calls.log({ at, cost, service: 'search', user: 'svc-indexer' });
/** A call each minute of another service, so that the store has newer rows. */
const others = () =>
  world.calls.log(
    ...Array.from({ length: 120 }, (_, i) => ({
      at: AT + (i - 20) * MINUTE,
      cost: 0.01,
      service: 'quiet',
      user: 'q',
    })),
  );

function openScene() {
  const chat = openChat();
  // What joins is gathered, but not by a process that ends at once.
  const { tell, deliver } = chatWorld(world, [chat], { intervalMs: 5 * MINUTE });
  return {
    titles: () => chat.sent.map(({ message }) => message.title),
    roots: () => [...chat.roots().values()].map(({ title }) => title),
    worker: async (rules: readonly Rule[], at: number) => {
      await tell(rules, at);
      await deliver(at);
    },
    check: async (rules: readonly Rule[], at: number) => {
      await tell(rules, at, { onlyLatest: true });
      await deliver(at);
    },
  };
}

describe('an incident that check --notify tells', () => {
  it('is joined at once, and told when it is over, by the checks that follow', async () => {
    const { check, titles, roots } = openScene();
    await others();
    await spend(60, AT - MINUTE);
    await check([rule], AT);
    await check([rule, byUser], AT + MINUTE);
    expect(titles()).toEqual([
      expect.stringMatching(/^\[WARNING\] burn/),
      expect.stringMatching(/^\[WARNING\] user-burn/),
    ]);
    // Once an hour, as a CI job runs: the second that finds it quiet knows that it is over.
    await check([rule, byUser], AT + 60 * MINUTE);
    await check([rule, byUser], AT + 90 * MINUTE);
    await check([rule, byUser], AT + 95 * MINUTE);
    expect(titles().slice(2)).toEqual([expect.stringMatching(/^\[RESOLVED\] .* \(\+1 more\)$/)]);
    expect(roots()).toEqual([expect.stringMatching(/^\[RESOLVED\]/)]);
    expect(await world.calls.sql.query('SELECT FROM spendwatch.alert')).toEqual([]);
  });

  it('is ended by the worker that watches the rule, once', async () => {
    const { check, worker, titles } = openScene();
    await others();
    await worker([rule], AT - 5 * MINUTE);
    await spend(60, AT - MINUTE);
    await check([rule], AT);
    for (let minute = 1; minute <= 30; minute += 1) {
      await worker([rule], AT + minute * MINUTE);
      if (minute % 10 === 5) await check([rule], AT + minute * MINUTE + 30_000);
    }
    expect(titles()).toEqual([
      expect.stringMatching(/^\[WARNING\] burn/),
      expect.stringMatching(/^\[RESOLVED\] burn/),
    ]);
  });

  it('is ended by checks when no worker has polled for a day', async () => {
    const { check, worker, titles } = openScene();
    await others();
    await worker([rule], AT - 25 * 60 * MINUTE);
    await spend(60, AT - MINUTE);
    for (const minute of [0, 30, 50]) await check([rule], AT + minute * MINUTE);
    expect(titles()).toEqual([
      expect.stringMatching(/^\[WARNING\] burn/),
      expect.stringMatching(/^\[RESOLVED\] burn/),
    ]);
  });
});
