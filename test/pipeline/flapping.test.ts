import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Channel } from '../../src/channels/channel.ts';
import { AppError } from '../../src/model/errors.ts';
import type { Rule } from '../../src/model/rule.ts';
import { poll } from '../../src/pipeline/poll.ts';
import type { AuditStore } from '../../src/stores/audit-store.ts';
import { chatWorld, openChat } from './chat-world.ts';
import { burn, DAY, HOUR, MINUTE, openPollWorld, type PollWorld } from './poll-world.ts';

const AT = Date.parse('2026-11-20T14:05:00Z');
let world: PollWorld;
beforeAll(async () => {
  world = await openPollWorld();
});
afterAll(() => world.stop());
beforeEach(() => world.clear());

const notify = ['people'];
const spend = (cost: number, at: number) => world.calls.log({ at, cost, service: 'search' });
/** A call each minute of another service, so that the store has newer rows. */
const others = (from: number, minutes: number) =>
  world.calls.log(
    ...Array.from({ length: minutes }, (_, i) => ({
      at: from + i * MINUTE + 1,
      cost: 0.01,
      service: 'quiet',
    })),
  );

function openScene() {
  const chat = openChat();
  const { tell, deliver } = chatWorld(world, [chat]);
  return {
    titles: () => chat.sent.map(({ message }) => message.title),
    incidents: () =>
      world.calls.sql.query<{ closed_at: Date | null }>('SELECT closed_at FROM spendwatch.incident'),
    async polls(rules: readonly Rule[], from: number, to: number) {
      for (let at = from; at <= to; at += MINUTE) {
        await tell(rules, at);
        await deliver(at);
      }
    },
  };
}

const BEGAN = expect.stringMatching(/^\[WARNING\] burn: search/);
const OVER = expect.stringMatching(/^\[RESOLVED\] burn: search back to normal/);

describe('a value that crosses its limit again and again', () => {
  it('is one incident, told when it begins and when it has been quiet for resolve_after', async () => {
    const { titles, incidents, polls } = openScene();
    const rule = burn({ notify, window: '1m' });
    await others(AT - HOUR, 180);
    // 25 times up and 25 times down: over the limit in two minutes of five, for an hour and some more.
    for (let i = 0; i < 25; i += 1) {
      const from = AT + Math.floor(i * 2.5) * MINUTE;
      await spend(60, from - 1_000);
    }
    await polls([rule], AT, AT + 74 * MINUTE);
    expect(titles()).toEqual([BEGAN]);
    await polls([rule], AT + 75 * MINUTE, AT + 120 * MINUTE);
    expect(titles()).toEqual([BEGAN, OVER]);
    expect(await incidents()).toEqual([{ closed_at: new Date(AT + 61 * MINUTE) }]);
  });
});

describe('missing data', () => {
  const rule = burn({ notify });

  it('resolves nothing while the store has no newer rows, and 24 h later the alert ends without a word', async () => {
    const { titles, incidents, polls } = openScene();
    await spend(60, AT - 1_000);
    await polls([rule], AT, AT + 90 * MINUTE);
    expect(titles()).toEqual([BEGAN]);
    expect(await incidents()).toEqual([{ closed_at: null }]);
    await polls([rule], AT + DAY - 5 * MINUTE, AT + DAY + 15 * MINUTE);
    expect(titles()).toEqual([BEGAN]);
    expect(await incidents()).toMatchObject([{ closed_at: expect.any(Date) }]);
  });

  it('resolves nothing where a ratio has no calls', async () => {
    const { titles, incidents, polls } = openScene();
    const ratio = burn({ notify, name: 'failing', metric: 'error_rate', thresholds: { warning: 0.5 } });
    await others(AT - HOUR, 180);
    await world.calls.log({ at: AT - 1_000, service: 'search', status: 500 });
    await polls([ratio], AT, AT + 60 * MINUTE);
    expect(titles()).toEqual([expect.stringMatching(/^\[WARNING\] failing: search/)]);
    expect(await incidents()).toEqual([{ closed_at: null }]);
  });

  it('resolves nothing while the store cannot be read, and what it then says of that hour counts', async () => {
    const { titles, polls } = openScene();
    await others(AT - HOUR, 240);
    // It holds all the time, until 33 minutes after the store can be read again.
    for (let minute = -1; minute <= 90; minute += 10) await spend(60, AT + minute * MINUTE);
    await polls([rule], AT, AT + 5 * MINUTE);
    const unreachable = () => Promise.reject(new AppError('store_unreachable', 'the store is down'));
    const store: AuditStore = { ...world.calls.store, read: unreachable };
    const parts = world.parts([rule], { store, source: store });
    for (let minute = 6; minute <= 66; minute += 1) {
      const { error, queued } = await poll(parts, AT + minute * MINUTE, () => AT + minute * MINUTE);
      expect([error?.code, queued]).toEqual(['store_unreachable', []]);
    }
    await polls([rule], AT + 67 * MINUTE, AT + 110 * MINUTE);
    expect(titles()).toEqual([BEGAN]);
    await polls([rule], AT + 111 * MINUTE, AT + 125 * MINUTE);
    expect(titles()).toEqual([BEGAN, OVER]);
  });
});

describe('the end of a calendar day', () => {
  it('is no word for people, and an end for programs', async () => {
    const rule = burn({ notify: ['people', 'hook'], window: 'today', thresholds: { warning: 50 } });
    const chat = openChat();
    const hook: Channel = {
      ...openChat({ name: 'hook' }).channel,
      audience: 'programs',
      render: ({ json }) => json,
    };
    const channels = new Map([chat.channel, hook].map((channel) => [channel.name, channel]));
    const terms = new Map(
      [...channels.keys()].map((name) => [name, { byIncident: true, sendResolved: true }]),
    );
    const incidents = { by: 'service' as const, intervalMs: 0, terms };
    const midnight = Date.parse('2026-11-21T00:00:00Z');
    await others(midnight - HOUR, 120);
    await spend(60, midnight - 30 * MINUTE);
    const queued = [];
    for (let minute = -20; minute <= 30; minute += 1) {
      const report = await world.poll([rule], midnight + minute * MINUTE, { channels, incidents });
      expect(report.error).toBeNull();
      queued.push(
        ...report.queued.map(({ channel, message, body }) => ({
          minute,
          channel,
          title: message.title,
          body,
        })),
      );
    }
    expect(queued.map(({ minute, channel }) => [minute, channel])).toEqual([
      [-20, 'people'],
      [-20, 'hook'],
      [1, 'hook'],
    ]);
    expect(JSON.parse(queued[2]?.body ?? '')).toMatchObject({
      type: 'alert.resolved',
      data: { alerts: [{ reason: 'ended' }] },
    });
  });
});
