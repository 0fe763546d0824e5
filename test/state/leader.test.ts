import { describe, expect, test } from 'vitest';
import { openState } from '../../src/state/open.ts';
import { eventually } from '../support/until.ts';
import { stateDatabase } from './engines.ts';
import { AT, notification, recording } from './samples.ts';

const LONG = 60_000;

describe('the lease to poll', () => {
  const database = stateDatabase('postgres');
  let scopes = 0;
  /** Two workers of a scope of the test's own. */
  const twoOf = () => {
    scopes += 1;
    const scope = `scope-${scopes}`;
    return [
      { scope, token: `first of ${scope}` },
      { scope, token: `second of ${scope}` },
    ] as const;
  };

  test('is held by one worker, which renews it; the others learn how long it lasts', async () => {
    const state = await openState(database.sql);
    const [first, second] = twoOf();
    expect(await state.hold(first, LONG)).toEqual({ isHeld: true, remainingMs: LONG });
    expect(await state.hold(first, LONG)).toMatchObject({ isHeld: true });
    const { isHeld, remainingMs } = await state.hold(second, LONG);
    expect(isHeld).toBe(false);
    expect(remainingMs).toBeGreaterThan(0);
    expect(remainingMs).toBeLessThanOrEqual(LONG);
  });

  test('is given to exactly one of many who ask at the same time', async () => {
    const state = await openState(database.sql);
    const [{ scope }] = twoOf();
    const asked = Array.from({ length: 20 }, (_, i) => state.hold({ scope, token: String(i) }, LONG));
    expect((await Promise.all(asked)).filter(({ isHeld }) => isHeld)).toHaveLength(1);
  });

  test('of other polls is another lease', async () => {
    const state = await openState(database.sql);
    const [first] = twoOf();
    const [other] = twoOf();
    await state.hold(first, LONG);
    expect(await state.hold(other, LONG)).toMatchObject({ isHeld: true });
  });

  test('is taken over when it has run out, and then the first one has lost it', async () => {
    const state = await openState(database.sql);
    const [first, second] = twoOf();
    await state.hold(first, 3_000);
    expect(await state.hold(second, LONG)).toMatchObject({ isHeld: false });
    await eventually(async () => expect(await state.hold(second, LONG)).toMatchObject({ isHeld: true }));
    expect(await state.hold(first, LONG)).toMatchObject({ isHeld: false });
  });

  test('that ended while no other worker asked is still its holder’s', async () => {
    const state = await openState(database.sql);
    const [first] = twoOf();
    await state.hold(first, 0);
    await expect(state.record([], AT, { leader: first })).resolves.toMatchObject({ queued: [] });
    expect(await state.hold(first, LONG)).toMatchObject({ isHeld: true });
  });

  test('is free at once when it is given back, by its holder alone', async () => {
    const state = await openState(database.sql);
    const [first, second] = twoOf();
    await state.hold(first, LONG);
    await state.release(second);
    expect(await state.hold(second, LONG)).toMatchObject({ isHeld: false });
    await state.release(first);
    expect(await state.hold(second, LONG)).toMatchObject({ isHeld: true });
  });

  test('does not outlive a clock of the database that went back', async () => {
    const state = await openState(database.sql);
    const [first, second] = twoOf();
    await state.hold(first, LONG);
    await database.sql.query(
      `UPDATE spendwatch.leader SET held_until = held_until + interval '1 hour' WHERE token = $1`,
      [first.token],
    );
    expect(await state.hold(second, LONG)).toMatchObject({ isHeld: true });
  });

  test('once lost lets nothing be recorded', async () => {
    const state = await openState(database.sql);
    const [first, second] = twoOf();
    await state.hold(first, 0);
    await state.hold(second, LONG);
    const one = recording([notification()], { fingerprint: first.scope });
    await expect(state.record([one], AT, { leader: first })).rejects.toMatchObject({ code: 'lease_lost' });
    expect(
      await state.readNotified([
        { fingerprint: first.scope, groupIds: [notification().groupId], firstAt: 0 },
      ]),
    ).toEqual(new Map());
    expect((await state.record([one], AT, { leader: second })).queued).toHaveLength(1);
  });

  test('is removed when nobody has used it for a day', async () => {
    const state = await openState(database.sql);
    const [old, fresh] = [twoOf()[0], twoOf()[0]];
    await state.hold(old, LONG);
    await state.hold(fresh, LONG);
    await database.sql.query(
      `UPDATE spendwatch.leader SET held_until = held_until - interval '25 hours' WHERE token = $1`,
      [old.token],
    );
    await state.prune(AT);
    const left = await database.sql.query<{ token: string }>('SELECT token FROM spendwatch.leader');
    expect(left.map(({ token }) => token)).toContain(fresh.token);
    expect(left.map(({ token }) => token)).not.toContain(old.token);
  });
});

describe('in an embedded database', () => {
  const database = stateDatabase('pglite');

  test('the lease is always granted: no other process can hold it', async () => {
    const state = await openState(database.sql);
    for (const token of ['one', 'another']) {
      expect(await state.hold({ scope: 's', token }, LONG)).toMatchObject({ isHeld: true });
    }
  });
});
