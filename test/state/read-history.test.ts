import { describe, expect, test } from 'vitest';
import { ensureCurrent, migrate } from '../../src/state/migrate.ts';
import { openState, type State } from '../../src/state/open.ts';
import type { Settlement } from '../../src/state/outbox.ts';
import { type HistoryQuestion, type PastDelivery, readHistory } from '../../src/state/read-history.ts';
import { requeue } from '../../src/state/requeue.ts';
import { ENGINES, stateDatabase } from './engines.ts';
import { AT, DAY, delivery, HOSTILE, MINUTE, notification, recording } from './samples.ts';

const refused = { kind: 'final', reason: 'refused', text: '410 gone', retryAfterMs: null } as const;

describe.each(ENGINES)('what was told, on %s', (engine) => {
  const database = stateDatabase(engine);
  let state: State;

  const queue = async (changes: Parameters<typeof delivery>[0], at = AT): Promise<string> => {
    const one = delivery(changes);
    const batch = { notifications: [notification()], compose: () => [one] };
    await state.record([recording([], { fingerprint: one.id, batches: [batch] })], at);
    return one.id;
  };
  const settle = async (channel: string, to: Settlement['state'], at = AT): Promise<void> => {
    const claimed = await state.claim(channel, at, 30_000);
    if (claimed === null) throw new Error('nothing is due');
    const failure = to === 'delivered' ? null : refused;
    await state.settle(
      claimed,
      { state: to, backoffStep: 1, nextAt: at, accepted: ['a@b'], failure, reports: null },
      at,
    );
  };
  const read = async (question: Partial<HistoryQuestion>, most = Number.POSITIVE_INFINITY) => {
    const found: PastDelivery[] = [];
    const all = { since: 0, rules: [], channels: [], outcomes: [], ...question };
    await readHistory(database.sql, all, (one) => found.push(one) < most);
    return found;
  };

  test('a database without a state, or with that of another version, is told apart and left alone', async () => {
    await expect(ensureCurrent(database.sql)).rejects.toMatchObject({ code: 'state_missing' });
    await migrate(database.sql);
    await ensureCurrent(database.sql);
    const [{ newest }] = (await database.sql.query(
      'SELECT max(number) AS newest FROM spendwatch.migration',
    )) as [{ newest: number }];
    await database.sql.query('INSERT INTO spendwatch.migration VALUES ($1, $2)', [newest + 1, 'of tomorrow']);
    await expect(ensureCurrent(database.sql)).rejects.toMatchObject({ code: 'state_newer' });
    await database.sql.query('DELETE FROM spendwatch.migration WHERE number >= $1', [newest]);
    await expect(ensureCurrent(database.sql)).rejects.toMatchObject({ code: 'state_older' });
    await database.sql.query('INSERT INTO spendwatch.migration VALUES ($1, $2)', [newest, 'again']);
    state = await openState(database.sql);
  });

  test('is read the newest first, page by page, as far as it is wanted', async () => {
    const ids: string[] = [];
    for (let i = 0; i < 105; i += 1) ids.push(await queue({ channel: 'many' }, AT + i));
    const all = await read({ channels: ['many'] });
    expect(all.map(({ id }) => id)).toEqual(ids.toReversed());
    expect(await read({ channels: ['many'] }, 3)).toHaveLength(3);
    expect(await read({ channels: ['many'], since: AT + 100 })).toHaveLength(5);
    expect(all[0]).toMatchObject({ outcome: 'pending', rule: 'hourly-burn', failure: null, settledAt: null });
  });

  test('is found by rule, also of news that another rule leads, by channel and by outcome', async () => {
    const odd = `a"b${HOSTILE.replaceAll('\0', '')}`;
    const notices = JSON.stringify({ notices: [{ rule: odd }], more: 0 });
    const news = { notices, notBefore: AT, replaces: [] };
    const joined = await queue({ channel: 'x', news });
    await queue({ channel: 'x', rule: 'other' }, AT + MINUTE);
    expect((await read({ channels: ['x'], rules: [odd] })).map(({ id }) => id)).toEqual([joined]);
    expect((await read({ rules: [odd] }))[0]).toMatchObject({ notices });
    await settle('x', 'delivered');
    await settle('x', 'given_up', AT + MINUTE);
    const outcomes = async (...asked: HistoryQuestion['outcomes']) =>
      (await read({ channels: ['x'], outcomes: asked })).map(({ outcome }) => outcome);
    expect(await outcomes('given_up')).toEqual(['given_up']);
    expect(await outcomes('given_up', 'delivered')).toEqual(['given_up', 'delivered']);
    expect(await outcomes('pending')).toEqual([]);
    const [lost] = await read({ channels: ['x'], outcomes: ['given_up'] });
    expect(lost).toMatchObject({ failure: { reason: 'refused', text: '410 gone' }, settledAt: AT + MINUTE });
  });

  test('what waits for its next attempt is due at once, with its own attempts, and only while it waits', async () => {
    const id = await queue({ channel: 'waits' });
    const first = await state.claim('waits', AT, 30_000);
    if (first === null) throw new Error('nothing is due');
    const retry = { state: 'queued' as const, backoffStep: 3, nextAt: AT + DAY, accepted: [] };
    await state.settle(first, { ...retry, failure: refused, reports: null }, AT);
    expect(await state.claim('waits', AT + MINUTE, 30_000)).toBeNull();
    const noChannel = requeue(database.sql, id, AT + MINUTE, () => {
      throw new Error('no such channel');
    });
    await expect(noChannel).rejects.toThrow('no such channel');
    expect(await requeue(database.sql, id, AT + MINUTE, () => undefined)).toMatchObject({
      before: 'queued',
      nextAt: AT + DAY,
    });
    // What is due already is not put off.
    expect(await requeue(database.sql, id, AT + DAY, () => undefined)).toMatchObject({ nextAt: AT + MINUTE });
    expect(await state.claim('waits', AT + MINUTE, 30_000)).toMatchObject({
      id,
      body: first.body,
      backoffStep: 3,
      attempts: 2,
      firstTriedAt: AT,
    });
  });

  test('what was given up is queued again under its id, with a day of attempts and without who has it', async () => {
    const id = await queue({ channel: 'lost' });
    const again = (now = AT + 3 * DAY) => requeue(database.sql, id, now, () => undefined);
    expect(await again(AT)).toMatchObject({ before: 'queued', nextAt: AT });
    const before = await state.claim('lost', AT, 30_000);
    if (before === null) throw new Error('nothing is due');
    await state.settle(
      before,
      { state: 'given_up', backoffStep: 5, nextAt: AT, accepted: ['a@b'], failure: refused, reports: [] },
      AT,
    );
    await expect(
      requeue(database.sql, id, AT, () => {
        throw new Error('no such channel');
      }),
    ).rejects.toThrow('no such channel');
    expect(await state.claim('lost', AT + 3 * DAY, 30_000)).toBeNull();

    expect(await again()).toMatchObject({ channel: 'lost', before: 'given_up', settledAt: AT });
    expect(await state.reportOverdue(['lost'], AT + 4 * DAY, AT, () => [])).toEqual([]);
    expect(await again()).toMatchObject({ before: 'queued' });
    const claimed = await state.claim('lost', AT + 3 * DAY, 30_000);
    expect(claimed).toMatchObject({
      id,
      body: before.body,
      accepted: ['a@b'],
      backoffStep: 0,
      attempts: 2,
      firstTriedAt: AT + 3 * DAY,
      isTakenOver: false,
    });
    if (claimed === null) throw new Error('nothing is due');
    await state.settle(
      claimed,
      { state: 'delivered', backoffStep: 0, nextAt: AT, accepted: [], failure: null, reports: null },
      AT + 3 * DAY,
    );
    expect(await again()).toMatchObject({ before: 'delivered', settledAt: AT + 3 * DAY });
    expect(await requeue(database.sql, 'msg_none', AT, () => undefined)).toBeNull();
  });
});
