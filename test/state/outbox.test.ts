import { describe, expect, test } from 'vitest';
import type { Failure, NewDelivery } from '../../src/model/delivery.ts';
import { openState, type State } from '../../src/state/open.ts';
import type { Claimed, Settlement } from '../../src/state/outbox.ts';
import { eventually } from '../support/until.ts';
import { ENGINES, stateDatabase } from './engines.ts';
import { AT, DAY, delivery, HOSTILE, MINUTE, notification, recording } from './samples.ts';

const LEASE = 30_000;
const refused: Failure = {
  kind: 'passing',
  reason: 'refused',
  text: '451 later \0\r\n<!channel>',
  retryAfterMs: null,
};

describe.each(ENGINES)('the outbox, on %s', (engine) => {
  const database = stateDatabase(engine);
  let channels = 0;
  /** A channel of the test's own, so that tests do not meet. */
  const newChannel = (): string => {
    channels += 1;
    return `channel-${channels}`;
  };
  const open = (): Promise<State> => openState(database.sql);

  async function queue(state: State, deliveries: readonly NewDelivery[], at = AT): Promise<void> {
    const fingerprint = `queue-${deliveries[0]?.id}`;
    const batch = { notifications: [notification()], compose: () => deliveries };
    await state.record([recording([], { fingerprint, batches: [batch] })], at);
  }

  async function claimed(state: State, channel: string, at = AT, leaseMs = LEASE): Promise<Claimed> {
    const one = await state.claim(channel, at, leaseMs);
    if (one === null) throw new Error(`nothing to claim on ${channel}`);
    return one;
  }

  function settlement(state: Settlement['state'], changes: Partial<Settlement> = {}): Settlement {
    const failure = state === 'delivered' ? null : refused;
    return { state, backoffStep: 1, nextAt: AT + MINUTE, accepted: [], failure, reports: null, ...changes };
  }

  test('what is claimed is what was queued, byte for byte', async () => {
    const state = await open();
    const one = delivery({ channel: newChannel(), others: ['chat', HOSTILE] });
    await queue(state, [one]);
    expect(await claimed(state, one.channel)).toEqual({
      ...one,
      token: expect.stringMatching(/^[0-9a-f-]{36}$/),
      attempts: 1,
      backoffStep: 0,
      accepted: [],
      nextAt: AT,
      createdAt: AT,
      firstTriedAt: AT,
      reportedAt: null,
      failure: null,
      isTakenOver: false,
      answers: null,
    });
  });

  test('each of 20 claims at the same time gets another delivery, the oldest due first, and no more', async () => {
    const state = await open();
    const channel = newChannel();
    // The last lies a minute ahead, as it may where another replica's clock does.
    const made = Array.from({ length: 11 }, () => delivery({ channel }));
    for (const [i, one] of made.entries()) await queue(state, [one], AT + i * MINUTE);
    const due = AT + 9 * MINUTE;
    const got = await Promise.all(Array.from({ length: 20 }, () => state.claim(channel, due, LEASE)));
    const ids = got.flatMap((one) => (one === null ? [] : [one.id]));
    expect(new Set(ids)).toEqual(new Set(made.slice(0, 10).map(({ id }) => id)));
    expect(ids).toHaveLength(10);
  });

  test('the oldest due comes first, and excepted ones are left', async () => {
    const state = await open();
    const channel = newChannel();
    const [young, old] = [delivery({ channel }), delivery({ channel })];
    await queue(state, [young], AT + MINUTE);
    await queue(state, [old], AT);
    expect((await state.claim(channel, AT + MINUTE, LEASE, [old.id]))?.id).toBe(young.id);
    expect((await claimed(state, channel, AT + MINUTE)).id).toBe(old.id);
  });

  test('a worker that died while sending is followed by one that repeats the same id and body', async () => {
    const state = await open();
    const one = delivery({ channel: newChannel() });
    await queue(state, [one]);
    const dead = await claimed(state, one.channel, AT, 3_000);
    expect(await state.claim(one.channel, AT, LEASE)).toBeNull();
    const heir = await eventually(() => claimed(state, one.channel));
    expect(heir).toMatchObject({ id: one.id, body: one.body, attempts: 2, firstTriedAt: AT });
    expect(heir.token).not.toBe(dead.token);

    // The first was only frozen: its word no longer counts.
    expect(await state.settle(dead, settlement('delivered'), AT)).toBe(false);
    expect((await state.queueLengths()).get(one.channel)).toBe(1);
    expect(await state.settle(heir, settlement('delivered'), AT)).toBe(true);
    expect((await state.queueLengths()).get(one.channel)).toBeUndefined();
  });

  test('a delivery that ends every process is claimed again at once, and then as seldom as one that fails', async () => {
    const state = await open();
    const one = delivery({ channel: newChannel() });
    await queue(state, [one]);
    let now = AT;
    expect(await claimed(state, one.channel, now, 0)).toMatchObject({ backoffStep: 0, isTakenOver: false });
    for (const [i, wait] of [
      30_000,
      2 * MINUTE,
      10 * MINUTE,
      30 * MINUTE,
      60 * MINUTE,
      60 * MINUTE,
    ].entries()) {
      expect(await claimed(state, one.channel, now, 0)).toMatchObject({
        id: one.id,
        backoffStep: i + 1,
        attempts: i + 2,
        isTakenOver: true,
        firstTriedAt: AT,
        failure: { kind: 'passing', reason: 'timeout', text: expect.stringContaining('the process') },
      });
      expect(await state.claim(one.channel, now + wait - 1, LEASE)).toBeNull();
      now += wait;
    }
    // This delivery is reported as overdue like any other.
    const overdue = await state.reportOverdue([one.channel], now - 1, now - 1, () => []);
    expect(overdue.map(({ id }) => id)).toEqual([one.id]);
    expect(await state.settle(await claimed(state, one.channel, now), settlement('delivered'), now)).toBe(
      true,
    );
    expect(await state.claim(one.channel, now + DAY, LEASE)).toBeNull();
  });

  test('other deliveries go before one that ended its process', async () => {
    const state = await open();
    const channel = newChannel();
    const [poison, later, last] = [delivery({ channel }), delivery({ channel }), delivery({ channel })];
    await queue(state, [poison], AT);
    await claimed(state, channel, AT, 0);
    await claimed(state, channel, AT, 0);
    await queue(state, [later], AT + 1);
    await queue(state, [last], AT + 2);
    const due = AT + 2 * MINUTE;
    const order = [
      await claimed(state, channel, due),
      await claimed(state, channel, due),
      await claimed(state, channel, due),
    ];
    expect(order.map(({ id }) => id)).toEqual([later.id, last.id, poison.id]);
  });

  test('an attempt that was settled is not counted twice, though its lease has ended', async () => {
    const state = await open();
    const one = delivery({ channel: newChannel() });
    await queue(state, [one]);
    await state.settle(await claimed(state, one.channel, AT, 0), settlement('queued'), AT);
    const next = await claimed(state, one.channel, AT + MINUTE);
    expect(next).toMatchObject({
      backoffStep: 1,
      attempts: 2,
      isTakenOver: false,
      failure: { reason: 'refused' },
    });
  });

  test('a lease does not outlive a clock of the database that went back', async () => {
    const state = await open();
    const one = delivery({ channel: newChannel() });
    await queue(state, [one]);
    await claimed(state, one.channel);
    await database.sql.query(
      `UPDATE spendwatch.delivery SET lease_until = lease_until + interval '1 hour' WHERE id = $1`,
      [one.id],
    );
    expect(await claimed(state, one.channel)).toMatchObject({ id: one.id, body: one.body, attempts: 2 });
  });

  test('a delivery whose lease has ended can be settled until another process claims it', async () => {
    const state = await open();
    const one = delivery({ channel: newChannel() });
    await queue(state, [one]);
    const holder = await claimed(state, one.channel, AT, 0);
    expect(await state.settle(holder, settlement('delivered'), AT)).toBe(true);
    expect(await state.claim(one.channel, AT + DAY, LEASE)).toBeNull();
  });

  test('a settlement may be repeated, and a delivered one takes no other', async () => {
    const state = await open();
    const one = delivery({ channel: newChannel() });
    await queue(state, [one]);
    const holder = await claimed(state, one.channel);
    expect(await state.settle(holder, settlement('delivered'), AT)).toBe(true);
    expect(await state.settle(holder, settlement('delivered'), AT)).toBe(true);
    expect(await state.settle(holder, settlement('queued'), AT)).toBe(false);
    expect(await state.claim(one.channel, AT + DAY, LEASE)).toBeNull();
  });

  test('a failed attempt waits for its time, and stores who has accepted and why it failed', async () => {
    const state = await open();
    const one = delivery({ channel: newChannel() });
    await queue(state, [one]);
    const accepted = ['ann@example.com', HOSTILE];
    await state.settle(await claimed(state, one.channel), settlement('queued', { accepted }), AT);
    expect(await state.claim(one.channel, AT + MINUTE - 1, LEASE)).toBeNull();
    expect(await claimed(state, one.channel, AT + MINUTE)).toMatchObject({
      backoffStep: 1,
      attempts: 2,
      accepted,
      body: one.body,
      failure: { kind: 'passing', reason: 'refused', text: refused.text.replace('\0', '') },
    });
  });

  test('a report is queued with the settlement, once per delivery', async () => {
    const state = await open();
    const [one, first, second] = [1, 2, 3].map(() => delivery({ channel: newChannel() }));
    if (one === undefined || first === undefined || second === undefined) throw new Error('three deliveries');
    await queue(state, [one]);
    await state.settle(await claimed(state, one.channel), settlement('reported', { reports: [first] }), AT);
    const again = await claimed(state, one.channel, AT + MINUTE);
    expect(again.reportedAt).toBe(AT);
    await state.settle(again, settlement('given_up', { reports: [second] }), AT + MINUTE);
    const waiting = await state.queueLengths();
    expect([one, first, second].map(({ channel }) => waiting.get(channel))).toEqual([
      undefined,
      1,
      undefined,
    ]);
  });

  test('a delivery that is there already is not queued again', async () => {
    const state = await open();
    const one = delivery({ channel: newChannel() });
    await queue(state, [one]);
    const batch = { notifications: [notification()], compose: () => [one] };
    await state.record([recording([], { fingerprint: `again-${one.id}`, batches: [batch] })], AT);
    expect((await state.queueLengths()).get(one.channel)).toBe(1);
  });

  describe('deliveries that wait for 15 minutes', () => {
    const LATE = AT + 15 * MINUTE;
    const STARTED_NOW = LATE;

    test('are reported once, after a failure', async () => {
      const state = await open();
      const [one, report] = [delivery({ channel: newChannel() }), delivery({ channel: newChannel() })];
      await queue(state, [one]);
      const nextAt = LATE + MINUTE;
      await state.settle(await claimed(state, one.channel), settlement('queued', { nextAt }), AT);
      const reportAt = (now: number) => state.reportOverdue([one.channel], now, STARTED_NOW, () => [report]);
      expect(await reportAt(LATE - 1)).toEqual([]);
      const reported = await Promise.all([reportAt(LATE), reportAt(LATE), reportAt(LATE)]);
      expect(reported.flat().map(({ id }) => id)).toEqual([one.id]);
      expect((await state.queueLengths()).get(report.channel)).toBe(1);
      expect((await claimed(state, one.channel, nextAt)).reportedAt).toBe(LATE);
    });

    test('are first tried again by a worker that has just started', async () => {
      const state = await open();
      const one = delivery({ channel: newChannel() });
      await queue(state, [one]);
      expect(await state.reportOverdue([one.channel], LATE, STARTED_NOW, () => [])).toEqual([]);
      expect(await state.reportOverdue([one.channel], LATE, AT, () => [])).toMatchObject([{ id: one.id }]);
    });

    test('are not reported while they are sent, when they are reports, or when they are another file’s', async () => {
      const state = await open();
      const channel = newChannel();
      const made = [delivery({ channel }), delivery({ channel, isReport: true })];
      await queue(state, made);
      expect(await state.reportOverdue([newChannel()], LATE, AT, () => [])).toEqual([]);
      await claimed(state, channel);
      await claimed(state, channel);
      expect(await state.reportOverdue([channel], LATE, AT, () => [])).toEqual([]);
    });
  });

  test('deliveries to a channel that is gone are reported after a minute, and given up after a day', async () => {
    const state = await open();
    const one = delivery({ channel: `gone-${newChannel()}` });
    const report = delivery({ channel: newChannel(), isReport: true });
    await queue(state, [one]);
    const existing = async () =>
      [...(await state.queueLengths()).keys()].filter((name) => name !== one.channel).concat(report.channel);
    const look = async (now: number) => {
      const terms = { channels: await existing(), leaseToken: 'ours', failure: refused, now };
      const { reported, givenUp } = await state.reportOrphans(terms, () => [report]);
      return [reported.map(({ id }) => id), givenUp.map(({ id }) => id)];
    };
    expect(await look(AT + MINUTE - 1)).toEqual([[], []]);
    expect(await look(AT + MINUTE)).toEqual([[one.id], []]);
    expect(await look(AT + 2 * MINUTE)).toEqual([[], []]);
    expect(await look(AT + DAY)).toEqual([[], [one.id]]);
    expect((await state.queueLengths()).get(one.channel)).toBeUndefined();
  });
});
