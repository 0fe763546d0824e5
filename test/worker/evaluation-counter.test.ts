import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Rule } from '../../src/model/rule.ts';
import type { Window } from '../../src/model/window.ts';
import type { PollReport } from '../../src/pipeline/poll.ts';
import { readQuietPeriod } from '../../src/state/evaluation-count.ts';
import { openEvaluationCounter } from '../../src/worker/evaluation-counter.ts';
import { burn, DAY, HOUR, MINUTE, openPollWorld, type PollWorld, silenceOf } from '../pipeline/poll-world.ts';
import { until } from '../support/until.ts';

const MIDNIGHT = Date.UTC(2026, 10, 20);
const NOON = MIDNIGHT + 12 * HOUR;
const TODAY = { from: MIDNIGHT, to: MIDNIGHT + DAY };
const YESTERDAY = { from: MIDNIGHT - DAY, to: MIDNIGHT };

let world: PollWorld;
beforeAll(async () => {
  world = await openPollWorld();
});
afterAll(() => world?.stop());
beforeEach(async () => {
  await world.clear();
  await world.calls.sql.query('TRUNCATE spendwatch.evaluation_count');
});

const RULES = [burn({ notify: ['oncall'] }), burn({ name: 'high', thresholds: { critical: 1_000 } })];

/** A worker of the file, by its counter and its clock. */
function workerAt(now: number, troubles: string[] = []) {
  const clock = { now };
  const counter = openEvaluationCounter(
    async () => world.state,
    { file: 'alerts.yaml', zone: 'UTC' },
    () => clock.now,
    (what) => troubles.push(what),
  );
  return {
    clock,
    counter,
    async poll(at: number, rules: readonly Rule[] = RULES, more = {}): Promise<PollReport> {
      clock.now = at;
      const report = await world.poll(rules, at, more);
      counter.polled(report);
      return report;
    },
  };
}

const quiet = (window: Window = TODAY) => readQuietPeriod(world.calls.sql, world.parts(RULES).file, window);

const written = () =>
  world.calls.sql.query<{ day: Date; evaluations: string; has_fired: boolean }>(
    'SELECT day, evaluations, has_fired FROM spendwatch.evaluation_count ORDER BY day',
  );

const spend = (cost: number, at: number) => world.calls.log({ at, cost });

describe('the count of evaluations', () => {
  it('is that of all rules, with the one that came nearest to its limit', async () => {
    await spend(41.5, NOON - MINUTE);
    const worker = workerAt(NOON);
    for (let at = NOON; at < NOON + 20 * MINUTE; at += MINUTE) await worker.poll(at);
    await worker.counter.write();
    expect(await quiet()).toEqual({ evaluations: 40, nearest: { rule: 'burn', share: 0.83 } });
    expect(await quiet(YESTERDAY)).toBeNull();
  });

  it('counts an evaluation at midnight to the day that ends', async () => {
    const worker = workerAt(MIDNIGHT);
    for (const at of [MIDNIGHT - MINUTE, MIDNIGHT, MIDNIGHT + MINUTE]) await worker.poll(at);
    await worker.counter.write();
    expect(await quiet(YESTERDAY)).toMatchObject({ evaluations: 4 });
    expect(await quiet()).toMatchObject({ evaluations: 2 });
    expect(await quiet({ ...YESTERDAY, to: TODAY.to })).toMatchObject({ evaluations: 6 });
  });

  it('has each missed time once that a poll makes up for, and its nearest value', async () => {
    await spend(25, NOON + 5 * MINUTE);
    const worker = workerAt(NOON);
    await worker.poll(NOON);
    await worker.poll(NOON + 60 * MINUTE);
    await worker.counter.write();
    expect(await quiet()).toEqual({ evaluations: 2 + 120, nearest: { rule: 'burn', share: 0.5 } });
  });

  it('has no time twice that the next worker polls again after a reload', async () => {
    const before = workerAt(NOON);
    await before.poll(NOON);
    await before.counter.write();
    const after = workerAt(NOON);
    await after.poll(NOON);
    await after.poll(NOON + MINUTE);
    await after.counter.write();
    expect(await quiet()).toMatchObject({ evaluations: 4 });
  });

  it('is not more when two workers poll the same times at once', async () => {
    const workers = [workerAt(NOON), workerAt(NOON)];
    for (let at = NOON; at < NOON + 10 * MINUTE; at += MINUTE)
      await Promise.all(workers.map((worker) => worker.poll(at)));
    await Promise.all(workers.map((worker) => worker.counter.write()));
    expect(await quiet()).toMatchObject({ evaluations: 20 });
  });

  it('leaves out a rule that could not be recorded', async () => {
    const worker = workerAt(NOON);
    const record = () => Promise.reject(new Error('full'));
    const { error } = await worker.poll(NOON, RULES, { state: { ...world.state, record } });
    expect(error).not.toBeNull();
    await worker.counter.write();
    expect(await written()).toEqual([]);
  });

  it('is written about once an hour, with no statement between', async () => {
    const worker = workerAt(NOON);
    for (let at = NOON; at < NOON + 59 * MINUTE; at += MINUTE) await worker.poll(at);
    expect(await written()).toEqual([]);
    await worker.poll(NOON + HOUR);
    await until('it is written', async () => (await written()).length > 0);
    expect(await quiet()).toMatchObject({ evaluations: 2 * 61 });
  });

  it('does not count twice what was written although no answer came', async () => {
    const worker = workerAt(NOON);
    await worker.poll(NOON);
    await worker.counter.write();
    await world.calls.sql.query('UPDATE spendwatch.evaluation_count SET evaluations = 7777');
    await worker.poll(NOON + MINUTE);
    await worker.counter.write();
    expect(await quiet()).toMatchObject({ evaluations: 4 });
  });

  it('is kept for later while the state store is away', async () => {
    const troubles: string[] = [];
    let isAway = true;
    const counter = openEvaluationCounter(
      async () => (isAway ? Promise.reject(new Error('away')) : world.state),
      { file: 'alerts.yaml', zone: 'UTC' },
      () => NOON,
      (what) => troubles.push(what),
    );
    counter.polled(await world.poll(RULES, NOON));
    await expect(counter.write()).rejects.toThrow('away');
    isAway = false;
    await counter.write();
    expect(await quiet()).toMatchObject({ evaluations: 2 });
  });
});

describe('a period', () => {
  it('is not quiet on any day on which an alert was told or held over', async () => {
    const worker = workerAt(MIDNIGHT - HOUR);
    await spend(200, MIDNIGHT - HOUR - MINUTE);
    await worker.poll(MIDNIGHT - HOUR);
    await until('it is written at once', async () => (await written()).length > 0);
    expect(await quiet(YESTERDAY)).toBeNull();
    await world.calls.sql.query('TRUNCATE spendwatch.evaluation_count');
    const later = workerAt(NOON);
    await later.poll(NOON);
    await later.counter.write();
    // Nobody has seen yet that it is over: its incident is open.
    expect(await quiet()).toBeNull();
    await world.calls.sql.query('UPDATE spendwatch.incident SET closed_at = $1', [new Date(MIDNIGHT)]);
    expect(await quiet()).not.toBeNull();
  });

  it('is not quiet where what fired was silenced', async () => {
    const worker = workerAt(NOON);
    await spend(200, NOON - MINUTE);
    await worker.poll(NOON, RULES, { silences: [silenceOf('burn', NOON - HOUR, NOON + HOUR)] });
    await worker.counter.write();
    expect(await world.calls.sql.query('SELECT FROM spendwatch.notification')).toEqual([]);
    expect(await quiet()).toBeNull();
  });

  it('is quiet for a file, whatever fires in another one', async () => {
    const worker = workerAt(NOON);
    await worker.poll(NOON);
    await worker.counter.write();
    await spend(200, NOON + MINUTE);
    await world.poll([burn({ name: 'of another file', thresholds: { critical: 150 } })], NOON + 2 * MINUTE, {
      file: { id: 'other.yaml', fingerprints: [] },
    });
    expect(await quiet()).toMatchObject({ evaluations: 2 });
  });

  it('is forgotten after 90 days', async () => {
    const worker = workerAt(NOON);
    await worker.poll(NOON);
    await worker.counter.write();
    await world.state.prune(MIDNIGHT + 90 * DAY);
    expect(await written()).toHaveLength(1);
    await world.state.prune(MIDNIGHT + 91 * DAY);
    expect(await written()).toHaveLength(0);
  });
});
