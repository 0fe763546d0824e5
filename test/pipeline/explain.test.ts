import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { AppError } from '../../src/model/errors.ts';
import type { Finding, Firing } from '../../src/model/finding.ts';
import { findingJson } from '../../src/model/finding-json.ts';
import { fixedFromNumber, formatFixed } from '../../src/model/money.ts';
import type { Rule } from '../../src/model/rule.ts';
import { estimatedText } from '../../src/model/unpriced-text.ts';
import { evaluateRules } from '../../src/pipeline/evaluate-rules.ts';
import { explain } from '../../src/pipeline/explain.ts';
import type { AuditStore } from '../../src/stores/audit-store.ts';
import { postgres } from '../../src/stores/postgres.ts';
import { ruleOf } from '../rules/rule-fixtures.ts';
import { type CallStore, type LoggedCall, openCallStore } from '../support/call-store.ts';
import { priceList } from '../support/price-list.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const AT = Date.parse('2026-11-20T02:05:00Z');

let calls: CallStore;
beforeAll(async () => {
  calls = await openCallStore();
});
afterAll(() => calls.stop());
beforeEach(() => calls.clear());

const rule = (keys: Record<string, unknown> = {}) =>
  ruleOf('threshold', { group_by: ['service'], threshold: 1, ...keys });

/** What fires of a rule at some instants, as the store has it. */
async function firingAt(one: Rule, ...instants: readonly number[]): Promise<Firing[]> {
  const times = instants.map((at) => ({ at, earlier: [] }));
  const { outcomes } = await evaluateRules(calls.store, 'UTC', [{ rule: one, times }], Math.max(...instants));
  return (outcomes[0]?.evaluations ?? []).flatMap(({ judgement }) => judgement.firing);
}

async function explained(
  one: Rule,
  available: readonly string[] = [...calls.dimensions],
  ...instants: readonly number[]
): Promise<Finding[]> {
  const firing = await firingAt(one, ...(instants.length === 0 ? [AT] : instants));
  const [findings] = await explain(
    calls.store,
    { dimensions: new Set(available), zone: 'UTC' },
    [{ rule: one, firing }],
    AT,
  );
  if (findings instanceof Error) throw findings;
  return findings ?? [];
}

async function explainedIn(zone: string, one: Rule, at: number): Promise<Finding[]> {
  const times = [{ at, earlier: [] }];
  const { outcomes } = await evaluateRules(calls.store, zone, [{ rule: one, times }], at);
  const firing = outcomes[0]?.evaluations[0]?.judgement.firing ?? [];
  const [findings] = await explain(
    calls.store,
    { dimensions: calls.dimensions, zone },
    [{ rule: one, firing }],
    at,
  );
  if (findings instanceof Error) throw findings;
  return findings ?? [];
}

/** A breakdown with its values as decimals. */
function shown({ breakdown }: Pick<Finding, 'breakdown'>) {
  return Object.fromEntries(
    Object.entries(breakdown).map(([dimension, parts]) => [
      dimension,
      parts.map(({ key, value }) => [key, formatFixed(value.fixed, 6), value.calls]),
    ]),
  );
}

const recent = (call: Omit<LoggedCall, 'at'>): LoggedCall => ({ at: AT - MINUTE, ...call });

describe('what drives a finding', () => {
  it('is what SQL sums by every further dimension, the largest five first', async () => {
    await calls.log(
      ...Array.from({ length: 60 }, (_, i) =>
        recent({
          service: i % 2 === 0 ? 'search' : 'chat',
          model: `m${i % 7}`,
          user: i % 5 === 0 ? null : `u${i % 11}`,
          endpoint: `/v${i % 3}`,
          cost: `${i}.00000${i % 10}`,
        }),
      ),
      { at: AT - 2 * HOUR, cost: 9999 },
    );
    const findings = await explained(rule());
    expect(findings.map(({ key }) => key)).toEqual([['chat'], ['search']]);
    for (const finding of findings) {
      for (const [dimension, column] of [
        ['model', 'model'],
        ['user', 'user_id'],
        ['endpoint', 'endpoint'],
      ] as const) {
        const expected = await calls.sql.query<{ key: string | null; value: string; calls: string }>(
          `SELECT ${column} AS key, trim_scale(sum(cost_usd))::text AS value, count(*)::text AS calls
           FROM api_audit_logs
           WHERE service_name = $1 AND request_timestamp >= $2 AND request_timestamp < $3
           GROUP BY 1 ORDER BY sum(cost_usd) DESC LIMIT 5`,
          [finding.key[0], new Date(AT - HOUR), new Date(AT)],
        );
        expect(shown(finding)[dimension]).toEqual(
          expected.map((row) => [row.key, row.value, Number(row.calls)]),
        );
      }
      expect(Object.keys(finding.breakdown)).toEqual(['model', 'user', 'endpoint']);
    }
  });

  it('has NULL as a part of its own beside a user who is called (none)', async () => {
    await calls.log(recent({ user: null, cost: 3 }), recent({ user: '(none)', cost: 2 }));
    const [finding] = await explained(rule());
    expect(finding && shown(finding).user).toEqual([
      [null, '3', 1],
      ['(none)', '2', 1],
    ]);
  });

  it('includes the group that is NULL', async () => {
    await calls.log(
      recent({ user: null, cost: 3, model: 'a' }),
      recent({ user: '(none)', cost: 2, model: 'b' }),
    );
    const findings = await explained(rule({ group_by: ['user'] }));
    expect(findings.map(({ key, breakdown }) => [key, breakdown.model?.map((part) => part.key)])).toEqual([
      [[null], ['a']],
      [['(none)'], ['b']],
    ]);
  });

  it('leaves out what the rule groups by and what the store does not have', async () => {
    await calls.log(recent({ cost: 3 }));
    const [finding] = await explained(rule({ group_by: ['service', 'model'] }), ['service', 'model', 'user']);
    expect(Object.keys(finding?.breakdown ?? {})).toEqual(['user']);
    const [whole] = await explained(rule({ group_by: [] }));
    expect(Object.keys(whole?.breakdown ?? {})).toEqual(['model', 'user', 'service', 'endpoint']);
  });

  it('of a rate of errors is where the errors are, not where the rate is highest', async () => {
    await calls.log(
      ...Array.from({ length: 8 }, (_, i) => recent({ user: 'busy', status: i < 4 ? 500 : 200 })),
      recent({ user: 'unlucky', status: 500 }),
      ...Array.from({ length: 20 }, () => recent({ user: 'happy' })),
    );
    const [finding] = await explained(rule({ metric: 'error_rate', threshold: 0.1 }));
    expect(finding && shown(finding).user).toEqual([
      ['busy', '0.5', 8],
      ['unlucky', '1', 1],
      ['happy', '0', 20],
    ]);
  });

  it('of tokens ranks by both kinds together', async () => {
    await calls.log(
      recent({ user: 'reads', input_tokens: 1000, output_tokens: 0 }),
      recent({ user: 'writes', input_tokens: 10, output_tokens: 5000 }),
    );
    const [finding] = await explained(rule({ metric: 'tokens' }));
    expect(finding && shown(finding).user).toEqual([
      ['writes', '5010', 1],
      ['reads', '1000', 1],
    ]);
  });

  it('of a percentile ranks by calls', async () => {
    await calls.log(
      recent({ user: 'one', latency_ms: 9000 }),
      ...Array.from({ length: 3 }, () => recent({ user: 'many', latency_ms: 2000 })),
    );
    const [finding] = await explained(rule({ metric: 'latency_p95', threshold: 10 }));
    expect(finding?.breakdown.user?.map(({ key }) => key)).toEqual(['many', 'one']);
  });

  it('obeys the filter and the errors of the rule', async () => {
    await calls.log(
      recent({ user: 'a', status: 429, cost: 4 }),
      recent({ user: 'a', status: 500, cost: 8 }),
      recent({ user: 'b', status: 429, cost: 2 }),
      recent({ user: 'b', status: 429, cost: 100, model: 'other' }),
    );
    const one = rule({ metric: 'wasted_spend', errors: [429], where: { model: 'gpt-4.1' } });
    const [finding] = await explained(one);
    expect(finding && shown(finding)).toMatchObject({
      user: [
        ['a', '4', 2],
        ['b', '2', 1],
      ],
      model: [['gpt-4.1', '6', 3]],
    });
  });

  it('is that of its own window where findings of several instants are explained together', async () => {
    await calls.log(
      { at: AT - 3 * HOUR, user: 'early', cost: 7 },
      { at: AT - MINUTE, user: 'late', cost: 5 },
    );
    const findings = await explained(rule(), ['user'], AT - 2 * HOUR - 30 * MINUTE, AT);
    expect(findings.map(shown)).toEqual([{ user: [['early', '7', 1]] }, { user: [['late', '5', 1]] }]);
  });

  it('is found among more groups than a filter would name', async () => {
    await calls.log(
      ...Array.from({ length: 230 }, (_, i) => recent({ user: `u${i}`, model: `m${i}`, cost: 1 + i })),
    );
    const findings = await explained(rule({ group_by: ['user'] }), ['user', 'model']);
    expect(findings).toHaveLength(230);
    expect(
      findings.every(({ key, breakdown }) => breakdown.model?.[0]?.key === key[0]?.replace('u', 'm')),
    ).toBe(true);
  });
});

describe('calls without a price', () => {
  it('are counted with their models for metrics of money, within window and group', async () => {
    await calls.log(
      recent({ cost: 5 }),
      recent({ cost: null, model: 'new' }),
      recent({ cost: null, model: 'new' }),
      recent({ cost: null, model: 'newer' }),
      recent({ cost: null, model: 'other', service: 'chat' }),
      { at: AT - 2 * HOUR, cost: null, model: 'old' },
    );
    const [finding] = await explained(rule());
    expect(finding?.unpriced).toEqual({ calls: 3, models: 2 });
    const [perModel] = await explained(
      rule({ group_by: ['model'], where: { model: ['gpt-4.1', 'new'] }, threshold: 0 }),
    );
    expect(perModel).toMatchObject({ key: ['gpt-4.1'], unpriced: null });
    const [failed] = await explained(rule({ metric: 'calls' }));
    expect(failed?.unpriced).toBeNull();
  });

  it('are null where every call has one, or nothing to be priced', async () => {
    await calls.log(recent({ cost: 5 }), recent({ cost: null, input_tokens: 0, output_tokens: 0 }));
    const [finding] = await explained(rule());
    expect(finding?.unpriced).toBeNull();
  });
});

describe('what a finding is compared with', () => {
  it('has the others of a dimension in one, with their credits', async () => {
    const costs = [50, 40, 30, 20, 10, 5, 3, -2, -1];
    await calls.log(...costs.map((cost, i) => recent({ user: `u${i}`, cost })));
    const [finding] = await explained(rule());
    const total = (keys: number, usd: number) => ({
      keys,
      value: { fixed: fixedFromNumber(usd), number: usd, calls: keys },
      calls: keys,
    });
    expect(finding?.others).toEqual({ user: { ...total(4, 5), credits: total(2, -3) } });
    expect(finding?.breakdown.user?.map(({ key }) => key)).toEqual(['u0', 'u1', 'u2', 'u3', 'u4']);
  });

  it('has the ratio of the others from all their calls', async () => {
    await calls.log(
      ...Array.from({ length: 5 }, (_, i) => [
        recent({ user: `u${i}`, status: 500 }),
        recent({ user: `u${i}`, status: 500 }),
      ]).flat(),
      recent({ user: 'a', status: 500 }),
      recent({ user: 'b' }),
      recent({ user: 'b' }),
      recent({ user: 'b' }),
    );
    const [finding] = await explained(rule({ metric: 'error_rate', threshold: 0.1 }));
    expect(finding?.others.user).toMatchObject({ keys: 2, value: { number: 0.25 }, calls: 4, credits: null });
  });

  it('has the same window one and seven local days before, also across a change of clocks', async () => {
    const noon = Date.parse('2026-10-27T11:00:00Z');
    await calls.log(
      { at: noon - MINUTE, cost: 100 },
      { at: noon - DAY - MINUTE, cost: 7 },
      // A week before, summer time held: the same local hour was an hour earlier in UTC.
      { at: noon - 7 * DAY - HOUR - MINUTE, cost: 3 },
      { at: noon - 7 * DAY - MINUTE, cost: 1000 },
    );
    const [finding] = await explainedIn('Europe/Berlin', rule(), noon);
    expect([finding?.yesterday?.number, finding?.weekAgo?.number]).toEqual([7, 3]);
    const today = rule({ window: 'today', group_by: [] });
    const [whole] = await explainedIn('Europe/Berlin', today, noon);
    expect([whole?.yesterday?.number, whole?.weekAgo?.number]).toEqual([7, 3]);
    const [yesterday] = await explainedIn('Europe/Berlin', rule({ window: 'yesterday' }), noon);
    expect([yesterday?.value.number, yesterday?.yesterday?.number]).toEqual([7, 0]);
  });

  it('of a ratio without calls is not known', async () => {
    await calls.log(recent({ status: 500 }), { at: AT - DAY - MINUTE, status: 200 });
    const [finding] = await explained(rule({ metric: 'error_rate', threshold: 0.1 }));
    expect([finding?.yesterday?.number, finding?.weekAgo]).toEqual([0, null]);
  });

  it('takes a few statements, however many rules fire', async () => {
    await calls.log(...Array.from({ length: 12 }, (_, i) => recent({ service: `s${i}`, cost: 5 })));
    const rules = Array.from({ length: 12 }, (_, i) =>
      rule({ name: `r${i}`, metric: i % 2 === 0 ? 'spend' : 'calls', window: `${i + 1}h` }),
    );
    const wanted = await Promise.all(
      rules.map(async (one, i) => ({ rule: one, firing: (await firingAt(one, AT)).slice(i, i + 1) })),
    );
    let reads = 0;
    const counting: AuditStore = {
      ...calls.store,
      read: (asked, ...rest) => {
        reads += asked.length;
        return calls.store.read(asked, ...rest);
      },
    };
    const findings = await explain(counting, { dimensions: calls.dimensions, zone: 'UTC' }, wanted, AT);
    expect(findings.flat().map((one) => 'key' in one && one.key[0])).toHaveLength(12);
    expect(reads).toBeLessThan(20);
  });
});

describe('a store that fails', () => {
  it('leaves the findings without an explanation', async () => {
    await calls.log(recent({ cost: 5 }));
    const one = rule();
    const firing = await firingAt(one, AT);
    const away: AuditStore = {
      ...calls.store,
      read: () => Promise.reject(new AppError('store_unreachable', 'connection refused')),
    };
    const [findings] = await explain(
      away,
      { dimensions: calls.dimensions, zone: 'UTC' },
      [{ rule: one, firing }],
      AT,
    );
    expect(findings).toEqual([
      expect.objectContaining({ key: ['search'], severity: 'warning', breakdown: {}, unpriced: null }),
    ]);
  });

  it('leaves out the one breakdown that it refuses', async () => {
    await calls.log(recent({ cost: 5, user: 'ann' }));
    const bad = await openCallStore('pglite', { columns: { endpoint: { sql: '(1 / 0)::text' } } });
    try {
      await bad.sql.query(
        `INSERT INTO api_audit_logs (request_id, request_timestamp, service_name, user_id, model, endpoint, input_tokens, cost_usd)
         VALUES (gen_random_uuid(), $1, 'search', 'ann', 'gpt-4.1', '', 1, 5)`,
        [new Date(AT - MINUTE)],
      );
      const one = rule();
      const firing = await firingAt(one, AT);
      const [findings = []] = await explain(
        bad.store,
        { dimensions: bad.dimensions, zone: 'UTC' },
        [{ rule: one, firing }],
        AT,
      );
      if (findings instanceof Error) throw findings;
      expect(findings.map(shown)).toEqual([{ model: [['gpt-4.1', '5', 1]], user: [['ann', '5', 1]] }]);
    } finally {
      await bad.stop();
    }
  });

  it('is not asked where nothing fires', async () => {
    let reads = 0;
    const counting: AuditStore = {
      ...calls.store,
      read: (...asked) => {
        reads += 1;
        return calls.store.read(...asked);
      },
    };
    expect(
      await explain(
        counting,
        { dimensions: calls.dimensions, zone: 'UTC' },
        [{ rule: rule(), firing: [] }],
        AT,
      ),
    ).toEqual([[]]);
    expect(reads).toBe(0);
  });
});

describe('a sum that rests on the price list', () => {
  const PRICES = priceList({ 'gpt-4.1': { input: '2', output: '8' } });

  async function estimated(hasPrices: boolean, ...costs: readonly (number | null)[]) {
    const store = postgres.open(calls.sql, {}, PRICES);
    const rule = ruleOf('threshold', { threshold: 0.001, group_by: ['service'] });
    // 1,000 tokens at $2 a million, and 100 at $8: $0.0028.
    await calls.log(...costs.map((cost) => recent({ cost })));
    const times = [{ at: AT, earlier: [] }];
    const { outcomes } = await evaluateRules(store, 'UTC', [{ rule, times }], AT);
    const firing = outcomes[0]?.evaluations[0]?.judgement.firing ?? [];
    const surroundings = { dimensions: calls.dimensions, zone: 'UTC', hasPrices };
    const [findings] = await explain(store, surroundings, [{ rule, firing }], AT);
    if (findings instanceof Error || findings?.[0] === undefined)
      throw findings ?? new Error('nothing fires');
    return findings[0];
  }

  it('says which part of it was not recorded', async () => {
    const finding = await estimated(true, 0.0042, null);
    expect(finding.estimatedShare).toBeCloseTo(0.4, 9);
    expect(findingJson(finding)).toMatchObject({ estimated_share: expect.closeTo(0.4, 9) });
    expect(estimatedText(finding)).toBe('about: 40 % of this is by the price list, not recorded');
  });

  it('says so of all of it, and nothing where all was recorded or there is no list', async () => {
    expect(estimatedText(await estimated(true, null))).toMatch(/^about: all of this/);
    await calls.clear();
    expect(await estimated(true, 1)).not.toHaveProperty('estimatedShare');
    await calls.clear();
    expect(await estimated(false, 1, null)).not.toHaveProperty('estimatedShare');
  });
});
