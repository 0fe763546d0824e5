import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { seededRandom } from '../../src/demo/random.ts';
import { toNumber } from '../../src/model/money.ts';
import type { Report, ReportPeriod } from '../../src/model/report.ts';
import { ruleOf } from '../rules/rule-fixtures.ts';
import { type CallStore, type LoggedCall, openCallStore } from '../support/call-store.ts';
import { faultSeeds } from '../support/seeds.ts';
import { decimal, figureOf, PRICES, reportOn, sumOf, ZONE } from './report-world.ts';

const [SEED = 0] = faultSeeds('report');

/** Two months and a bit in which clocks change; the last day of summer time is in the week of the reports. */
const FIRST = Date.parse('2026-08-25T00:00:00Z');
const LAST = Date.parse('2026-11-03T12:00:00Z');

/** What a call costs, and the local time at which it was made: written by hand, apart from the program's own SQL. */
const CALLS = `(SELECT *, request_timestamp AT TIME ZONE '${ZONE}' AS local,
  COALESCE(cost_usd, CASE
    WHEN input_tokens = 0 AND COALESCE(actual_output_tokens, 0) = 0 THEN 0
    WHEN model = 'gpt-4.1' THEN ((input_tokens - LEAST(COALESCE(cached_tokens, 0), input_tokens)) * 2.0
      + LEAST(COALESCE(cached_tokens, 0), input_tokens) * 0.5 + COALESCE(actual_output_tokens, 0) * 8.0) / 1000000
    WHEN model = 'small' THEN (input_tokens * 0.1 + COALESCE(actual_output_tokens, 0) * 0.4) / 1000000 END) AS cost
  FROM api_audit_logs) AS call`;

const PERIODS = {
  day: {
    at: '2026-10-26T06:00:00Z',
    now: ['2026-10-25', '2026-10-26'],
    before: ['2026-10-24', '2026-10-25'],
  },
  week: {
    at: '2026-10-28T06:00:00Z',
    now: ['2026-10-19', '2026-10-26'],
    before: ['2026-10-12', '2026-10-19'],
  },
  month: {
    at: '2026-11-02T06:00:00Z',
    now: ['2026-10-01', '2026-11-01'],
    before: ['2026-09-01', '2026-10-01'],
  },
} as const;

let calls: CallStore;
beforeAll(async () => {
  calls = await openCallStore('postgres', {}, PRICES);
  const rows = randomCalls(seededRandom(SEED));
  for (let i = 0; i < rows.length; i += 2_000) await calls.log(...rows.slice(i, i + 2_000));
});
afterAll(() => calls?.stop());

function randomCalls(random: () => number): LoggedCall[] {
  const one = <T>(values: readonly T[]): T => values[Math.floor(random() * values.length)] as T;
  const rows: LoggedCall[] = [];
  for (let i = 0; i < 12_000; i += 1) {
    const call: LoggedCall = {
      at: FIRST + Math.floor(random() * (LAST - FIRST)),
      service: one(['search', 'search', 'chat', 'batch', '=1+1', `s${Math.floor(random() * 30)}`]),
      model: one(['gpt-4.1', 'gpt-4.1', 'small', 'unlisted']),
      user: one([null, 'u1', `u${Math.floor(random() * 3_000)}`]),
      input_tokens: one([0, 100, Math.floor(random() * 5_000)]),
      output_tokens: one([null, Math.floor(random() * 900)]),
      cached_tokens: one([null, 50, Math.floor(random() * 6_000)]),
      status: one([200, 200, 200, 429, 500]),
      cost: one([null, '0', '-0.012345', (random() * 0.3).toFixed(6), (random() * 0.3).toFixed(6)]),
    };
    rows.push(call);
    if (random() < 0.1) rows.push({ ...call, at: call.at + 7, cost: '0.031' });
  }
  return rows;
}

/** The first row of a question about the calls of some local days. */
async function ask(
  select: string,
  [from, to]: readonly [string, string],
  more = '',
): Promise<Record<string, string | null>> {
  const [row] = await calls.sql.query<Record<string, string | null>>(
    `SELECT ${select} FROM ${CALLS} WHERE local >= '${from}' AND local < '${to}' ${more}`,
  );
  return row ?? {};
}

describe.each(Object.keys(PERIODS) as ReportPeriod[])('the report of a %s', (period) => {
  const { at, now, before } = PERIODS[period];
  let report: Report;
  beforeAll(async () => {
    report = await reportOn(calls.store, { period }, at);
  });

  it('has the total of SQL in both periods, and nothing that could not be read', async () => {
    const sum = 'sum(cost)::text AS cost';
    expect(report.spend).toEqual({
      now: decimal((await ask(sum, now)).cost ?? null),
      before: decimal((await ask(sum, before)).cost ?? null),
    });
    expect(report.troubles).toEqual([]);
  });

  it('has days that add up to the totals, each as in SQL', async () => {
    for (const [compared, days] of [
      [report.spend.now, report.days.filter(({ window }) => window.from >= report.window.from)],
      [report.spend.before, report.days.filter(({ window }) => window.from < report.window.from)],
    ] as const) {
      expect(sumOf(days.map(({ spend }) => spend))).toBe(compared);
    }
    const rows = await calls.sql.query<{ day: string; cost: string }>(
      `SELECT local::date::text AS day, sum(cost)::text AS cost FROM ${CALLS}
       WHERE local >= '${before[0]}' AND local < '${now[1]}' GROUP BY 1 ORDER BY 1`,
    );
    expect(report.days.map(({ spend }) => spend)).toEqual(rows.map(({ cost }) => decimal(cost)));
  });

  it('has the figures of SQL', async () => {
    for (const [which, days] of [
      ['now', now],
      ['before', before],
    ] as const) {
      const of = (name: string) => figureOf(report, name)?.[which];
      const tokens = 'COALESCE(input_tokens, 0) + COALESCE(actual_output_tokens, 0)';
      const wanted = await ask(
        `count(*)::text AS calls, sum(${tokens})::text AS tokens,
         sum(cost) FILTER (WHERE status_code NOT BETWEEN 200 AND 399)::text AS wasted,
         count(*) FILTER (WHERE cost IS NULL)::text AS unpriced,
         (sum(cached_tokens)::float8 / sum(input_tokens))::text AS hits,
         (sum(cost) / count(*))::float8::text AS per_call, (1000 * sum(cost) / sum(${tokens}))::float8::text AS per_1k`,
        days,
      );
      expect(of('calls')?.fixed).toBe(decimal(wanted.calls ?? null));
      expect(of('tokens')?.fixed).toBe(decimal(wanted.tokens ?? null));
      expect(of('wasted_spend')?.fixed).toBe(decimal(wanted.wasted ?? null));
      expect(of('unpriced_calls')?.fixed).toBe(decimal(wanted.unpriced ?? null));
      expect(of('cache_hit_rate')?.number).toBeCloseTo(Number(wanted.hits), 12);
      expect(of('cost_per_call')?.number).toBeCloseTo(Number(wanted.per_call), 12);
      expect(of('cost_per_1k_tokens')?.number).toBeCloseTo(Number(wanted.per_1k), 12);
      const [repeated] = await calls.sql.query<{ cost: string | null; rows: string }>(
        `SELECT sum(cost)::text AS cost, count(*)::text AS rows FROM (
           SELECT cost, row_number() OVER (
             PARTITION BY date_trunc('minute', local), service_name, user_id, session_id, model, input_tokens
             ORDER BY request_timestamp, cost DESC NULLS LAST, id) AS rank
           FROM ${CALLS} WHERE local >= '${days[0]}' AND local < '${days[1]}' AND input_tokens > 0) AS ranked WHERE rank > 1`,
      );
      expect(of('repeated_spend')?.fixed).toBe(decimal(repeated?.cost ?? null));
      expect(Number(repeated?.rows)).toBeGreaterThan(period === 'day' ? 0 : 20);
    }
  });

  it('has tables with the values that spent most, which add up with the others to the total', async () => {
    const columns = { service: 'service_name', model: 'model', user: 'user_id' };
    expect(report.tables.map(({ dimension }) => dimension)).toEqual(Object.keys(columns));
    for (const { dimension, rows, others } of report.tables) {
      const wanted = await calls.sql.query<
        Record<'key' | 'cost' | 'earlier' | 'calls' | 'earlier_calls', string | null>
      >(
        `SELECT ${columns[dimension as keyof typeof columns]} AS key,
           sum(cost) FILTER (WHERE local >= '${now[0]}')::text AS cost, count(*) FILTER (WHERE local >= '${now[0]}')::text AS calls,
           sum(cost) FILTER (WHERE local < '${now[0]}')::text AS earlier,
           count(*) FILTER (WHERE local < '${now[0]}')::text AS earlier_calls
         FROM ${CALLS} WHERE local >= '${before[0]}' AND local < '${now[1]}'
         GROUP BY 1 HAVING count(*) FILTER (WHERE local >= '${now[0]}') > 0
         ORDER BY COALESCE(sum(cost) FILTER (WHERE local >= '${now[0]}'), 0) DESC,
           ${columns[dimension as keyof typeof columns]} COLLATE "C" NULLS FIRST LIMIT 10`,
      );
      expect(rows).toEqual(
        wanted.map((row) => ({
          key: row.key,
          spend: { now: decimal(row.cost), before: decimal(row.earlier) },
          calls: { now: decimal(row.calls), before: decimal(row.earlier_calls) },
        })),
      );
      const all = [...rows, ...(others === null ? [] : [others])];
      expect(sumOf(all.map(({ spend }) => spend.now))).toBe(report.spend.now);
      expect(sumOf(all.map(({ spend }) => spend.before ?? 0n))).toBe(report.spend.before);
      expect(sumOf(all.map(({ calls: one }) => one.now))).toBe(figureOf(report, 'calls')?.now?.fixed);
      const [found] = await calls.sql.query<{ count: string }>(
        `SELECT count(DISTINCT COALESCE(${columns[dimension as keyof typeof columns]}, '(none)'))::text AS count
         FROM ${CALLS} WHERE local >= '${before[0]}' AND local < '${now[1]}'`,
      );
      expect(rows.length + (others?.count ?? 0)).toBe(Number(found?.count));
    }
  });

  it('has the largest changes of services, each with parts that add up to it', async () => {
    const wanted = await calls.sql.query<{ key: string; change: string }>(
      `SELECT service_name AS key, (COALESCE(sum(cost) FILTER (WHERE local >= '${now[0]}'), 0)
         - COALESCE(sum(cost) FILTER (WHERE local < '${now[0]}'), 0))::text AS change
       FROM ${CALLS} WHERE local >= '${before[0]}' AND local < '${now[1]}'
       GROUP BY 1 ORDER BY abs(COALESCE(sum(cost) FILTER (WHERE local >= '${now[0]}'), 0)
         - COALESCE(sum(cost) FILTER (WHERE local < '${now[0]}'), 0)) DESC, service_name COLLATE "C" LIMIT 5`,
    );
    expect(report.movers.map(({ key, split }) => ({ key, change: split.change }))).toEqual(
      wanted.map(({ key, change }) => ({ key, change: decimal(change) })),
    );
    for (const { split } of report.movers) {
      expect(split.calls + split.mix + split.length + split.price).toBe(split.change);
      expect(split.now - split.before).toBe(split.change);
    }
  });

  it('has the figures of each model', async () => {
    for (const { model, figures } of report.models) {
      const tokens = 'COALESCE(input_tokens, 0) + COALESCE(actual_output_tokens, 0)';
      const wanted = await ask(
        `sum(cost)::text AS cost, (1000 * sum(cost) / sum(${tokens}))::float8::text AS per_1k`,
        now,
        `AND model = '${model}'`,
      );
      expect(figureOf({ figures }, 'spend')?.now?.fixed).toBe(decimal(wanted.cost ?? null));
      expect(figureOf({ figures }, 'cost_per_1k_tokens')?.now?.number).toBeCloseTo(Number(wanted.per_1k), 12);
    }
    expect(report.models.map(({ model }) => model).sort()).toEqual(['gpt-4.1', 'small', 'unlisted']);
  });

  it('has what was billed beside what was recorded, of months that are over', async () => {
    const invoices = new Map([
      ['2026-07', 9n],
      ['2026-09', 1n],
      ['2026-10', 2n],
      ['2026-11', 3n],
    ]);
    const { invoices: found } = await reportOn(calls.store, { period, invoices }, at);
    const september = decimal(
      (await ask('sum(cost)::text AS cost', ['2026-09-01', '2026-10-01'])).cost ?? null,
    );
    const october = decimal(
      (await ask('sum(cost)::text AS cost', ['2026-10-01', '2026-11-01'])).cost ?? null,
    );
    expect(found.map(({ month, billed, recorded }) => ({ month, billed, recorded }))).toEqual([
      ...(period === 'month' ? [{ month: '2026-10', billed: 2n, recorded: october }] : []),
      { month: '2026-09', billed: 1n, recorded: september },
    ]);
  });

  it('has what was spent so far of the year in its forecast', async () => {
    const spent = decimal((await ask('sum(cost)::text AS cost', ['2026-01-01', now[1]])).cost ?? null);
    expect(report.forecasts.find((one) => one.period === 'year')?.spent).toBe(spent);
    const month = report.forecasts.find((one) => one.period === 'month');
    const ofMonth = decimal((await ask('sum(cost)::text AS cost', ['2026-10-01', now[1]])).cost ?? null);
    expect(month?.spent).toBe(period === 'month' ? undefined : ofMonth);
  });
});

it('compares with nothing where the table begins after the first day of the period before', async () => {
  const september = await reportOn(calls.store, { period: 'month' }, '2026-10-01T06:00:00Z');
  expect(september.spend.now).toBe(
    decimal((await ask('sum(cost)::text AS cost', ['2026-09-01', '2026-10-01'])).cost ?? null),
  );
  expect(september.spend.before).toBeNull();
  expect(september.movers).toEqual([]);
  expect(september.days).toHaveLength(30);
  const week = await reportOn(calls.store, { period: 'week' }, '2026-09-07T06:00:00Z');
  expect(week.spend.before).toBeNull();
  const day = await reportOn(calls.store, { period: 'day' }, '2026-08-27T06:00:00Z');
  expect(day.spend.before).toBe(
    decimal((await ask('sum(cost)::text AS cost', ['2026-08-25', '2026-08-26'])).cost ?? null),
  );
});

it('only counts what the filter takes', async () => {
  const { at, now } = PERIODS.week;
  const where = { service: { in: ['search'] }, user: { notIn: [null] } };
  const report = await reportOn(calls.store, { where, groupBy: ['service', 'user'] }, at);
  const wanted = await ask(
    'sum(cost)::text AS cost',
    now,
    `AND service_name = 'search' AND user_id IS NOT NULL`,
  );
  expect(report.spend.now).toBe(decimal(wanted.cost ?? null));
  expect(report.tables[0]?.rows.map(({ key }) => key)).toEqual(['search']);
});

it('has budgets in their own period as of the end of the report, the worst groups first', async () => {
  const { at } = PERIODS.week;
  const rules = [
    ruleOf('threshold', { name: 'burn', threshold: 1 }),
    ruleOf('budget', {
      name: 'monthly',
      window: undefined,
      period: 'month',
      group_by: ['service'],
      amount: 40,
      forecast: 'info',
    }),
    ruleOf('budget', { name: 'calls', window: undefined, metric: 'calls', period: 'quarter', amount: 5_000 }),
  ];
  const { budgets } = await reportOn(calls.store, {}, at, { rules });
  const wanted = await calls.sql.query<{ key: string; cost: string }>(
    `SELECT service_name AS key, sum(cost)::text AS cost FROM ${CALLS}
     WHERE local >= '2026-10-01' AND local < '2026-10-26' GROUP BY 1 ORDER BY COALESCE(sum(cost), 0) DESC LIMIT 10`,
  );
  const monthly = budgets.filter(({ rule }) => rule === 'monthly');
  expect(monthly.map(({ key, spent }) => [key[0], spent])).toEqual(
    wanted.map(({ key, cost }) => [key, decimal(cost)]),
  );
  const { count } = await ask('count(*)::text AS count', ['2026-10-01', '2026-10-26']);
  expect(budgets.filter(({ rule }) => rule !== 'monthly')).toEqual([
    {
      rule: 'calls',
      metric: 'calls',
      groupBy: [],
      key: [],
      amount: decimal('5000'),
      spent: decimal(count ?? null),
      window: { from: Date.parse('2026-09-30T22:00:00Z'), to: Date.parse('2026-10-25T23:00:00Z') },
      periodEnd: Date.parse('2026-12-31T23:00:00Z'),
    },
  ]);
});

it('prices the calls of a route by the list', async () => {
  const { at, now } = PERIODS.month;
  const routing = [
    { from: 'gpt-4.1', to: 'small', belowTokens: 2_000 },
    { from: 'small', to: 'gpt-4.1', belowTokens: null },
    { from: 'small', to: 'nobody', belowTokens: null },
    { from: 'unlisted', to: 'small', belowTokens: null },
  ];
  const where = { service: { notIn: ['batch'] } };
  const report = await reportOn(calls.store, { period: 'month', routing, where }, at);
  const output = 'COALESCE(actual_output_tokens, 0)';
  const cached = 'LEAST(COALESCE(cached_tokens, 0), input_tokens)';
  const small = `(input_tokens * 0.1 + ${output} * 0.4) / 1000000`;
  const large = `((input_tokens - ${cached}) * 2.0 + ${cached} * 0.5 + ${output} * 8.0) / 1000000`;
  const wanted = async (price: string, more: string) => {
    const row = await ask(
      `count(*)::text AS calls, sum(cost)::text AS recorded, sum(${price})::text AS rerouted`,
      now,
      `AND cost IS NOT NULL AND service_name <> 'batch' AND ${more}`,
    );
    return {
      calls: Number(row.calls),
      recorded: decimal(row.recorded ?? null),
      rerouted: decimal(row.rerouted ?? null),
    };
  };
  const ofSmall = await wanted(large, `model = 'small'`);
  expect(report.routing).toEqual([
    { route: routing[0], ...(await wanted(small, `model = 'gpt-4.1' AND input_tokens + ${output} < 2000`)) },
    { route: routing[1], ...ofSmall },
    { route: routing[2], ...ofSmall, rerouted: null },
    { route: routing[3], ...(await wanted(small, `model = 'unlisted'`)) },
  ]);
  expect(ofSmall.calls).toBeGreaterThan(100);
});

it('knows how far back the table goes, whatever the filter is', async () => {
  const at = '2026-10-28T06:00:00Z';
  const { retention, newestRow } = await reportOn(calls.store, { where: { service: { in: ['chat'] } } }, at);
  const [wanted] = await calls.sql.query<{ oldest: string; newest: string; rows: string; users: string }>(
    `SELECT extract(epoch FROM date_trunc('milliseconds', min(request_timestamp))) * 1000 AS oldest,
       extract(epoch FROM max(request_timestamp)) * 1000 AS newest, count(*)::text AS rows,
       count(DISTINCT user_id)::text AS users
     FROM api_audit_logs WHERE request_timestamp < $1`,
    [at],
  );
  expect(retention).toEqual({
    oldestRow: Number(wanted?.oldest),
    newestRow: Number(wanted?.newest),
    rows: Number(wanted?.rows),
    users: Number(wanted?.users),
  });
  expect(newestRow).toBe(retention.newestRow);
});

it('counts thousands of users, and names ten', async () => {
  const report = await reportOn(calls.store, { period: 'month' }, PERIODS.month.at);
  const users = report.tables[2];
  expect(users?.rows).toHaveLength(10);
  expect(users?.others?.count).toBeGreaterThan(1_000);
  expect(toNumber(users?.others?.calls.now ?? 0n)).toBeGreaterThan(1_000);
});
