import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { backtest } from '../../src/backtest/backtest.ts';
import { replayDirectly } from '../../src/backtest/direct-replay.ts';
import { replay } from '../../src/backtest/replay.ts';
import type { ReplayRun } from '../../src/backtest/replay-run.ts';
import { replaySliding } from '../../src/backtest/sliding-replay.ts';
import type { CallRead } from '../../src/model/call-columns.ts';
import { AppError } from '../../src/model/errors.ts';
import type { Observation } from '../../src/model/observation.ts';
import type { Rule } from '../../src/model/rule.ts';
import type { Evaluation } from '../../src/pipeline/evaluate.ts';
import { ruleTypes } from '../../src/rules/index.ts';
import type { AuditStore } from '../../src/stores/audit-store.ts';
import { ruleOf } from '../rules/rule-fixtures.ts';
import { openScene, type Play, partsOf, type Scene } from './scene.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

let scene: Scene;
beforeAll(async () => {
  scene = await openScene();
  // Finer and larger than the default table takes.
  await scene.database.sql.query(
    'ALTER TABLE api_audit_logs ALTER COLUMN cost_usd TYPE numeric, ALTER COLUMN input_tokens TYPE bigint',
  );
});
beforeEach(() => scene.clear());
afterAll(() => scene?.database.drop());

describe('a replay over sliding windows', () => {
  it('judges every instant as the store itself would have it, for any rules, calls and steps', async () => {
    const seen = new Set<string>();
    await fc.assert(
      fc.asyncProperty(plays, async ({ calls, ...play }) => {
        await scene.clear();
        await insert(calls);
        const { slid, direct } = await bothWays(play);
        expect(slid.judged).toBe(direct.instants);
        for (const [i, line] of direct.lines.entries()) expect(slid.lines[i]).toBe(line);
        expect(slid.lines.length).toBe(direct.lines.length);
        for (const status of direct.statuses) seen.add(status);
      }),
      { numRuns: 150 },
    );
    const ways = ['firing', 'no_data', 'ok'];
    const expected = ['anomaly', 'change', 'share', 'threshold']
      .flatMap((type) => ways.map((way) => `${type} ${way}`))
      .filter((one) => one !== 'share no_data');
    // `for` holds back what fires of any type in the same way, and of changes and shares too few plays have one that does.
    expect([...seen]).toEqual(expect.arrayContaining([...expected, 'anomaly pending', 'threshold pending']));
    expect(seen).not.toContain('share no_data');
  });

  it('releases what has left all windows, and goes on as before, for weeks', async () => {
    const from = Date.parse('2026-03-01T00:00:00Z');
    const calls = Array.from({ length: 3_000 }, (_, i) => ({
      ...CALL,
      at: from - 5 * DAY + i * 17 * MINUTE,
      service: `s${i % 7 === 0 ? Math.floor(i / 300) : i % 3}`,
      cost: ((i * 7_919) % 1_000) / 999,
    }));
    await insert(calls);
    const play = {
      rules: [
        ruleOf('threshold', { name: 'a', group_by: ['service'], threshold: 1.5, window: '1h' }),
        ruleOf('threshold', { name: 'b', group_by: ['service'], threshold: 30, window: '3d', for: '6h' }),
        ruleOf('anomaly', { name: 'c', group_by: ['service'], window: '6h', baseline: '3d', min_history: 2 }),
      ],
      zone: 'Europe/Berlin',
      from,
      to: from + 30 * DAY,
      stepMs: HOUR,
    };
    const { slid, direct } = await bothWays(play);
    expect(slid.judged).toBe(direct.instants);
    expect(slid.lines).toEqual(direct.lines);
    expect(direct.statuses).toContain('threshold firing');
  });

  it('judges automatic anomalies by the same hours, over a change of clocks', async () => {
    const from = Date.parse('2026-03-28T20:30:00Z');
    const calls = Array.from({ length: 4_000 }, (_, i) => ({
      ...CALL,
      at: from - 40 * DAY + i * 15 * MINUTE,
      service: `s${i % 2}`,
      cost: ((i * 7_919) % 1_000) / 999 + (i > 3_850 && i % 2 === 0 ? 9 : 0),
    }));
    await insert(calls);
    const auto = (keys: object) =>
      ruleTypes.anomaly.schema.parse({ type: 'anomaly', metric: 'spend', group_by: ['service'], ...keys })({
        severity: 'warning',
        notify: [],
      });
    const play = {
      rules: [auto({ name: 'a' }), auto({ name: 'b', metric: 'tokens', method: 'auto', window: '6h' })],
      zone: 'Europe/Berlin',
      from,
      to: from + 14 * HOUR,
      stepMs: 30 * MINUTE,
    };
    const { slid, direct } = await bothWays(play);
    expect(slid.judged).toBe(direct.instants);
    expect(slid.lines).toEqual(direct.lines);
    expect(direct.statuses).toContain('anomaly firing');
  });

  it('lets the store group similar calls, with the same result', async () => {
    const from = Date.parse('2026-03-01T00:00:00Z');
    await insert(
      Array.from({ length: 6_000 }, (_, i) => ({ ...CALL, at: from + i * 20_000, service: `s${i % 3}` })),
    );
    const play = {
      rules: [
        ruleOf('threshold', { name: 'a', group_by: ['service'], threshold: 0.5, window: '1h' }),
        ruleOf('threshold', { name: 'b', metric: 'error_rate', threshold: 0.2, window: '15m' }),
      ],
      from: from + HOUR,
      to: from + 30 * HOUR,
      stepMs: 5 * MINUTE,
    };
    const asked: boolean[] = [];
    const spying = spyOn(scene.store, ({ together }) => void asked.push(together));
    const { slid, direct } = await bothWays(play, spying);
    expect(slid.lines).toEqual(direct.lines);
    expect(asked[0]).toBe(false);
    expect(asked.at(-1)).toBe(true);
  });

  it('reads a shorter segment when the store times out', async () => {
    const from = Date.parse('2026-03-01T00:00:00Z');
    await insert(Array.from({ length: 200 }, (_, i) => ({ ...CALL, at: from + i * 7 * MINUTE })));
    const rules = [ruleOf('threshold', { group_by: ['service'], threshold: 0.02, window: '1h', for: '15m' })];
    const play = { rules, from: from + HOUR, to: from + 20 * HOUR, stepMs: 5 * MINUTE };
    const refused: number[] = [];
    const impatient = spyOn(scene.store, ({ edges }) => {
      if (edges.length <= 10) return;
      refused.push(edges.length);
      throw new AppError('store_timeout', 'too long');
    });
    const { slid, direct } = await bothWays(play, impatient);
    expect(refused.length).toBeGreaterThan(0);
    expect(slid.judged).toBe(direct.instants);
    expect(slid.lines).toEqual(direct.lines);
  });

  it('reads no more than a day at once, however few calls there were before', async () => {
    const from = Date.parse('2026-03-01T00:00:00Z');
    await insert(Array.from({ length: 50 }, (_, i) => ({ ...CALL, at: from + 40 * DAY + i * HOUR })));
    const rules = [ruleOf('threshold', { group_by: ['service'], threshold: 0.02, window: '30d' })];
    const play = { rules, from: from + 39 * DAY, to: from + 45 * DAY, stepMs: 15 * MINUTE };
    const lengths: number[] = [];
    const spying = spyOn(scene.store, ({ edges }) => {
      lengths.push((edges.at(-1) as number) - (edges[0] as number));
    });
    const { run } = runOf(play, spying);
    expect(await replaySliding(run, 0)).toBe(run.grid.replayed.length);
    expect(lengths).toContain(DAY);
    expect(Math.max(...lengths)).toBe(DAY);
  });

  it('counts steps from the first instant, and splits them where days begin', async () => {
    const from = Date.parse('2026-10-24T00:01:00Z');
    await insert(
      Array.from({ length: 900 }, (_, i) => ({
        ...CALL,
        at: from - 4 * DAY + i * 11 * MINUTE,
        cost: i / 900,
      })),
    );
    const play = {
      rules: [
        ruleOf('threshold', { name: 'a', group_by: ['service'], threshold: 40, window: 'today' }),
        ruleOf('threshold', { name: 'b', threshold: 100, window: 'this_month' }),
        ruleOf('anomaly', {
          name: 'c',
          group_by: ['service'],
          window: 'today',
          baseline: '2d',
          min_history: 2,
        }),
      ],
      // Days begin at 18:15 UTC.
      zone: 'Asia/Kathmandu',
      from,
      to: from + 2 * DAY,
      stepMs: 15 * MINUTE,
    };
    const odd: number[] = [];
    const asked: number[] = [];
    const spying = spyOn(scene.store, ({ edges }) => {
      asked.push(...edges);
      odd.push(...edges.filter((edge) => (edge - from) % (15 * MINUTE) !== 0));
    });
    let left = 0;
    const read: AuditStore['read'] = (reads, before) => {
      left += 1;
      return spying.read(reads, before);
    };
    const { slid, direct } = await bothWays(play, { ...spying, read });
    expect(slid.judged).toBe(direct.instants);
    expect(slid.lines).toEqual(direct.lines);
    expect(direct.statuses).toContain('threshold firing');
    // Nothing was left to the store, and a day has 96 steps and a cut.
    expect(left).toBe(0);
    expect(new Set(odd.map((edge) => edge % DAY))).toEqual(new Set([18.25 * HOUR]));
    const day = asked.filter((edge) => edge >= from && edge < from + DAY);
    expect(new Set(day).size).toBe(97);
  });

  it('ends where calls cannot be read, and returns how far it came', async () => {
    const from = Date.parse('2026-03-01T00:00:00Z');
    await insert(Array.from({ length: 2_000 }, (_, i) => ({ ...CALL, at: from + i * MINUTE })));
    const rules = [ruleOf('threshold', { group_by: ['service'], threshold: 0.02, window: '1h' })];
    const play = { rules, from, to: from + 30 * HOUR, stepMs: 5 * MINUTE };
    let reads = 0;
    const failing = spyOn(scene.store, () => {
      reads += 1;
      if (reads > 2) throw new AppError('store_query_failed', 'no more');
    });
    const { slid, direct } = await bothWays(play, failing);
    expect(slid.judged).toBeGreaterThan(50);
    expect(slid.judged).toBeLessThan(direct.instants);
    expect(slid.lines).toEqual(direct.lines.slice(0, slid.judged));
  });

  it('goes on with the other rules where one cannot be read', async () => {
    const from = Date.parse('2026-03-01T00:00:00Z');
    await insert(Array.from({ length: 300 }, (_, i) => ({ ...CALL, at: from + i * 7 * MINUTE })));
    const rules = [
      ruleOf('threshold', { name: 'readable', group_by: ['service'], threshold: 0.02 }),
      ruleOf('threshold', { name: 'broken', group_by: ['user'], threshold: 0.02 }),
    ];
    const fault = new AppError('store_query_failed', 'no such user');
    let slid = 0;
    const store: AuditStore = {
      ...spyOn(scene.store, (read) => {
        if (read.dimensions.includes('user')) throw fault;
        slid += 1;
      }),
      read: async (reads, before) => {
        const { newestRow, answers } = await scene.store.read(reads, before);
        return {
          newestRow,
          answers: answers.map((answer, i) => (reads[i]?.groupBy[0] === 'user' ? fault : answer)),
        };
      },
    };
    const parts = partsOf(scene, { rules, from: from + HOUR, to: from + 30 * HOUR, stepMs: 5 * MINUTE });
    const judged: string[] = [];
    const { failed } = await replay(
      { ...parts, store },
      { judged: ({ rule }) => void judged.push(rule.name) },
    );
    expect([...failed.keys()]).toEqual(['broken']);
    expect(judged).toEqual(parts.grid.replayed.map(() => 'readable'));
    expect(slid).toBeGreaterThan(0);
  });

  it('orders alerts by instant, then by rule, however many hours of a rule are judged at a time', async () => {
    const from = Date.parse('2026-03-01T00:00:00Z');
    await insert(
      Array.from({ length: 1_500 }, (_, i) => ({
        ...CALL,
        at: from + i * MINUTE,
        service: `s${i % 3}`,
        cost: Math.floor(i / 100) % 2,
      })),
    );
    const rules = [
      ruleOf('threshold', { name: 'a', group_by: ['service'], threshold: 3, window: '15m', dedupe: 'hour' }),
      ruleOf('threshold', { name: 'b', threshold: 9, window: '15m', dedupe: 'hour' }),
      ruleOf('threshold', { name: 'c', group_by: ['service'], threshold: 3, window: '15m', dedupe: 'hour' }),
      ruleOf('threshold', { name: 'd', group_by: ['user'], threshold: 9, window: '15m', dedupe: 'hour' }),
    ];
    const [begin, end] = [from + HOUR, from + 24 * HOUR];
    const parts = partsOf(scene, { rules, from: begin, to: end, stepMs: 5 * MINUTE });
    const alertsOf = async (chunk: { readonly chunk?: number }) => {
      const options = { from: begin, to: end, perWeek: null, withSeries: false, ...chunk };
      const { alerts } = await backtest(parts, options);
      return alerts.map(({ rule, notification }) => [notification.at, rule.name, ...notification.group]);
    };
    const slid = await alertsOf({});
    expect(slid).toEqual(await alertsOf({ chunk: 50 }));
    expect(slid.length).toBeGreaterThan(50);
    const inOrder = slid.map(([at, name]) => `${at} ${name}`);
    expect(inOrder).toEqual([...inOrder].sort());
  });

  it('reports progress that only grows, also after a rule that could not be judged', async () => {
    const from = Date.parse('2026-03-01T00:00:00Z');
    await insert(Array.from({ length: 60 }, (_, i) => ({ ...CALL, at: from + i * HOUR })));
    const rules = [ruleOf('threshold', { threshold: 0.001, window: '1h', for: '12h' })];
    const { run } = runOf({ rules, from: from + DAY, to: from + 2 * DAY, stepMs: 5 * MINUTE }, scene.store);
    const reported: number[] = [];
    expect(await replaySliding({ ...run, progressed: (done) => reported.push(done) }, 200)).toBe(288);
    expect(reported[0]).toBeGreaterThan(200);
    expect(reported).toEqual([...new Set(reported)].sort((a, b) => a - b));
    expect(reported.at(-1)).toBe(288);
  });

  it('stops on request while it judges, and reads no more', async () => {
    const from = Date.parse('2026-03-01T00:00:00Z');
    await insert(Array.from({ length: 2_000 }, (_, i) => ({ ...CALL, at: from + i * MINUTE })));
    const rules = [ruleOf('threshold', { threshold: 1, window: '1h' })];
    const stopping = new AbortController();
    let reads = 0;
    const store = spyOn(scene.store, () => (reads += 1));
    const { run } = runOf({ rules, from: from + HOUR, to: from + 30 * DAY, stepMs: 5 * MINUTE }, store);
    const stopped = replaySliding({ ...run, stopping: stopping.signal, judged: () => stopping.abort() }, 0);
    await expect(stopped).rejects.toMatchObject({ code: 'stopped' });
    const before = reads;
    await scene.store.snapshot((snapshot) => snapshot.newestRow(from));
    // The piece that was being read may have been followed by none.
    expect(reads).toBeLessThanOrEqual(before + 1);
    expect(before).toBeLessThan(5);
  });

  it('stops on request while it still reads what lies before the first instant', async () => {
    const from = Date.parse('2026-03-01T00:00:00Z');
    const rules = [ruleOf('threshold', { window: '30d', threshold: 1 })];
    const parts = partsOf(scene, { rules, from, to: from + DAY, stepMs: 5 * MINUTE });
    const stopping = new AbortController();
    const store = spyOn(scene.store, () => stopping.abort());
    const listener = { judged: () => expect.fail('nothing is judged') };
    await expect(replay({ ...parts, store }, listener, { stopping: stopping.signal })).rejects.toMatchObject({
      code: 'stopped',
    });
  });

  it.each([
    ['windows that end within minutes', { window: '90s' }],
    ['a delay of seconds', { delay: '30s' }],
  ])('leaves %s to the direct replay', async (_, keys) => {
    const from = Date.parse('2026-03-01T00:00:00Z');
    const play = {
      rules: [ruleOf('threshold', { threshold: 1, ...keys })],
      from,
      to: from + HOUR,
      stepMs: MINUTE,
    };
    expect(await replaySliding(runOf(play, scene.store).run, 0)).toBe(0);
  });

  it('leaves sums that doubles cannot hold to the direct replay', async () => {
    const from = Date.parse('2026-03-01T00:00:00Z');
    await insert(
      Array.from({ length: 6 }, (_, i) => ({ ...CALL, at: from + i * MINUTE, tokens: 999_999_999_999_999 })),
    );
    const rules = [ruleOf('threshold', { metric: 'tokens', threshold: 1 })];
    const play = { rules, from: from + HOUR, to: from + 2 * HOUR, stepMs: 5 * MINUTE };
    expect(await replaySliding(runOf(play, scene.store).run, 0)).toBe(0);
  });
});

/** Evaluations one by one as text, sliding and direct. */
async function bothWays(play: Play, store: AuditStore = scene.store) {
  const slid = runOf(play, store);
  const judged = await replaySliding(slid.run, 0);
  const direct = runOf(play, scene.store);
  await replayDirectly(direct.run, { from: 0, to: direct.run.grid.replayed.length }, 5);
  expect(slid.run.failed).toEqual(direct.run.failed);
  return {
    slid: { judged, lines: slid.lines.sort() },
    direct: { instants: direct.run.grid.replayed.length, ...direct, lines: direct.lines.sort() },
  };
}

function runOf(play: Play, store: AuditStore) {
  const lines: string[] = [];
  const statuses = new Set<string>();
  const latest = new Map<string, number>();
  const { rules, zone, grid } = partsOf(scene, play);
  const run: ReplayRun = {
    store,
    rules,
    zone,
    grid,
    failed: new Map(),
    stopping: null,
    judged(rule, time, evaluation) {
      expect(evaluation.at).toBeGreaterThan(latest.get(rule.name) ?? 0);
      latest.set(rule.name, evaluation.at);
      lines.push(asText(rule, time.earlier.length, evaluation));
      statuses.add(`${rule.type} ${evaluation.judgement.status}`);
      if (evaluation.pending.length > 0) statuses.add(`${rule.type} pending`);
    },
    progressed: () => undefined,
  };
  return { run, lines, statuses };
}

function asText(rule: Rule, earlier: number, { at, judgement, pending }: Evaluation): string {
  const { status, observed, firing } = judgement;
  // Groups stand in any order where their values are the same.
  const byGroup = (list: Iterable<Observation>) =>
    [...list].sort((a, b) => (JSON.stringify(a.key) < JSON.stringify(b.key) ? -1 : 1));
  const parts = { observed: byGroup(observed), firing: byGroup(firing), pending: byGroup(pending) };
  // The factor keeps them away from halves, where the last digit of a double decides how they are rounded.
  const estimates = Array.from(observed.numbers, (number) => (number * Math.PI).toPrecision(9)).sort();
  return JSON.stringify(
    { rule: rule.name, at: new Date(at), earlier, status, ...parts, estimates },
    (_, value: unknown) => (typeof value === 'bigint' ? `${value}n` : value),
  );
}

/** A store that tells what calls it is asked for. */
function spyOn(store: AuditStore, asked: (read: CallRead) => void): AuditStore {
  return {
    ...store,
    snapshot: (work) =>
      store.snapshot((snapshot) =>
        work({
          ...snapshot,
          calls: async (read) => {
            asked(read);
            return snapshot.calls(read);
          },
        }),
      ),
  };
}

interface Call {
  readonly at: number;
  readonly service: string;
  readonly user: string | null;
  readonly cost: number | null;
  readonly tokens: number;
  readonly status: number;
  readonly error: string | null;
  readonly latency: number | null;
}

const CALL: Call = {
  at: 0,
  service: 'search',
  user: 'u1',
  cost: 0.01,
  tokens: 10,
  status: 200,
  error: null,
  latency: 100,
};

async function insert(calls: readonly Call[]): Promise<void> {
  await scene.database.sql.query(
    `INSERT INTO api_audit_logs (request_id, request_timestamp, service_name, user_id, model, endpoint, input_tokens,
       actual_output_tokens, status_code, error_message, latency_ms, time_to_first_token_ms, cost_usd)
     SELECT gen_random_uuid(), at::timestamptz, service, usr, 'm', '', tokens, 10, status, error, latency,
       latency / 4, cost
     FROM jsonb_to_recordset($1::text::jsonb) AS r (at text, service text, usr text, tokens int8, status int,
       error text, latency float8, cost numeric)`,
    [
      JSON.stringify(
        calls.map(({ at, user, ...rest }) => ({ ...rest, usr: user, at: new Date(at).toISOString() })),
      ),
    ],
  );
}

/** Clocks change in them at these times: by an hour, by half of one, and never. */
const ZONES = [
  { zone: 'UTC', around: Date.parse('2026-03-01T00:00:00Z') },
  { zone: 'Europe/Berlin', around: Date.parse('2026-03-29T01:00:00Z') },
  { zone: 'Europe/Berlin', around: Date.parse('2026-10-25T01:00:00Z') },
  { zone: 'America/New_York', around: Date.parse('2026-03-08T07:00:00Z') },
  { zone: 'Australia/Lord_Howe', around: Date.parse('2026-04-04T15:00:00Z') },
  { zone: 'Asia/Kathmandu', around: Date.parse('2026-01-31T18:15:00Z') },
];

const common = {
  metric: fc.constantFrom(
    'spend',
    'calls',
    'tokens',
    'errors',
    'error_rate',
    'latency_avg',
    'latency_p95',
    'ttft_p95',
    'tokens_p95',
    'cost_p99',
    'repeated_calls',
    'repeated_spend',
    'own:speed:min:',
    'own:speed:avg:',
    'cost_per_call',
    'cost_per_1k_tokens',
    'wasted_spend',
    'unpriced_calls',
  ),
  group_by: fc.constantFrom([], ['service'], ['user'], ['service', 'user'], ['user', 'service']),
  where: fc.constantFrom(
    {},
    {},
    { service: 'a' },
    { service: ['a', 'b'], user: 'u1' },
    { service: { not: ['a'] } },
    { user: null },
    { user: { not: [null] } },
  ),
  for: fc.constantFrom('0s', '5m', '14m', '3h'),
  delay: fc.constantFrom('0s', '0s', '2m', '1h'),
};

const threshold = fc
  .record({
    ...common,
    window: fc.constantFrom('1m', '15m', '1h', '26h', '3d', 'today', 'yesterday', 'this_week', 'this_month'),
    operator: fc.constantFrom('>=', '<', '>', '<='),
    threshold: fc.constantFrom(0, 0.01, 0.3, 1, 3, 20, 200),
    min_calls: fc.constantFrom(0, 0, 2),
  })
  .map((keys) => (name: string) => ruleOf('threshold', { name, ...errorsOf(keys.metric), ...keys }));

const anomaly = fc
  .record({
    ...common,
    window: fc.constantFrom('15m', '1h', '6h', '24h', 'today', 'yesterday'),
    baseline: fc.constantFrom('2d', '3d', '5d'),
    min_history: fc.constant(2),
    min_change: fc.constantFrom(0, 0.01),
    min_calls: fc.constant(0),
    zscore: fc.constantFrom(0.5, 2),
    method: fc.constantFrom('robust', 'zscore'),
    direction: fc.constantFrom('up', 'both'),
  })
  .map((keys) => (name: string) => ruleOf('anomaly', { name, ...errorsOf(keys.metric), ...keys }));

const change = fc
  .record({
    ...common,
    window: fc.constantFrom('15m', '1h', '6h', '26h', 'today', 'yesterday', 'this_week', 'this_month'),
    against: fc.constantFrom('previous', 'day', 'day', 'week', 'month'),
    ratio: fc.constantFrom(1.001, 2),
    min_change: fc.constantFrom(0, 0.01),
    direction: fc.constantFrom('up', 'down', 'both'),
  })
  .map((keys) => (name: string) => ruleOf('change', { name, ...errorsOf(keys.metric), ...keys }));

const share = fc
  .record({
    ...common,
    metric: fc.constantFrom('spend', 'calls', 'tokens', 'errors'),
    group_by: fc.constantFrom(['service'], ['user'], ['service', 'user']),
    window: fc.constantFrom('15m', '1h', '26h', '3d', 'today'),
    threshold: fc.constantFrom('1%', '50%', '90%'),
    min_total: fc.constantFrom(0, 1),
  })
  .map((keys) => (name: string) => ruleOf('share', { name, ...errorsOf(keys.metric), ...keys }));

/** Metrics of failed calls may count some kinds of them only. */
function errorsOf(metric: string): object {
  if (metric === 'error_rate') return { errors: { not: [429] } };
  return ['errors', 'wasted_spend'].includes(metric) ? { errors: [429, '5xx', 'timeout'] } : {};
}

const plays = fc
  .record({
    place: fc.constantFrom(...ZONES),
    stepMs: fc.constantFrom(MINUTE, 5 * MINUTE, 7 * MINUTE, HOUR),
    instants: fc.integer({ min: 20, max: 45 }),
    /** Where the replay begins, in steps before the clocks change. */
    before: fc.integer({ min: 0, max: 40 }),
    offset: fc.constantFrom(0, 0, MINUTE, 3 * MINUTE),
    rules: fc
      .array(
        fc.oneof(
          { weight: 3, arbitrary: threshold },
          { weight: 2, arbitrary: anomaly },
          { weight: 2, arbitrary: change },
          { weight: 2, arbitrary: share },
        ),
        { minLength: 1, maxLength: 4 },
      )
      .map((rules) => rules.map((rule, i) => rule(`rule-${i}`))),
    calls: fc.array(
      fc.record({
        /** Near the time of day that is replayed, as anomalies look there; or anywhere in the days before. */
        daysAgo: fc.constantFrom(0, 0, 0, 1, 2, 3, 4, 5, null),
        share: fc.integer({ min: 0, max: 999 }).map((thousandths) => thousandths / 1000),
        onMinute: fc.boolean(),
        service: fc.constantFrom('a', 'a', 'b', 'c "d", {e}\\', 'NULL'),
        user: fc.constantFrom('u1', 'u1', 'u2', null, ''),
        cost: fc.option(
          fc.oneof(
            fc.integer({ min: -2_000_000, max: 9_000_000 }).map((micros) => micros / 1e6),
            fc.constantFrom(0, 1e-12, 0.999999999999, 999_999_999.999999),
          ),
        ),
        tokens: fc.integer({ min: 0, max: 3_000 }),
        status: fc.constantFrom(200, 200, 500, 429, 504, 408),
        error: fc.constantFrom(null, 'deadline exceeded'),
        latency: fc.option(fc.integer({ min: 0, max: 90_000_000 }).map((micros) => micros / 1e3)),
      }),
      { minLength: 10, maxLength: 200 },
    ),
  })
  .map(({ place, stepMs, instants, before, offset, rules, calls }) => {
    const from = Math.floor(place.around / stepMs) * stepMs + offset - before * stepMs;
    const to = from + instants * stepMs;
    return {
      zone: place.zone,
      stepMs,
      from,
      to,
      rules,
      calls: calls.map(({ daysAgo, share, onMinute, ...call }): Call => {
        const begin = from - HOUR;
        const at = daysAgo === null ? to - share * 6 * DAY : begin + share * (to - begin) - daysAgo * DAY;
        // There a window begins or ends.
        return { ...call, at: onMinute ? Math.floor(at / MINUTE) * MINUTE : Math.floor(at) };
      }),
    };
  });
