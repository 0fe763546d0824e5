import { describe, expect, onTestFinished, test } from 'vitest';
import { groupId } from '../../src/model/fingerprint.ts';
import { fixedFromNumber } from '../../src/model/money.ts';
import { type EpisodeChanges, openEpisode } from '../../src/model/notification.ts';
import { openSql } from '../../src/sql/open.ts';
import { openState, type State } from '../../src/state/open.ts';
import { ENGINES, stateDatabase } from './engines.ts';
import { AT, DAY, delivery, HOSTILE, MINUTE, notification, recording } from './samples.ts';

describe.each(ENGINES)('what was notified, on %s', (engine) => {
  const database = stateDatabase(engine);
  let rules = 0;
  /** A rule of the test's own, so that tests do not meet. */
  const newRule = (): string => {
    rules += 1;
    return `rule-${rules}`;
  };
  const open = (): Promise<State> => openState(database.sql);

  test('a finding is queued once under 20 recorders at the same time', async () => {
    const state = await open();
    const fingerprint = newRule();
    const recorded = await Promise.all(
      Array.from({ length: 20 }, () => state.record([recording([notification()], { fingerprint })], AT)),
    );
    expect(recorded.flatMap(({ queued }) => queued)).toHaveLength(1);
  });

  test('of 20 recorders of a rule’s watermark one goes through, and the others learn that they are overtaken', async () => {
    const state = await open();
    const fingerprint = newRule();
    const watermark = { before: null, at: AT };
    const recorded = await Promise.all(
      Array.from({ length: 20 }, () =>
        state.record([recording([notification()], { fingerprint, watermark })], AT),
      ),
    );
    expect(recorded.flatMap(({ queued }) => queued)).toHaveLength(1);
    expect(recorded.flatMap(({ overtaken }) => overtaken)).toHaveLength(19);
    expect(await state.readWatermarks([fingerprint, 'another'])).toEqual(new Map([[fingerprint, AT]]));
  });

  test('of 20 recorders without notifications one moves the watermark, and the others learn that they are overtaken', async () => {
    const state = await open();
    const fingerprint = newRule();
    await state.record([recording([], { fingerprint, watermark: { before: null, at: AT } })], AT);
    const watermark = { before: AT, at: AT + MINUTE };
    const recorded = await Promise.all(
      Array.from({ length: 20 }, () => state.record([recording([], { fingerprint, watermark })], AT)),
    );
    expect(recorded.flatMap(({ overtaken }) => overtaken)).toHaveLength(19);
    expect(await state.readRuleStates([fingerprint, 'another'])).toEqual(
      new Map([[fingerprint, { watermark: AT + MINUTE, episodes: [] }]]),
    );
  });

  test('a rule that was removed since it was read is overtaken, and begins anew', async () => {
    const state = await open();
    const fingerprint = newRule();
    const move = (before: number | null) =>
      state.record([recording([], { fingerprint, watermark: { before, at: AT } })], AT);
    expect((await move(AT - MINUTE)).overtaken).toEqual([fingerprint]);
    expect((await move(null)).overtaken).toEqual([]);
  });

  test('recorders of many rules in different orders do not deadlock', async () => {
    const state = await open();
    const fingerprints = Array.from({ length: 8 }, newRule);
    const recorded = await Promise.all(
      Array.from({ length: 10 }, (_, i) => {
        const order = i % 2 === 0 ? fingerprints : [...fingerprints].reverse();
        const all = order.map((fingerprint) =>
          recording([notification(), notification({ key: [null] })], {
            fingerprint,
            watermark: { before: null, at: AT },
          }),
        );
        return state.record(all, AT);
      }),
    );
    expect(recorded.flatMap(({ queued }) => queued)).toHaveLength(8);
  });

  test.each([
    ['the same again', { dollars: 101 }, false],
    ['a lower step', { dollars: 101, step: 1 }, false],
    ['a higher step', { dollars: 102, step: 3 }, true],
    ['a value just short of tenfold', { dollars: 1009.999999 }, false],
    ['a value of exactly tenfold', { dollars: 1010 }, true],
    ['a tenfold value at a lower step', { dollars: 1010, step: 1 }, true],
    ['a tenfold value where growth is no news', { dollars: 1010, growth: null }, false],
    ['another group', { key: [null] }, true],
    ['another period', { period: 'day/2026-11-21T00:00:00Z' as const }, true],
  ])('after $101 was notified, %s goes through: %o → %s', async (_, changes, through) => {
    const state = await open();
    const fingerprint = newRule();
    await state.record([recording([notification()], { fingerprint })], AT);
    const { queued } = await state.record([recording([notification(changes)], { fingerprint })], AT);
    expect(queued).toHaveLength(through ? 1 : 0);
  });

  test('a repeated growth is measured from the last notified value, and the highest step is kept', async () => {
    const state = await open();
    const fingerprint = newRule();
    const say = async (dollars: number, step: number) =>
      (await state.record([recording([notification({ dollars, step })], { fingerprint })], AT)).queued.length;
    expect([await say(10, 3), await say(100, 2), await say(999, 3), await say(1_000, 2)]).toEqual([
      1, 1, 0, 1,
    ]);
    const notified = await state.readNotified([
      { fingerprint, groupIds: [groupId(['search'])], firstAt: AT },
    ]);
    expect(notified.get(fingerprint)).toMatchObject([{ step: 3, value: fixedFromNumber(1_000) }]);
  });

  test('only those that go through are composed, as the very objects that were given', async () => {
    const state = await open();
    const fingerprint = newRule();
    const [known, fresh] = [notification(), notification({ key: ['ads', null] })];
    await state.record([recording([known], { fingerprint })], AT);
    let composed: readonly unknown[] = [];
    await state.record(
      [
        recording([], {
          fingerprint,
          batches: [
            {
              notifications: [known, fresh],
              compose: (won) => {
                composed = won;
                return [];
              },
            },
          ],
        }),
      ],
      AT,
    );
    expect(composed).toHaveLength(1);
    expect(composed[0]).toBe(fresh);
  });

  test('more notifications than one statement takes are all recorded, once, and their episodes begin and end', async () => {
    const state = await open();
    const fingerprint = newRule();
    const notifications = Array.from({ length: 12_001 }, (_, i) => notification({ key: [`user-${i}`] }));
    const begun = notifications.map(({ groupId }) => openEpisode(groupId, 2, AT));
    const say = (episodes: EpisodeChanges) =>
      state.record([{ ...recording(notifications, { fingerprint }), episodes }], AT);
    expect((await say({ begun, ended: [] })).queued).toHaveLength(1);
    expect((await state.readRuleStates([fingerprint])).get(fingerprint)?.episodes).toHaveLength(12_001);
    expect((await say({ begun: [], ended: begun })).queued).toEqual([]);
    expect(await state.readRuleStates([fingerprint])).toEqual(new Map());
  });

  test('where composing fails nothing of that rule is recorded, and all of it at the next try', async () => {
    const state = await open();
    const fingerprint = newRule();
    const watermark = { before: null, at: AT };
    const broken = {
      notifications: [notification()],
      compose: () => {
        throw new Error('composing failed');
      },
    };
    const other = newRule();
    const first = await state.record(
      [
        recording([], { fingerprint, watermark, batches: [broken] }),
        recording([notification()], { fingerprint: other, watermark }),
      ],
      AT,
    );
    expect(first.failed.get(fingerprint)?.message).toMatch(/^a fault of the program: Error at record/);
    expect(first.queued).toHaveLength(1);
    expect(await state.readWatermarks([other])).toEqual(new Map([[other, AT]]));
    expect(await state.readWatermarks([fingerprint])).toEqual(new Map());
    const { queued } = await state.record([recording([notification()], { fingerprint, watermark })], AT);
    expect(queued).toHaveLength(1);
  });

  test('the ledger answers with the notifications from an instant on, and the last one before it', async () => {
    const state = await open();
    const fingerprint = newRule();
    const days = [0, 1, 2, 3].map((day) => AT + day * DAY);
    for (const at of days) {
      const period = `day/${new Date(at).toISOString()}` as const;
      await state.record(
        [
          recording([notification({ period, at }), notification({ key: ['ads'], period, at })], {
            fingerprint,
          }),
        ],
        at,
      );
    }
    const groupIds = [groupId(['search']), groupId(['unheard of'])];
    const notified = await state.readNotified([{ fingerprint, groupIds, firstAt: AT + 2 * DAY }]);
    expect(
      notified
        .get(fingerprint)
        ?.map(({ at }) => at)
        .sort(),
    ).toEqual(days.slice(1));
    expect(notified.get(fingerprint)?.[0]).toEqual({
      groupId: groupIds[0],
      period: expect.stringMatching(/^day\/2026-11-2/),
      step: 2,
      value: fixedFromNumber(101),
      at: expect.any(Number),
      isResolved: false,
    });
  });

  test('a rule without a watermark has its open episodes', async () => {
    const state = await open();
    const fingerprint = newRule();
    const episode = openEpisode(groupId(['search']), 2, AT);
    await state.record(
      [recording([notification()], { fingerprint, episodes: { begun: [episode], ended: [] } })],
      AT,
    );
    expect((await state.readRuleStates([fingerprint])).get(fingerprint)).toEqual({
      watermark: null,
      episodes: [episode],
    });
  });

  test('a rule keeps its watermark when it is renamed', async () => {
    const state = await open();
    const names = ['NULL', '', '{a,"b"}', 'back\\slash', "it's\r\n\u2028", 'ü 🙂'];
    const rules = names.map((rule) => ({ rule, fingerprint: newRule() }));
    const move = (before: number | null, at: number) =>
      state.record(
        rules.map((one) => recording([], { ...one, watermark: { before, at }, batches: [] })),
        at,
      );
    expect((await move(null, AT)).overtaken).toEqual([]);
    expect((await move(AT, AT + MINUTE)).overtaken).toEqual([]);
    const kept = await database.sql.query<{ fingerprint: string; rule_name: string }>(
      'SELECT fingerprint, rule_name FROM spendwatch.rule_watermark',
    );
    const nameOf = new Map(kept.map(({ fingerprint, rule_name }) => [fingerprint, rule_name]));
    expect(rules.map(({ fingerprint }) => nameOf.get(fingerprint))).toEqual(names);
  });

  test('episodes begin, are replaced and end; an older instant does not touch them, but a clock set back does', async () => {
    const state = await open();
    const fingerprint = newRule();
    const [warning, critical] = [2, 3].map((step) => openEpisode(groupId([HOSTILE]), step, AT));
    if (warning === undefined || critical === undefined) throw new Error('two episodes');
    const change = (
      before: number | null,
      at: number,
      begun: (typeof warning)[],
      ended: (typeof warning)[],
      now = at,
    ) =>
      state.record(
        [recording([], { fingerprint, watermark: { before, at }, episodes: { begun, ended } })],
        now,
      );
    await change(null, AT, [warning, critical], []);
    await change(AT, AT + MINUTE, [{ ...warning, since: AT + MINUTE }], [critical]);
    const expected = [{ ...warning, since: AT + MINUTE }];
    const expectedState = { watermark: AT + MINUTE, episodes: expected };
    expect((await state.readRuleStates([fingerprint])).get(fingerprint)).toEqual(expectedState);
    expect((await state.readRuleStates([fingerprint])).get(fingerprint)?.episodes).toEqual(expected);
    // A process that was frozen for a day, and one whose clock is a minute behind.
    await change(AT + MINUTE, AT - DAY, [critical], [warning], AT + MINUTE);
    await change(AT + MINUTE, AT, [critical], [warning]);
    expect((await state.readRuleStates([fingerprint])).get(fingerprint)?.episodes).toEqual(expected);
    expect((await state.readWatermarks([fingerprint])).get(fingerprint)).toBe(AT + MINUTE);
    await change(AT + MINUTE, AT - DAY, [critical], [warning]);
    expect((await state.readRuleStates([fingerprint])).get(fingerprint)?.episodes).toEqual([critical]);
    expect((await state.readWatermarks([fingerprint])).get(fingerprint)).toBe(AT - DAY);
  });

  test('what is 90 days old goes, but not what is still to be sent or still holds', async () => {
    const state = await open();
    const [over, holding] = [newRule(), newRule()];
    const episode = openEpisode(groupId(['search']), 2, AT);
    const watermark = { before: null, at: AT };
    const waiting = delivery({ channel: `pruned-${engine}` });
    const done = delivery({ channel: `pruned-${engine}` });
    await state.record([recording([notification()], { fingerprint: over, watermark })], AT);
    await state.record(
      [
        recording([], {
          fingerprint: holding,
          watermark,
          episodes: { begun: [episode], ended: [] },
          batches: [{ notifications: [notification()], compose: () => [done] }],
        }),
      ],
      AT,
    );
    const claimed = await state.claim(done.channel, AT, 1_000);
    if (claimed === null) throw new Error('nothing to claim');
    const { backoffStep, accepted } = claimed;
    await state.settle(
      claimed,
      { state: 'delivered', backoffStep, nextAt: AT, accepted, failure: null, reports: null },
      AT,
    );
    await state.record(
      [
        recording([], {
          fingerprint: newRule(),
          batches: [{ notifications: [notification()], compose: () => [waiting] }],
        }),
      ],
      AT,
    );
    const later = AT + 91 * DAY;
    await state.record(
      [recording([], { fingerprint: holding, watermark: { before: AT, at: later } })],
      later,
    );
    await state.prune(later);

    const question = (fingerprint: string) => ({ fingerprint, groupIds: [episode.groupId], firstAt: later });
    const notified = await state.readNotified([question(over), question(holding)]);
    expect([...notified.keys()]).toEqual([holding]);
    expect([...(await state.readWatermarks([over, holding])).keys()]).toEqual([holding]);
    const left = await database.sql.query('SELECT id FROM spendwatch.delivery WHERE channel = $1', [
      done.channel,
    ]);
    expect(left).toEqual([{ id: waiting.id }]);
  });

  test('what was notified once in a year is known until the year is over', async () => {
    const state = await open();
    const [ofDay, ofYear] = [newRule(), newRule()];
    await state.record([recording([notification()], { fingerprint: ofDay })], AT);
    const period = 'window/2026-01-01T00:00:00Z/2000' as const;
    await state.record([recording([notification({ period })], { fingerprint: ofYear })], AT);
    const known = async (at: number): Promise<string[]> => {
      await state.prune(at);
      const asked = [ofDay, ofYear].map((fingerprint) => ({
        fingerprint,
        groupIds: [groupId(['search'])],
        firstAt: at,
      }));
      return [...(await state.readNotified(asked)).keys()];
    };
    expect(await known(AT + 100 * DAY)).toEqual([ofYear]);
    expect(await known(AT + 371 * DAY)).toEqual([]);
  });
});

test('processes that share a PostgreSQL record each notification once between them', async () => {
  expect(await saidByProcesses()).toBe(1);
});

test('processes whose plans lock the rows of many rules in opposite orders never deadlock', async () => {
  const open = async (setting: string): Promise<State> => {
    const url = new URL(shared.url);
    url.searchParams.set('options', setting);
    const port = await openSql(url.href);
    onTestFinished(() => port.close());
    return openState(port);
  };
  // One goes by the list of rules, and the other by the table, in which they stand the other way round.
  const byRule = await open('-c enable_hashjoin=off -c enable_mergejoin=off -c enable_seqscan=off');
  const byTable = await open(
    '-c enable_hashjoin=off -c enable_mergejoin=off -c enable_indexscan=off -c enable_bitmapscan=off -c enable_material=off',
  );
  const fingerprints = Array.from({ length: 1_000 }, (_, i) => `circle-${String(i).padStart(4, '0')}`);
  await shared.sql.query(
    `INSERT INTO spendwatch.rule_watermark (fingerprint, rule_name, evaluated_to)
     SELECT fingerprint, '', $2 FROM jsonb_array_elements_text($1::text::jsonb) AS r (fingerprint)
     ORDER BY fingerprint COLLATE "C" DESC`,
    [JSON.stringify(fingerprints), new Date(AT)],
  );
  for (let round = 0; round < 5; round += 1) {
    const watermark = { before: AT + round * MINUTE, at: AT + (round + 1) * MINUTE };
    const recordings = fingerprints.map((fingerprint) =>
      recording([], { fingerprint, watermark, batches: [] }),
    );
    const recorded = await Promise.all(
      [byRule, byTable, byRule, byTable].map((state) => state.record(recordings, AT + DAY)),
    );
    expect(recorded.map(({ overtaken }) => overtaken.length).sort()).toEqual([0, 1_000, 1_000, 1_000]);
  }
});

const shared = stateDatabase('postgres');
async function saidByProcesses(): Promise<number> {
  const ports = await Promise.all([1, 2, 3].map(() => openSql(shared.url)));
  try {
    // They migrate at the same time too.
    const states = await Promise.all(ports.map(openState));
    const recorded = await Promise.all(
      states.flatMap((state) => [1, 2, 3, 4].map(() => state.record([recording([notification()])], AT))),
    );
    return recorded.flatMap(({ queued }) => queued).length;
  } finally {
    await Promise.all(ports.map((port) => port.close()));
  }
}
