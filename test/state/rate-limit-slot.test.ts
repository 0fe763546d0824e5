import { describe, expect, test } from 'vitest';
import { openState, type State } from '../../src/state/open.ts';
import type { Claimed } from '../../src/state/outbox.ts';
import type { SlotTaken } from '../../src/state/rate-limit-slot.ts';
import { eventually } from '../support/until.ts';
import { ENGINES, stateDatabase } from './engines.ts';
import { AT, delivery, notification, recording } from './samples.ts';

const LEASE = 30_000;
const SPACING = 2_000;

describe.each(ENGINES)('a channel with a limited rate, on %s', (engine) => {
  const database = stateDatabase(engine);
  let channels = 0;

  /** Some deliveries that wait on a channel of the test's own. */
  async function waiting(count: number): Promise<{ state: State; channel: string }> {
    const state = await openState(database.sql);
    channels += 1;
    const channel = `channel-${channels}`;
    const made = Array.from({ length: count }, () => delivery({ channel }));
    const batch = { notifications: [notification()], compose: () => made };
    await state.record([recording([], { fingerprint: channel, batches: [batch] })], AT);
    return { state, channel };
  }

  const claim = (state: State, channel: string, leaseMs = LEASE): Promise<Claimed | SlotTaken | null> =>
    state.claimRateLimited(channel, SPACING, { now: AT, leaseMs, except: [] });
  const isClaimed = (one: Claimed | SlotTaken | null): one is Claimed => one !== null && 'token' in one;

  async function claimed(state: State, channel: string, leaseMs = LEASE): Promise<Claimed> {
    return eventually(async () => {
      const found = await claim(state, channel, leaseMs);
      if (!isClaimed(found)) throw new Error(`not yet: ${JSON.stringify(found)}`);
      return found;
    });
  }

  const delivered = {
    state: 'delivered',
    backoffStep: 0,
    nextAt: AT,
    accepted: [],
    failure: null,
    reports: null,
  } as const;

  test('has one send at a time among all who ask at once', async () => {
    const { state, channel } = await waiting(5);
    const got = await Promise.all(Array.from({ length: 10 }, () => claim(state, channel)));
    expect(got.filter(isClaimed)).toHaveLength(1);
    expect(got.filter((one) => one !== null && !isClaimed(one))).toHaveLength(9);
  });

  test('is free when so much time has passed since the last attempt ended, and not before', async () => {
    const { state, channel } = await waiting(3);
    const first = await claimed(state, channel);
    expect(await claim(state, channel)).toMatchObject({ waitMs: expect.any(Number) });
    await state.settle(first, delivered, AT);
    const settledAt = performance.now();
    const notYet = await claim(state, channel);
    expect(notYet).toMatchObject({ waitMs: expect.any(Number) });
    expect((notYet as SlotTaken).waitMs).toBeLessThanOrEqual(SPACING);
    const second = await claimed(state, channel);
    expect(performance.now() - settledAt).toBeGreaterThan(SPACING - 50);
    expect(second.id).not.toBe(first.id);
  });

  test('is asked for nothing where nothing is due', async () => {
    const { state, channel } = await waiting(1);
    const only = await claimed(state, channel);
    expect(await claim(state, channel)).toBeNull();
    await state.settle(only, delivered, AT);
    expect(await claim(state, channel)).toBeNull();
  });

  test('is held by a process that died while it sent as long as its lease', async () => {
    const { state, channel } = await waiting(2);
    const dead = await claimed(state, channel, 200);
    const heir = await claimed(state, channel);
    expect(heir).toMatchObject({ id: dead.id, attempts: 2 });
    // Its settlement comes too late, and does not free the slot of the other one.
    expect(await state.settle(dead, delivered, AT)).toBe(false);
    expect((await claim(state, channel)) as SlotTaken).toMatchObject({ waitMs: expect.any(Number) });
  });

  test('does not wait for a clock of the database that went back', async () => {
    const { state, channel } = await waiting(2);
    await claimed(state, channel);
    await database.sql.query(
      `UPDATE spendwatch.rate_limit_slot SET free_at = free_at + interval '1 hour' WHERE channel = $1`,
      [channel],
    );
    expect(isClaimed(await claim(state, channel))).toBe(true);
  });

  test('delays no other channel', async () => {
    const busy = await waiting(2);
    const other = await waiting(1);
    await claimed(busy.state, busy.channel);
    expect(isClaimed(await claim(other.state, other.channel))).toBe(true);
  });
});
