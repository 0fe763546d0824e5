import fc from 'fast-check';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { Notification } from '../../src/model/notification.ts';
import { openSql } from '../../src/sql/open.ts';
import { openState, type State } from '../../src/state/open.ts';
import { scaled } from '../support/scaled.ts';
import { ENGINES, stateDatabase } from './engines.ts';
import { AT, MINUTE, notification, recording } from './samples.ts';

/** As in src/state/watermarks.ts. */
const SKEW = MINUTE;

interface Move {
  readonly fingerprint: string;
  readonly before: number | null;
  readonly at: number;
  readonly rule?: string;
}

function record(
  state: State,
  moves: readonly Move[],
  now: number,
  notifications: readonly Notification[] = [],
) {
  return state.record(
    moves.map(({ fingerprint, rule = fingerprint, ...watermark }) => {
      const { batches } = recording(notifications, { fingerprint });
      return recording([], {
        fingerprint,
        rule,
        watermark,
        batches: notifications.length > 0 ? batches : [],
      });
    }),
    now,
  );
}

describe.each(ENGINES)('the watermarks of rules, on %s', (engine) => {
  const database = stateDatabase(engine);

  test('are raised each by itself, whichever process records which of them', async () => {
    const state = await openState(database.sql);
    const names = ['a', 'b', 'c', 'd'];
    const move = fc.record({
      which: fc.oneof(
        { arbitrary: fc.constant(names.slice(0, 3)), weight: 3 },
        { arbitrary: fc.subarray(names, { minLength: 1 }), weight: 1 },
      ),
      /** Where the rules are said to have been: where they are, or some of them elsewhere. */
      stale: fc.option(fc.constantFrom(...names), { freq: 4 }),
      by: fc.constantFrom(0, 1, 1, 1, 2, 5, -3),
      together: fc.constantFrom(true, true, false),
      renamed: fc.constantFrom(false, false, true),
      prune: fc.boolean(),
    });
    let runs = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(move, { minLength: 3, maxLength: 14 }), async (moves) => {
        runs += 1;
        const known = new Map<string, number>();
        let now = AT;
        for (const { which, stale, by, together, renamed, prune } of moves) {
          now += MINUTE;
          const all = which.map((name) => `${name}-${runs}`);
          const furthest = Math.max(now, ...all.map((name) => known.get(name) ?? now));
          const steps = all.map((fingerprint): Move => {
            const stood = known.get(fingerprint) ?? null;
            const before = `${stale}-${runs}` === fingerprint ? (stood ?? now) - MINUTE : stood;
            const at = (together ? furthest : (stood ?? now)) + by * MINUTE;
            return { fingerprint, before, at, rule: renamed ? 'another' : fingerprint };
          });
          const { overtaken } = await record(state, steps, now);
          const expected = steps.filter(
            ({ fingerprint, before }) => (known.get(fingerprint) ?? null) !== before,
          );
          expect([...overtaken].sort()).toEqual(expected.map(({ fingerprint }) => fingerprint).sort());
          for (const { fingerprint, before, at } of steps) {
            const stood = known.get(fingerprint) ?? null;
            if (stood !== before) continue;
            known.set(fingerprint, stood === null || stood > now + SKEW ? at : Math.max(stood, at));
          }
          if (prune) await state.prune(now);
          const every = names.map((name) => `${name}-${runs}`);
          expect(await state.readWatermarks(every)).toEqual(known);
          const states = await state.readRuleStates(every);
          expect(new Map([...states].map(([name, { watermark }]) => [name, watermark]))).toEqual(known);
        }
      }),
      { numRuns: scaled(20) },
    );
  });

  test('are kept under the name that each rule has now', async () => {
    const state = await openState(database.sql);
    for (const [poll, rule] of ['first', 'first', 'second', 'second'].entries()) {
      const before = poll === 0 ? null : AT + (poll - 1) * MINUTE;
      await record(state, [{ fingerprint: 'named', before, at: AT + poll * MINUTE, rule }], AT + DAY);
      const found = await database.sql.query(
        `SELECT rule_name, evaluated_to FROM spendwatch.rule_watermark WHERE fingerprint = 'named'`,
      );
      expect(found).toEqual([{ rule_name: rule, evaluated_to: new Date(AT + poll * MINUTE) }]);
    }
  });

  test('a poll that comes too late changes nothing', async () => {
    const state = await openState(database.sql);
    const both = (before: number | null, at: number) =>
      ['p', 'q'].map((fingerprint) => ({ fingerprint, before, at }));
    await record(state, both(null, AT), AT);
    expect((await record(state, both(AT - MINUTE, AT), AT)).overtaken).toEqual(['p', 'q']);
    expect((await record(state, both(AT, AT + MINUTE), AT + MINUTE)).overtaken).toEqual([]);
  });

  test('go with rules that nobody has evaluated for 90 days', async () => {
    const state = await openState(database.sql);
    await record(state, [{ fingerprint: 'old', before: null, at: AT }], AT);
    await record(state, [{ fingerprint: 'old', before: AT, at: AT + MINUTE }], AT + MINUTE);
    await state.prune(AT + 89 * DAY);
    expect(await state.readWatermarks(['old'])).toEqual(new Map([['old', AT + MINUTE]]));
    await state.prune(AT + 91 * DAY);
    expect(await state.readWatermarks(['old'])).toEqual(new Map());
  });
});

const DAY = 24 * 60 * MINUTE;

const shared = stateDatabase('postgres');
test('of processes that record some of the same rules at the same time, one takes each step of each rule', async () => {
  await openState(shared.sql);
  const ports = await Promise.all([1, 2, 3, 4].map(() => openSql(shared.url)));
  onTestFinished(async () => void (await Promise.all(ports.map((port) => port.close()))));
  const states = await Promise.all(ports.map(openState));
  const own = [
    ['a', 'b', 'c'],
    ['a', 'b', 'c'],
    ['b', 'c', 'd'],
    ['c', 'd'],
  ];
  const taken = new Map<string, number>();
  await Promise.all(
    states.map(async (state, i) => {
      for (let round = 0; round < 400; round += 1) {
        // Now and then by a file from which a rule was taken.
        const fingerprints = (own[i] as string[]).slice((round + i) % 5 === 0 ? 1 : 0);
        const stood = await state.readWatermarks(fingerprints);
        const at = Math.max(AT, ...stood.values()) + MINUTE;
        const moves = fingerprints.map((fingerprint) => ({
          fingerprint,
          before: stood.get(fingerprint) ?? null,
          at,
        }));
        const { overtaken } = await record(state, moves, at, (round + i) % 3 === 0 ? [notification()] : []);
        for (const { fingerprint, before } of moves) {
          if (overtaken.includes(fingerprint)) continue;
          const name = `${fingerprint} from ${before}`;
          taken.set(name, (taken.get(name) ?? 0) + 1);
        }
      }
    }),
  );
  expect([...taken].filter(([, count]) => count > 1)).toEqual([]);
  expect(taken.size).toBeGreaterThan(50);
});
