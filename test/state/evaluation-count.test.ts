import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { openState, type State } from '../../src/state/open.ts';
import { ENGINES, stateDatabase } from './engines.ts';
import { DAY, notification, recording } from './samples.ts';

const MIDNIGHT = Date.UTC(2026, 10, 20);
const FILE = { id: 'file', fingerprints: ['f'] };
const TODAY = { from: MIDNIGHT, to: MIDNIGHT + DAY };

const day = (at: number, evaluations: number, share: number | null, hasFired = false) => ({
  day: at,
  evaluations,
  hasFired,
  nearest: share === null ? null : { rule: `rule at ${share}`, share },
});

describe.each(ENGINES)('counts of evaluations, on %s', (engine) => {
  const database = stateDatabase(engine);
  let state: State;
  beforeAll(async () => {
    state = await openState(database.sql);
  });
  beforeEach(() =>
    database.sql.query(
      'TRUNCATE spendwatch.evaluation_count, spendwatch.notification, spendwatch.incident, spendwatch.delivery',
    ),
  );

  test('add up over workers and days, and the nearest rule of all is named', async () => {
    await state.writeEvaluationCounts('file', 'a', [day(MIDNIGHT, 100, 0.5), day(MIDNIGHT + DAY, 7, 0.9)]);
    await state.writeEvaluationCounts('file', 'b', [day(MIDNIGHT, 20, 0.83)]);
    await state.writeEvaluationCounts('file', 'c', [day(MIDNIGHT, 3, null)]);
    await state.writeEvaluationCounts('other', 'a', [day(MIDNIGHT, 1_000, 0.99)]);
    expect(await state.readQuietPeriod(FILE, TODAY)).toEqual({
      evaluations: 123,
      nearest: { rule: 'rule at 0.83', share: 0.83 },
    });
    expect(await state.readQuietPeriod(FILE, { ...TODAY, to: MIDNIGHT + 2 * DAY })).toEqual({
      evaluations: 130,
      nearest: { rule: 'rule at 0.9', share: 0.9 },
    });
  });

  test('of one worker take the place of what it wrote before', async () => {
    await state.writeEvaluationCounts('file', 'a', [day(MIDNIGHT, 100, 0.5)]);
    for (let time = 0; time < 2; time += 1)
      await state.writeEvaluationCounts('file', 'a', [day(MIDNIGHT, 160, null)]);
    expect(await state.readQuietPeriod(FILE, TODAY)).toEqual({ evaluations: 160, nearest: null });
  });

  test('say nothing of a period without any, or in which one worker saw a rule fire', async () => {
    expect(await state.readQuietPeriod(FILE, TODAY)).toBeNull();
    await state.writeEvaluationCounts('file', 'a', [day(MIDNIGHT, 100, 0.5)]);
    await state.writeEvaluationCounts('file', 'b', [day(MIDNIGHT, 1, null, true)]);
    expect(await state.readQuietPeriod(FILE, TODAY)).toBeNull();
  });

  test('say nothing of a period in which an alert was told, also by a worker that was killed then', async () => {
    await state.writeEvaluationCounts('file', 'a', [day(MIDNIGHT, 100, 0.5), day(MIDNIGHT + DAY, 7, 0.9)]);
    await state.record([recording([notification({ at: MIDNIGHT + DAY })])], MIDNIGHT + DAY);
    expect(await state.readQuietPeriod(FILE, TODAY)).toBeNull();
    expect(await state.readQuietPeriod({ ...FILE, fingerprints: ['g'] }, TODAY)).not.toBeNull();
    // It was told as the first day ended.
    expect(
      await state.readQuietPeriod(FILE, { from: MIDNIGHT + DAY, to: MIDNIGHT + 2 * DAY }),
    ).not.toBeNull();
  });
});
