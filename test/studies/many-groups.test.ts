import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  alertsQueuedBy,
  burn,
  HOUR,
  MINUTE,
  openPollWorld,
  type PollWorld,
  reasonsOf,
} from '../pipeline/poll-world.ts';

const AT = Date.parse('2026-11-20T14:05:00Z');

let world: PollWorld;
beforeAll(async () => {
  world = await openPollWorld();
});
afterAll(() => world.stop());

describe('a rule that fired for many groups at many missed evaluation times', () => {
  it('is caught up on over several polls, as its firings exceed what one poll can hold', async () => {
    const users = 2_500;
    const rules = [
      burn({ name: 'by user', window: '24h', group_by: ['user'] }),
      burn({ name: 'in all', window: '24h', thresholds: { warning: 1 } }),
    ];
    await world.calls.log(
      ...Array.from({ length: users }, (_, i) => ({ at: AT - 9 * HOUR, cost: 60, user: `user-${i}` })),
    );
    const progress = async (name: string) => {
      const fingerprint = world.parts(rules).fingerprints.get(name) as string;
      return (await world.state.readWatermarks([fingerprint])).get(fingerprint);
    };
    const before = AT - 8 * HOUR;
    expect(reasonsOf(await world.poll(rules, before))).toHaveLength(users + 1);
    await world.calls.log({ at: AT - 2 * MINUTE, cost: 70, user: 'late' });

    const first = await world.poll(rules, AT);
    expect(first.error).toBeNull();
    expect(await progress('in all')).toBe(AT);
    const judgedTo = (await progress('by user')) as number;
    expect(judgedTo).toBeGreaterThan(before + HOUR);
    expect(judgedTo).toBeLessThan(AT);
    expect(alertsQueuedBy(first)).toEqual([]);

    const second = await world.poll(rules, AT + MINUTE);
    expect(second.error).toBeNull();
    expect(await progress('by user')).toBe(AT + MINUTE);
    expect(alertsQueuedBy(second)).toMatchObject([{ rule: 'by user', at: '2026-11-20T14:04:00Z' }]);
    expect(reasonsOf(second).filter((reason) => reason !== 'duplicate')).toEqual(['new']);
  });
});
