import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { AppError } from '../../src/model/errors.ts';
import { ruleOf } from '../rules/rule-fixtures.ts';
import { scaled } from '../support/scaled.ts';
import { silenced } from '../support/silenced.ts';
import { call, openScene, type Play, type Scene, sentByBacktest, sentByRun } from './scene.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const FROM = Date.parse('2026-03-01T00:00:00Z');

describe('a backtest', () => {
  let scene: Scene;
  beforeAll(async () => {
    scene = await openScene();
  });
  beforeEach(() => scene.clear());
  afterAll(() => scene?.database.drop());

  const bothWays = async (play: Play) => {
    const run = await sentByRun(scene, play);
    expect(await sentByBacktest(scene, play)).toEqual(run);
    return run;
  };
  /** Calls of a dollar amount an hour, in the middle of it. */
  const hourly = (amounts: readonly number[], service = 'search') =>
    amounts.flatMap((dollars, hour) =>
      dollars === 0 ? [] : [call(FROM + hour * HOUR + 30 * MINUTE, service, dollars.toFixed(2))],
    );
  const play = (keys: Record<string, unknown>, hours: number, more: Partial<Play> = {}): Play => ({
    rules: [ruleOf('threshold', { group_by: ['service'], threshold: 10, ...keys })],
    from: FROM,
    to: FROM + hours * HOUR,
    stepMs: HOUR,
    ...more,
  });

  it('notifies a breach once a day, and again as ongoing when it holds into the next', async () => {
    await scene.database.log(...hourly(new Array(60).fill(20)));
    const sent = await bothWays(play({}, 60));
    // The instant at midnight belongs to the day that ends.
    expect(sent.map(({ at, ongoing }) => [at, ongoing])).toEqual([
      ['2026-03-01T01:00:00Z', false],
      ['2026-03-02T01:00:00Z', true],
      ['2026-03-03T01:00:00Z', true],
    ]);
    expect(sent.at(-1)?.since).toBe('2026-03-01T01:00:00Z');
  });

  it('notifies an episode once until it has ended', async () => {
    await scene.database.log(...hourly([0, 20, 20, 0, 0, 20, 20, 20, 0]));
    const sent = await bothWays(play({ dedupe: 'episode' }, 10));
    expect(sent.map(({ at }) => at)).toEqual(['2026-03-01T02:00:00Z', '2026-03-01T06:00:00Z']);
  });

  it('notifies a higher severity and a tenfold growth in the same day, and nothing less', async () => {
    await scene.database.log(...hourly([0, 20, 30, 60, 40, 900, 1000]));
    const keys = { threshold: undefined, thresholds: { warning: 10, critical: 50 } };
    const sent = await bothWays(play(keys, 8));
    expect(sent.map(({ severity, value }) => [severity, value])).toEqual([
      ['warning', 20],
      ['critical', 60],
      ['critical', 900],
    ]);
  });

  it('notifies nothing while a silence holds, and afterwards what outlives it', async () => {
    await scene.database.log(...hourly([0, 20, 20, 20, 20, 20]), ...hourly([0, 15], 'chat'));
    const silence = silenced(FROM, FROM + 4 * HOUR, { match: { service: 'search' } });
    const sent = await bothWays(play({}, 7, { silences: [silence] }));
    expect(sent.map(({ at, group }) => [at, group])).toEqual([
      ['2026-03-01T02:00:00Z', 'chat'],
      ['2026-03-01T04:00:00Z', 'search'],
    ]);
  });

  it('waits until a condition has held for as long as its rule asks, over the same grid', async () => {
    await scene.database.log(...hourly([0, 20, 0, 20, 20, 20, 20]));
    const sent = await bothWays(play({ for: '2h' }, 8));
    expect(sent.map(({ at, since }) => [at, since])).toEqual([
      ['2026-03-01T06:00:00Z', '2026-03-01T04:00:00Z'],
    ]);
  });

  it('begins its days and hours where those of the zone begin, also when clocks change', async () => {
    const from = Date.parse('2026-03-28T00:00:00Z');
    await scene.database.log(
      ...new Array(60).fill(0).map((_, hour) => call(from + hour * HOUR + 1, 'search', '20')),
    );
    const berlin = { from, to: from + 60 * HOUR, zone: 'Europe/Berlin' };
    const sent = await bothWays(play({ window: 'today', growth: 'off' }, 0, berlin));
    expect(sent.map(({ at }) => at)).toEqual([
      '2026-03-28T01:00:00Z',
      '2026-03-29T00:00:00Z',
      '2026-03-29T23:00:00Z',
    ]);
  });

  it('finds the same anomalies as the worker', async () => {
    await scene.database.log(
      ...hourly(new Array(10 * 24).fill(0).map((_, hour) => (hour === 9 * 24 + 5 ? 300 : 10 + (hour % 3)))),
    );
    const rule = ruleOf('anomaly', { window: '6h', group_by: ['service'], baseline: '7d' });
    const to = FROM + 10 * DAY;
    const sent = await bothWays({ rules: [rule], from: to - DAY, to, stepMs: HOUR });
    expect(sent.map(({ at }) => at)).toEqual(['2026-03-10T06:00:00Z']);
  });

  it('reads in smaller chunks when the store times out, with the same result', async () => {
    await scene.database.log(...hourly(new Array(60).fill(20)));
    const any = play({ for: '2h' }, 60);
    const reads: number[] = [];
    const impatient: Scene = {
      ...scene,
      store: {
        ...scene.store,
        read: (asked, before) => {
          const windows = Math.max(...asked.map(({ edges }) => edges.length));
          reads.push(windows);
          if (windows > 12) return Promise.reject(new AppError('store_timeout', 'too long'));
          return scene.store.read(asked, before);
        },
      },
    };
    expect(await sentByBacktest(impatient, any)).toEqual(await sentByBacktest(scene, any));
    expect(Math.max(...reads)).toBeGreaterThan(12);
  });

  it('lists what the worker queues, for any rules, calls and silences', async () => {
    const seen = new Set<boolean>();
    await fc.assert(
      fc.asyncProperty(scenes, async ({ rules, calls, silences, zone }) => {
        await scene.clear();
        // A worker resolves nothing while rows are missing; a backtest takes it that they are all there.
        const steady = Array.from({ length: 180 }, (_, i) => ({
          at: new Date(FROM + i * 10 * MINUTE + 1),
          service: 'steady',
          cost: '0.01',
        }));
        await scene.database.log(...calls, ...steady);
        const any: Play = { rules, silences, zone, from: FROM, to: FROM + 30 * HOUR, stepMs: HOUR };
        const sent = await bothWays(any);
        for (const { ongoing } of sent) seen.add(ongoing);
        const parts = await Promise.all([1, 7].map((chunk) => sentByBacktest(scene, any, chunk)));
        for (const inChunks of parts) expect(inChunks).toEqual(sent);
      }),
      { numRuns: scaled(4) },
    );
    expect(seen).toContain(false);
  });
});

const keys = fc.record({
  group_by: fc.constantFrom(['service'], ['service', 'user']),
  window: fc.constantFrom('1h', '2h', '90m', 'today'),
  dedupe: fc.constantFrom('day', 'hour', 'episode', 'week'),
  resolve_after: fc.constantFrom('0s', '15m', '2h'),
  for: fc.constantFrom('0s', '1h', '3h'),
  growth: fc.constantFrom(2, 10, 'off'),
  operator: fc.constantFrom('>=', '<'),
  delay: fc.constantFrom('0s', '30m'),
});

const scenes = fc.record({
  rules: fc
    .array(fc.tuple(keys, fc.integer({ min: 1, max: 40 })), { minLength: 1, maxLength: 3 })
    .map((list) =>
      list.map(([given, low], i) => {
        const high = given.operator === '<' ? low / 2 : low * 2;
        const notify = { warning: ['team'], critical: ['team', 'pager'] };
        return ruleOf('threshold', {
          ...given,
          name: `rule-${i}`,
          thresholds: { warning: low, critical: high },
          notify,
        });
      }),
    ),
  calls: fc.array(
    fc.record({
      // Nothing holds at the first instant: what held before it is known to the worker alone.
      at: fc.integer({ min: FROM, max: FROM + 29 * HOUR }).map((ms) => new Date(ms)),
      service: fc.constantFrom('search', 'chat'),
      user: fc.constantFrom('u1', null),
      cost: fc.integer({ min: 1, max: 6_000 }).map((cents) => (cents / 100).toFixed(2)),
    }),
    { minLength: 20, maxLength: 60 },
  ),
  silences: fc.array(
    fc.record({
      rule: fc.constantFrom(null, 'rule-0'),
      incident: fc.constant(null),
      match: fc.constantFrom({}, { service: 'chat' }),
      times: fc.oneof(
        fc.record({
          from: fc.integer({ min: 0, max: 20 }).map((hour) => FROM + hour * HOUR),
          until: fc.integer({ min: 5, max: 30 }).map((hour) => FROM + hour * HOUR),
        }),
        fc.record({
          every: fc.constantFrom('0 2,14 * * *', '30 */5 * * *'),
          zone: fc.constant('Asia/Kolkata'),
          lastsMs: fc.integer({ min: 1, max: 8 }).map((hours) => hours * HOUR),
        }),
      ),
      reason: fc.constant('planned'),
    }),
    { maxLength: 2 },
  ),
  zone: fc.constantFrom('UTC', 'Asia/Kolkata'),
});
