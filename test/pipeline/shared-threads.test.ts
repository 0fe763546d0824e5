import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
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
const rule = burn({ notify, resolve_after: '2m' });
const SERVICES = ['a', 'b', 'c', 'd', 'e'];
const spend = (cost: number, at: number, ...services: readonly string[]) =>
  world.calls.log(...services.map((service) => ({ at, cost, service, user: `of ${service}` })));
/** A call each minute of another service, so that the store has newer rows. */
const others = () =>
  world.calls.log(
    ...Array.from({ length: 60 }, (_, i) => ({
      at: AT - 20 * MINUTE + i * MINUTE,
      cost: 0.01,
      service: 'quiet',
    })),
  );
const titleOf = (chat: ReturnType<typeof openChat>) => [...chat.roots().values()].map(({ title }) => title);

describe('several incidents that share a thread', () => {
  it('are over one by one: its first message says of each what is true', async () => {
    const chat = openChat();
    const { tell, deliver } = chatWorld(world, [chat]);
    await others();
    await spend(60, AT - MINUTE, ...SERVICES);
    // The others go on for longer than a and b.
    await spend(60, AT + 5 * MINUTE, 'c', 'd', 'e');
    await spend(60, AT + 8 * MINUTE, 'e');
    for (let i = 0; i <= 14; i += 1) {
      await tell([rule], AT + i * MINUTE);
      await deliver(AT + i * MINUTE);
    }
    expect(titleOf(chat)).toEqual([expect.stringMatching(/^\[CRITICAL\] burn: .* \(\+4 more\)$/)]);
    const [root] = chat.roots().values();
    const over = root?.alerts
      .filter(({ resolvedAt }) => resolvedAt !== null)
      .map(({ group }) => group.service);
    expect(over?.sort()).toEqual(['a', 'b']);
    for (let i = 15; i <= 25; i += 1) {
      await tell([rule], AT + i * MINUTE);
      await deliver(AT + i * MINUTE);
    }
    expect(titleOf(chat)).toEqual([expect.stringMatching(/^\[RESOLVED\] .* \(\+4 more\)$/)]);
  });

  it('are told once where the first message was not sent before later news of two of them', async () => {
    const chat = openChat();
    const { tell, deliver } = chatWorld(world, [chat]);
    await others();
    await spend(60, AT - MINUTE, ...SERVICES);
    await tell([rule], AT);
    await spend(60, AT, 'a', 'b');
    await tell([rule], AT + MINUTE);
    await deliver(AT + MINUTE);
    expect(chat.sent.map(({ message }) => message.sections.length)).toEqual([5]);
    expect(chat.sent[0]?.message.title).toMatch(/^\[CRITICAL\] burn: a .* \(\+4 more\)$/);
  });

  it('are not over where one of them is, in a message that was not sent yet', async () => {
    const chat = openChat();
    const { tell, deliver } = chatWorld(world, [chat]);
    await others();
    await spend(60, AT - MINUTE, ...SERVICES);
    await spend(60, AT + 5 * MINUTE, 'b', 'c', 'd', 'e');
    for (let i = 0; i <= 12; i += 1) await tell([rule], AT + i * MINUTE);
    await deliver(AT + 12 * MINUTE);
    expect(chat.sent).toHaveLength(1);
    expect(chat.sent[0]?.message.footer[0]).toMatch(
      /^To silence the incident about service \w for two hours/,
    );
  });
});

describe('news that is told together with much that was never sent', () => {
  const perUser = burn({
    name: 'by-user',
    group_by: ['service', 'user'],
    notify,
    thresholds: { warning: 50 },
  });
  const inAll = burn({ name: 'in-all', notify, thresholds: { critical: 100 } });

  it('comes first where it is more severe', async () => {
    const chat = openChat();
    const { tell, deliver } = chatWorld(world, [chat]);
    const calls = Array.from({ length: 12 }, (_, i) => ({ at: AT - MINUTE, cost: 60, user: `user-${i}` }));
    await world.calls.log(...calls);
    await tell([perUser], AT);
    await tell([perUser, inAll], AT + MINUTE);
    await deliver(AT + MINUTE);
    expect(chat.sent.map(({ message }) => message.title)).toEqual([
      '[CRITICAL] in-all: search $720.00 in 10m (limit $100.00) (+12 more)',
    ]);
  });

  it('is not lost where it is only counted', async () => {
    const chat = openChat();
    const { tell, deliver } = chatWorld(world, [chat]);
    const calls = Array.from({ length: 12 }, (_, i) => ({ at: AT - MINUTE, cost: 60, user: `user-${i}` }));
    await world.calls.log(...calls);
    await tell([perUser], AT);
    await tell([perUser, burn({ name: 'warned', notify, thresholds: { warning: 100 } })], AT);
    await deliver(AT);
    expect(chat.sent.map(({ message }) => message.title)).toEqual([
      expect.stringMatching(/^\[WARNING\] by-user: .* \(\+12 more\)$/),
    ]);
  });
});

describe('an alert that is over while its incident goes on', () => {
  it('and fires again keeps the incident open, which is over once', async () => {
    const chat = openChat();
    const { tell, deliver } = chatWorld(world, [chat]);
    const calls = burn({
      name: 'calls',
      metric: 'calls',
      window: '1m',
      thresholds: { warning: 1 },
      notify,
      resolve_after: '2m',
    });
    await others();
    // Calls go on for 18 minutes; the spend is over after 9 minutes, and fires again from the 14th to the 24th.
    await world.calls.log(
      ...Array.from({ length: 19 }, (_, i) => ({ at: AT + (i - 1) * MINUTE, cost: 0, service: 'a' })),
    );
    await spend(60, AT - MINUTE, 'a');
    await spend(60, AT + 14 * MINUTE - 1, 'a');
    const until = async (from: number, to: number) => {
      for (let i = from; i <= to; i += 1) {
        await tell([rule, calls], AT + i * MINUTE);
        await deliver(AT + i * MINUTE);
      }
    };
    const ofA = ({ message }: (typeof chat.sent)[number]) =>
      message.alerts.some(({ group }) => group.service === 'a');
    const titles = () => chat.sent.filter(ofA).map(({ message }) => message.title);
    await until(0, 23);
    expect(titles()).toHaveLength(1);
    await until(24, 40);
    expect(titles().slice(1)).toEqual([
      expect.stringMatching(/^\[RESOLVED\] calls: a back to normal after .* \(\+1 more\)$/),
    ]);
  });
});
