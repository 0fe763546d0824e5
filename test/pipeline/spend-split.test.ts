import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { explainOnce } from '../../src/check/explain/explain.ts';
import { explainJson } from '../../src/check/explain/json.ts';
import { seededRandom } from '../../src/demo/random.ts';
import { AppError } from '../../src/model/errors.ts';
import { fixedFromNumber } from '../../src/model/money.ts';
import type { Rule } from '../../src/model/rule.ts';
import type { CellRead } from '../../src/model/series.ts';
import { collectDirectly, type Source } from '../../src/pipeline/collect.ts';
import { evaluateRules } from '../../src/pipeline/evaluate-rules.ts';
import { explain } from '../../src/pipeline/explain.ts';
import { questionsOf } from '../../src/pipeline/questions.ts';
import { ruleOf } from '../rules/rule-fixtures.ts';
import type { LoggedCall } from '../support/call-store.ts';
import { DAY, HOUR, MINUTE, openPollWorld, type PollWorld, reasonsOf } from './poll-world.ts';

const AT = Date.parse('2026-11-20T02:05:00Z');

let world: PollWorld;
beforeAll(async () => {
  world = await openPollWorld();
});
afterAll(() => world?.stop());
beforeEach(() => world.clear());

const burn = (keys: Record<string, unknown> = {}) =>
  ruleOf('threshold', { name: 'burn', group_by: ['service'], threshold: 50, ...keys });

interface Split {
  readonly against: { readonly from: string; readonly to: string };
  readonly before: number;
  readonly now: number;
  readonly change: number;
  readonly calls: number;
  readonly mix: number;
  readonly length: number;
  readonly price: number;
}
const PARTS = ['calls', 'mix', 'length', 'price'] as const;

interface Body {
  readonly data: {
    readonly alerts: readonly { readonly finding: { readonly value: number; readonly split?: Split } }[];
  };
}

/** The message about a rule that a poll tells now, and its finding in JSON. */
async function told(rule: Rule, source?: Source) {
  const { queued } = await world.poll([rule], AT, source && { store: { ...world.calls.store, ...source } });
  const [one, ...more] = queued;
  if (one === undefined || more.length > 0) throw new Error(`${queued.length} messages in place of one`);
  const { finding } = (JSON.parse(one.body) as Body).data.alerts[0] ?? {};
  const facts = new Map(one.message.sections[0]?.facts ?? []);
  return { finding, facts };
}

async function explained(rule: Rule): Promise<Split> {
  const answer = await explainOnce(world.explainParts(rule), AT);
  return JSON.parse(explainJson(answer, null, null)).groups[0].split;
}

/** Little at the same hours of 30 days, somewhat more in the last two hours, and much in the last one. */
function anyCalls(seed: number): LoggedCall[] {
  const random = seededRandom(seed);
  const callAt = (at: number, most: number): LoggedCall => ({
    at: Math.floor(at - random() * HOUR),
    model: ['a', 'b', 'c'][Math.floor(random() * 3)] as string,
    input_tokens: Math.floor(random() * 5_000),
    output_tokens: Math.floor(random() * 500),
    cost: (random() * most).toFixed(6),
  });
  const some = (count: number, at: number, most: number): LoggedCall[] =>
    Array.from({ length: count }, () => callAt(at, most));
  return [
    ...Array.from({ length: 50 }, (_, day) => some(4, AT - day * DAY, 1)).flat(),
    ...some(10, AT - HOUR, 2),
    ...some(40, AT, 9),
  ];
}

describe('the split in a message', () => {
  const rules: readonly Rule[] = [
    burn(),
    burn({ name: 'today', window: 'today', group_by: [] }),
    burn({ name: 'by-model', group_by: ['model'], threshold: 10 }),
    ruleOf('anomaly', { name: 'unusual', group_by: ['service'], window: '1h' }),
    ruleOf('change', { name: 'more', group_by: ['service'], window: '1h', against: 'day', ratio: 2 }),
    ruleOf('budget', {
      name: 'month',
      ...{ window: undefined, metric: undefined },
      ...{ group_by: ['service'], period: 'month', amount: 60 },
    }),
  ];

  it.each(rules.map((rule) => [rule.name, rule] as const))('is that of explain: %s', async (name, rule) => {
    const seed = Math.floor(Math.random() * 2 ** 31);
    process.stderr.write(`the split of ${name}: seed ${seed}\n`);
    await world.calls.log(...anyCalls(seed));
    const expected = await explained(rule);
    const { finding, facts } = await told(rule);
    const split = finding?.split as Split;
    const { against, before, now, change } = expected;
    expect(split).toMatchObject({ against, before, now, change });
    expect(before).toBeGreaterThan(0);
    expect(now).toBe(finding?.value);
    for (const part of PARTS) expect(Math.abs(split[part] - expected[part])).toBeLessThanOrEqual(0.000_001);
    const cents = (facts.get('Why') ?? '').match(/[+-]\$[\d,]+\.\d\d/g)?.map(centsIn) ?? [];
    const [whole, ...parts] = cents;
    expect(whole).toBe(Math.round(now * 100) - Math.round(before * 100));
    if (parts.length > 0) expect(parts.reduce((sum, one) => sum + one, 0)).toBe(whole);
    expect(facts.get('Change')).toMatch(/ (on|times that of) the (hour|day|week|month) before/);
  });

  it('has no text where there was nothing before, and says so', async () => {
    await world.calls.log({ at: AT - MINUTE, cost: 60 });
    const { finding, facts } = await told(burn());
    expect(finding?.split).toMatchObject({ before: 0, change: 60, calls: 60, mix: 0, length: 0, price: 0 });
    expect(facts.get('Change')).toBe('nothing recorded in the hour before');
    expect(facts.has('Why')).toBe(false);
  });

  it('does not say that nothing was recorded where calls were, of unknown cost or none', async () => {
    for (const cost of [null, 0]) {
      await world.clear();
      await world.calls.log({ at: AT - HOUR - MINUTE, cost }, { at: AT - MINUTE, cost: 60 });
      const { facts } = await told(burn());
      const change = 'no known cost of the calls in the hour before';
      expect([facts.get('Change'), facts.has('Why')]).toEqual([change, false]);
    }
  });

  it.each([
    ['the earlier window', AT - HOUR - MINUTE],
    ['its own window', AT - MINUTE],
  ])('is of what is priced where calls of %s have no price', async (_, at) => {
    await world.calls.log(
      { at: AT - HOUR - MINUTE, model: 'a', cost: 10 },
      { at, model: 'a', cost: null, input_tokens: 1_000 },
      { at: AT - MINUTE, model: 'a', cost: 60 },
    );
    const { facts } = await told(burn());
    expect(facts.get('Change')).toContain('% of what is priced on the hour before');
    expect(facts.get('Why')).toMatch(/^\+\$50\.00 of what is priced/);
  });

  it('is none of other metrics, of shares, and of values that are new', async () => {
    await world.calls.log(
      ...Array.from({ length: 40 }, (_, day) => ({ at: AT - day * DAY - 2 * MINUTE, cost: 1 })),
      { at: AT - MINUTE, model: 'new', cost: 60 },
      { at: AT - MINUTE, service: 'chat', cost: 1 },
    );
    const others = [
      burn({ metric: 'calls', threshold: 1 }),
      burn({ metric: 'wasted_spend', operator: '<' }),
      ruleOf('share', { name: 'most', group_by: ['service'], window: '1h', threshold: '50%' }),
      ruleOf('new_value', { name: 'new', window: undefined, metric: undefined, dimension: 'model' }),
    ];
    for (const rule of others) {
      const { reads, source } = recorded();
      const { finding, facts } = await told(rule, source);
      expect(finding?.value).toBeDefined();
      expect(finding).not.toHaveProperty('split');
      expect([facts.has('Change'), facts.has('Why')]).toEqual([false, false]);
      expect(reads.filter(isOfSplit)).toEqual([]);
      await world.forget();
    }
  });

  it('is that of its own windows where findings of several instants are explained together', async () => {
    await world.calls.log(
      { at: AT - 150 * MINUTE, cost: 1 },
      { at: AT - 90 * MINUTE, cost: 51 },
      { at: AT - MINUTE, cost: 70 },
    );
    const rule = burn();
    const times = [AT - HOUR, AT].map((at) => ({ at, earlier: [] }));
    const { outcomes } = await evaluateRules(world.calls.store, 'UTC', [{ rule, times }], AT);
    const firing = (outcomes[0]?.evaluations ?? []).flatMap(({ judgement }) => judgement.firing);
    const surroundings = { dimensions: world.calls.dimensions, zone: 'UTC' };
    const [findings] = await explain(world.calls.store, surroundings, [{ rule, firing }], AT);
    expect(findings).toMatchObject([
      { split: { before: fixedFromNumber(1), now: fixedFromNumber(51) } },
      { split: { before: fixedFromNumber(51), now: fixedFromNumber(70) } },
    ]);
  });

  it('is none of a value that has changed since it was found', async () => {
    await world.calls.log({ at: AT - MINUTE, cost: 60 }, { at: AT - HOUR - MINUTE, cost: 10 });
    const rule = burn();
    const times = [{ at: AT, earlier: [] }];
    const { outcomes } = await evaluateRules(world.calls.store, 'UTC', [{ rule, times }], AT);
    const firing = outcomes[0]?.evaluations[0]?.judgement.firing ?? [];
    const splits = async () => {
      const surroundings = { dimensions: world.calls.dimensions, zone: 'UTC' };
      const [findings] = await explain(world.calls.store, surroundings, [{ rule, firing }], AT);
      if (findings instanceof Error) throw findings;
      return findings?.map(({ split }) => split?.change ?? null);
    };
    expect(await splits()).toEqual([fixedFromNumber(50)]);
    await world.calls.log({ at: AT - 2 * MINUTE, cost: '0.000001' });
    expect(await splits()).toEqual([null]);
  });
});

describe('the read of a split', () => {
  beforeEach(async () => {
    await world.calls.log(
      { at: AT - MINUTE, cost: 60, model: 'b' },
      { at: AT - MINUTE, cost: 40, model: 'a' },
      { at: AT - HOUR - MINUTE, cost: 10, model: 'a' },
    );
  });

  it('costs a quiet poll nothing, and one with news a read of both windows', async () => {
    const { reads, source } = recorded();
    expect((await told(burn(), source)).facts.has('Why')).toBe(true);
    expect(reads.filter(isOfSplit).map(({ ranges }) => ranges)).toEqual([[{ from: AT - 2 * HOUR, to: AT }]]);
    // The other one is that of the breakdown, which must not wait for the past.
    const byModel = reads.filter(({ groupBy }) => groupBy.join() === 'service,model');
    expect(byModel).toHaveLength(2);
    reads.length = 0;
    const report = await world.poll([burn()], AT + MINUTE, { store: { ...world.calls.store, ...source } });
    expect(reasonsOf(report)).toEqual(['duplicate']);
    expect(reads.length).toBeGreaterThan(0);
    expect(reads.filter(isOfSplit)).toEqual([]);
  });

  it('is one more for all rules with the same groups', async () => {
    const { reads, source } = recorded();
    const rules = ['one', 'two', 'three'].map((name) => burn({ name }));
    await world.poll(rules, AT, { store: { ...world.calls.store, ...source } });
    expect(reads.filter(isOfSplit)).toHaveLength(1);
  });

  it.each(['at once', 'never'])('that fails %s leaves the message without it', async (when) => {
    const { source } = recorded(isOfSplit, when);
    const { finding, facts } = await told(burn(), source);
    expect(finding).toMatchObject({ value: 100, breakdown: { model: [{ value: 60 }, { value: 40 }] } });
    expect(finding).not.toHaveProperty('split');
    expect([facts.has('Change'), facts.has('Why'), facts.has('Drivers')]).toEqual([false, false, false]);
  });

  it('is of the first thirty findings, however many there are', async () => {
    await world.calls.log(
      ...Array.from({ length: 40 }, (_, i) => ({ at: AT - MINUTE, user: `u${i}`, cost: 60 + i })),
      ...Array.from({ length: 40 }, (_, i) => ({ at: AT - HOUR - MINUTE, user: `u${i}`, cost: 1 })),
    );
    const rule = burn({ group_by: ['user'] });
    const times = [{ at: AT, earlier: [] }];
    const { outcomes } = await evaluateRules(world.calls.store, 'UTC', [{ rule, times }], AT);
    const { reads, source } = recorded();
    const surroundings = { dimensions: world.calls.dimensions, zone: 'UTC' };
    const firing = outcomes[0]?.evaluations[0]?.judgement.firing ?? [];
    const [findings = []] = await explain(source, surroundings, [{ rule, firing }], AT);
    if (findings instanceof Error) throw findings;
    expect(findings.map(({ split }) => split !== null)).toEqual(findings.map((_, i) => i < 30));
    // Both windows in one read, of these groups alone.
    const [read, ...more] = reads.filter(isOfSplit);
    expect(more).toEqual([]);
    expect(read?.where.user).toMatchObject({ in: findings.slice(0, 30).map(({ key }) => key[0]) });
  });

  it('is not needed where kept sums answer', async () => {
    const rule = burn();
    const times = [{ at: AT, earlier: [] }];
    const { outcomes } = await evaluateRules(world.calls.store, 'UTC', [{ rule, times }], AT);
    const wanted = [{ rule, firing: outcomes[0]?.evaluations[0]?.judgement.firing ?? [] }];
    const queries = questionsOf(wanted, world.calls.dimensions, 'UTC')
      .flat()
      .map(({ query }) => query);
    const { series } = await collectDirectly(world.calls.store, queries, AT);
    const kept = new Map(queries.map((query, i) => [JSON.stringify(query), series[i]]));
    const source = {
      known: (asked: readonly object[]) => asked.map((query) => kept.get(JSON.stringify(query)) ?? null),
      read: () => Promise.reject(new AppError('store_unreachable', 'the store is away')),
    } as Source;
    const surroundings = { dimensions: world.calls.dimensions, zone: 'UTC' };
    const [findings] = await explain(source, surroundings, wanted, AT);
    expect(findings).toMatchObject([{ split: { before: fixedFromNumber(10), now: fixedFromNumber(100) } }]);
  });
});

/** Reads of the store, with those that fit answered by an error or never. */
function recorded(fails: (read: CellRead) => boolean = () => false, when = 'at once') {
  const reads: CellRead[] = [];
  const read: Source['read'] = async (asked, ...rest) => {
    reads.push(...asked);
    if (!asked.some(fails)) return world.calls.store.read(asked, ...rest);
    if (when === 'never') return new Promise(() => undefined);
    return { newestRow: null, answers: asked.map(() => new AppError('store_query_failed', 'refused')) };
  };
  return { reads, source: { read } };
}

function isOfSplit({ measures }: Pick<CellRead, 'measures'>): boolean {
  return measures.includes('cost') && measures.includes('output_tokens');
}

function centsIn(amount: string): number {
  return Number(amount.replace(/[$,.]/g, ''));
}
