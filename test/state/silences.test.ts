import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { openState, type State } from '../../src/state/open.ts';
import { addSilence, endSilence, listSilences, type NewSilence } from '../../src/state/silences.ts';
import { silenced } from '../support/silenced.ts';
import { ENGINES, stateDatabase } from './engines.ts';
import { AT, DAY, MINUTE } from './samples.ts';

const HOUR = 60 * MINUTE;

describe.each(ENGINES)('stored silences, on %s', (engine) => {
  const database = stateDatabase(engine);
  let state: State;
  beforeAll(async () => {
    state = await openState(database.sql);
  });
  beforeEach(async () => {
    await database.sql.query('DELETE FROM spendwatch.silence');
  });

  const asked = (parts: Partial<NewSilence> = {}): NewSilence => ({
    ...silenced(AT, AT + 2 * HOUR, { match: { service: 'search' } }),
    times: { from: AT, until: AT + 2 * HOUR },
    createdBy: 'ann@desk',
    ...parts,
  });
  const add = (parts: Partial<NewSilence> = {}, now = AT) => addSilence(database.sql, asked(parts), now);

  test('are kept as they were asked for, with who, when and why, under an id that people can type', async () => {
    const wanted = asked({
      rule: 'hourly "burn"',
      incident: 'inc_1',
      match: { user: null, service: 'a\n"b" 🙂' },
      reason: 'load\ntest',
    });
    const stored = await addSilence(database.sql, wanted, AT + 1);
    expect(stored).toEqual({ ...wanted, id: stored.id, createdAt: AT + 1, endedAt: null });
    expect(stored.id).toMatch(/^[2-9b-z]{5}$/);
    expect(await listSilences(database.sql, AT)).toEqual([stored]);
    expect(await state.readSilences(AT, AT)).toEqual([wanted]);
  });

  test('are read where they hold at any instant of a time, its ends included', async () => {
    await add();
    const found = async (from: number, to: number) => (await state.readSilences(from, to)).length;
    expect(await found(AT - DAY, AT - 1)).toBe(0);
    expect(await found(AT - DAY, AT)).toBe(1);
    expect(await found(AT + 2 * HOUR - 1, AT + DAY)).toBe(1);
    expect(await found(AT + 2 * HOUR, AT + DAY)).toBe(0);
  });

  test('hold until they are ended, which may be repeated', async () => {
    const { id } = await add();
    expect(await endSilence(database.sql, id, AT + HOUR)).toMatchObject({ id, endedAt: null });
    const [silence] = await state.readSilences(AT, AT);
    expect(silence?.times).toEqual({ from: AT, until: AT + HOUR });
    expect(await endSilence(database.sql, id, AT + 90 * MINUTE)).toMatchObject({ endedAt: AT + HOUR });
    expect((await state.readSilences(AT, AT))[0]?.times).toEqual({ from: AT, until: AT + HOUR });
    expect(await endSilence(database.sql, 'nobody', AT)).toBeNull();
  });

  test('that have run out are not ended again, and those that are planned never begin', async () => {
    const over = await add();
    await endSilence(database.sql, over.id, AT + 3 * HOUR);
    const planned = await add({ times: { from: AT + DAY, until: AT + 2 * DAY } });
    await endSilence(database.sql, planned.id, AT + HOUR);
    expect(await state.readSilences(AT + DAY, AT + 2 * DAY)).toEqual([]);
    const all = await listSilences(database.sql, 'all');
    expect(all.map(({ id, endedAt }) => [id, endedAt])).toEqual(
      expect.arrayContaining([
        [over.id, null],
        [planned.id, AT + HOUR],
      ]),
    );
  });

  test('are listed until they are over, the newest first', async () => {
    const ids = [await add({}, AT), await add({}, AT + 1), await add({}, AT + 2)].map(({ id }) => id);
    await endSilence(database.sql, ids[1] as string, AT + MINUTE);
    const open = await listSilences(database.sql, AT + HOUR);
    expect(open.map(({ id }) => id)).toEqual([ids[2], ids[0]]);
    expect(await listSilences(database.sql, AT + 2 * HOUR)).toEqual([]);
    expect((await listSilences(database.sql, 'all')).map(({ id }) => id)).toEqual(ids.reverse());
  });

  test('are removed 90 days after they are over', async () => {
    const ended = await add({ times: { from: AT, until: AT + 60 * DAY } });
    await endSilence(database.sql, ended.id, AT + DAY);
    const long = await add({ times: { from: AT, until: AT + 60 * DAY } });
    await state.prune(AT + 90 * DAY);
    expect(await listSilences(database.sql, 'all')).toHaveLength(2);
    await state.prune(AT + 92 * DAY);
    expect((await listSilences(database.sql, 'all')).map(({ id }) => id)).toEqual([long.id]);
    await state.prune(AT + 151 * DAY);
    expect(await listSilences(database.sql, 'all')).toEqual([]);
  });

  test('a row that names nothing silences nothing', async () => {
    await add();
    await database.sql.query(`UPDATE spendwatch.silence SET match = '{}'`);
    expect(await state.readSilences(AT, AT)).toEqual([]);
  });
});
