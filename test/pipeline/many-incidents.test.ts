import { expect, it } from 'vitest';
import { chatWorld, openChat } from './chat-world.ts';
import { burn, MINUTE, openPollWorld } from './poll-world.ts';

const AT = Date.parse('2026-11-20T14:05:00Z');
const MANY = 5_000;

it('thousands of incidents that begin and end at once are two messages in one thread', async ({
  onTestFinished,
}) => {
  const world = await openPollWorld();
  onTestFinished(() => world.stop());
  const chat = openChat();
  const { tell, deliver } = chatWorld(world, [chat]);
  const rule = burn({ notify: ['people'], resolve_after: '2m' });
  await world.calls.log(
    ...Array.from({ length: MANY }, (_, i) => ({
      at: AT - MINUTE,
      cost: 60 + i / 100,
      service: `service-${i}`,
    })),
    ...Array.from({ length: 30 }, (_, i) => ({ at: AT + i * MINUTE, cost: 0.01, service: 'quiet' })),
  );
  for (const minute of [0, 1, 9, 10, 11, 12]) {
    await tell([rule], AT + minute * MINUTE);
    await deliver(AT + minute * MINUTE);
  }
  expect(chat.sent.map(({ message }) => message.title)).toEqual([
    expect.stringMatching(/^\[CRITICAL\] burn: service-4999 .* \(\+4,999 more\)$/),
    expect.stringMatching(/^\[RESOLVED\] burn: service-\d+ .* after 10 min \(\+4,999 more\)$/),
  ]);
  expect([...chat.roots().values()].map(({ title }) => title)).toEqual([
    expect.stringMatching(/^\[RESOLVED\]/),
  ]);
  const open = await world.calls.sql.query(
    'SELECT FROM spendwatch.incident WHERE closed_at IS NULL UNION ALL SELECT FROM spendwatch.alert',
  );
  expect(open).toEqual([]);
});
