import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { explainOnce } from '../../src/check/explain/explain.ts';
import { explainJson } from '../../src/check/explain/json.ts';
import type { ExplainParts, LedgerReader } from '../../src/check/explain/parts.ts';
import { sentenceOfAnswer } from '../../src/check/explain/sentence.ts';
import { explainText } from '../../src/check/explain/text.ts';
import { AppError } from '../../src/model/errors.ts';
import type { Rule } from '../../src/model/rule.ts';
import { ruleTypes } from '../../src/rules/index.ts';
import type { RuleType } from '../../src/rules/rule-type.ts';
import { stateReader } from '../../src/state/open.ts';
import { readTold } from '../../src/state/told.ts';
import { DAY, HOUR, MINUTE, openPollWorld, type PollWorld, silenceOf } from '../pipeline/poll-world.ts';
import { ruleOf } from '../rules/rule-fixtures.ts';
import { hourlyBurn } from './check-parts.ts';

const AT = Date.parse('2026-11-20T02:05:00Z');

let world: PollWorld;
beforeAll(async () => {
  world = await openPollWorld();
});
afterAll(() => world?.stop());
beforeEach(() => world.clear());

function partsOf(rule: Rule, more: Partial<ExplainParts> = {}): ExplainParts {
  const parts = world.explainParts(rule);
  const { sql } = world.calls;
  return {
    ...parts,
    ledger: {
      state: stateReader(sql),
      told: (from, to) => readTold(sql, parts.fingerprint, from, to),
    },
    ...more,
  };
}

async function sentence(rule: Rule, at: number, more: Partial<ExplainParts> = {}): Promise<string> {
  return sentenceOfAnswer(await explainOnce(partsOf(rule, more), at));
}

describe('the first sentence of an explanation', () => {
  it('says that it fires and would be notified now, and why', async () => {
    await world.calls.log({ at: AT - MINUTE, cost: '312.456789' });
    expect(await sentence(hourlyBurn(), AT)).toBe(
      'hourly-burn fires for search since 2026-11-20 02:05 UTC: $312.46 >= $100.00 in 1h, and would be notified now to oncall, because it is new.',
    );
  });

  it('says that it was told at 02:05 and to whom, and when it is told again', async () => {
    await world.calls.log({ at: AT - MINUTE, cost: '312.46' });
    await world.poll([hourlyBurn()], AT);
    expect(await sentence(hourlyBurn(), AT + 10 * MINUTE)).toBe(
      'hourly-burn fires for search since 2026-11-20 02:05 UTC: $312.46 >= $100.00 in 1h, and was notified at 2026-11-20 02:05 UTC to oncall; it is not told again before 2026-11-21 00:00 UTC unless its severity rises or it reaches $3,124.60.',
    );
    expect(await sentence(hourlyBurn(), AT + 30 * MINUTE, { ledger: null })).toContain(
      'would be notified now',
    );
  });

  it('says that the limit is not reached', async () => {
    await world.calls.log({ at: AT - MINUTE, cost: 12 });
    expect(await sentence(hourlyBurn(), AT)).toBe(
      'hourly-burn does not fire for search: $12.00 in 1h does not reach its limit (>= $50.00 / $100.00).',
    );
  });

  it('says since when it holds, and when it has held for as long as `for` asks', async () => {
    await world.calls.log({ at: AT - 4 * MINUTE, cost: 60 });
    expect(await sentence(hourlyBurn({ for: '10m' }), AT)).toBe(
      'hourly-burn does not fire for search yet: $60.00 >= $50.00 in 1h has held since 2026-11-20 02:02 UTC, and `for` asks for 10m, so that it fires at 2026-11-20 02:12 UTC if it goes on.',
    );
  });

  it('says until when and why it is silenced', async () => {
    await world.calls.log({ at: AT - MINUTE, cost: 60 });
    const silences = [silenceOf('hourly-burn', AT - HOUR, AT + HOUR)];
    expect(await sentence(hourlyBurn(), AT, { silences })).toBe(
      'hourly-burn fires for search since 2026-11-20 02:05 UTC: $60.00 >= $50.00 in 1h, but it is silenced until 2026-11-20 03:05 UTC (load test).',
    );
  });

  it('says that what was told is over', async () => {
    await world.calls.log({ at: AT - MINUTE, cost: 60 }, { at: AT + 90 * MINUTE, cost: 1 });
    await world.poll([hourlyBurn()], AT);
    const later = AT + 2 * HOUR;
    expect(await sentence(hourlyBurn(), later)).toBe(
      'hourly-burn does not fire for search any more since 2026-11-20 04:05 UTC: $1.00 in 1h does not reach its limit (>= $50.00 / $100.00), after it was notified at 2026-11-20 02:05 UTC to oncall; it is resolved.',
    );
    await world.poll([hourlyBurn()], later);
    expect(await sentence(hourlyBurn(), later + MINUTE)).toMatch(
      /^hourly-burn does not fire for search any more since 2026-11-20 03:05 UTC: .*02:05 UTC to oncall; it is over\.$/,
    );
  });

  it('says that there is no data', async () => {
    const slow = ruleOf('threshold', { name: 'slow', metric: 'latency_p95', threshold: 1000 });
    expect(await sentence(slow, AT)).toBe(
      'slow does not fire: there is no data to judge it by, as 1h has no calls and the store has none.',
    );
    await world.calls.log({ at: AT - 3 * HOUR });
    expect(await sentence(slow, AT)).toBe(
      'slow does not fire: there is no data to judge it by, as 1h has no calls; the newest row is of 2026-11-19 23:05 UTC.',
    );
  });

  it('says that there is not enough history', async () => {
    const unusual = ruleOf('anomaly', { name: 'unusual', group_by: ['service'], window: '1h' });
    await world.calls.log(...[0, 1, 2].map((day) => ({ at: AT - day * DAY - MINUTE, cost: 10 })));
    expect(await sentence(unusual, AT)).toBe(
      'unusual does not fire for search: there is not enough history to judge it by, with 2 earlier periods that can be compared; its limit is z 3 over 28d.',
    );
  });

  it('says that a calendar window has just begun anew, and what the one before had', async () => {
    const budget = ruleOf('threshold', { name: 'daily', window: 'today', threshold: 1000 });
    const midnight = Date.parse('2026-11-20T00:00:00Z');
    await world.calls.log({ at: midnight - HOUR, cost: 1204 }, { at: midnight + MINUTE, cost: '3.20' });
    expect(await sentence(budget, midnight + 5 * MINUTE)).toBe(
      'daily does not fire: its window (today) began anew at 2026-11-20 00:00 UTC, and $3.20 today does not reach its limit (>= $1,000.00); the window before ended with $1,204.00.',
    );
  });

  it('says that the rule is disabled, and what it would find', async () => {
    await world.calls.log({ at: AT - MINUTE, cost: 60 });
    expect(await sentence(hourlyBurn({ enabled: false }), AT)).toMatch(
      /^hourly-burn is disabled, so that nobody is told; if it were enabled: hourly-burn fires for search/,
    );
  });

  it('says that fewer calls than min_calls fire nothing', async () => {
    await world.calls.log({ at: AT - MINUTE, cost: 60 });
    expect(await sentence(hourlyBurn({ min_calls: 5 }), AT)).toBe(
      'hourly-burn does not fire for search: it takes at least 5 calls, and the window has 1 call.',
    );
  });
});

describe('an explanation without the ledger', () => {
  it('says what it would do, and why it cannot know what was told', async () => {
    await world.calls.log({ at: AT - MINUTE, cost: 60 });
    const away = async () => {
      throw new AppError('store_unreachable', 'the state store cannot be reached');
    };
    const { ledger } = partsOf(hourlyBurn());
    const state = { ...(ledger as LedgerReader).state, readRuleStates: away };
    const answer = await explainOnce(partsOf(hourlyBurn(), { ledger: { state, told: away } }), AT);
    expect(sentenceOfAnswer(answer)).toMatch(
      /would be notified to oncall unless it was already, as the ledger could/,
    );
    expect(explainText(answer)).toMatch(/not known what was told: the state store cannot be reached$/);
  });
});

describe('the rest of an explanation', () => {
  it('changes nothing', async () => {
    await world.calls.log({ at: AT - MINUTE, cost: 60 });
    await sentence(hourlyBurn(), AT);
    const report = await world.poll([hourlyBurn()], AT);
    expect(report.rules[0]?.verdicts).toMatchObject([{ reason: 'new' }]);
  });

  it('splits what a service spent more than in the hour before', async () => {
    await world.calls.log(
      { at: AT - 90 * MINUTE, cost: 10, input_tokens: 900, output_tokens: 100 },
      { at: AT - 30 * MINUTE, cost: 20, input_tokens: 1900, output_tokens: 100 },
      { at: AT - 20 * MINUTE, cost: 40, input_tokens: 1900, output_tokens: 100 },
      { at: AT - 20 * MINUTE, service: 'chat', cost: 5 },
    );
    const answer = await explainOnce(partsOf(hourlyBurn()), AT);
    const { groups } = JSON.parse(explainJson(answer, 'warning', null));
    expect(groups[0]).toMatchObject({
      group: { service: 'search' },
      value: 60,
      decision: { kind: 'notify', reason: 'new' },
      split: { before: 10, now: 60, change: 50, calls: 10, mix: 0, length: 20, price: 20 },
    });
    expect(explainText(answer)).toContain(
      '+$50.00 against 2026-11-20 00:05 to 01:05 UTC ($10.00 to $60.00)\n  calls   +$10.00  more or fewer calls',
    );
    expect(explainText(answer)).toContain('other groups\n  chat  $5.00  limit not reached');
  });

  it('says that a split is of what is priced where calls have no price', async () => {
    await world.calls.log(
      { at: AT - 90 * MINUTE, cost: 10 },
      { at: AT - 80 * MINUTE, cost: null, input_tokens: 500 },
      { at: AT - 30 * MINUTE, cost: 60 },
    );
    const text = explainText(await explainOnce(partsOf(hourlyBurn()), AT));
    expect(text).toContain('+$50.00 of what is priced against 2026-11-20 00:05 to 01:05 UTC');
  });

  it('lists each period of a baseline, and splits against the same window a week earlier', async () => {
    const unusual = ruleOf('anomaly', { name: 'unusual', group_by: ['service'], window: '1h' });
    const days = Array.from({ length: 11 }, (_, day) => ({ at: AT - day * DAY - MINUTE, cost: 10 + day }));
    await world.calls.log(...days, { at: AT - 2 * MINUTE, cost: 90 });
    const answer = await explainOnce(partsOf(unusual), AT);
    const [group] = answer.groups;
    expect(group?.periods.map(({ value }) => Number(value) / 1e12)).toEqual([
      11, 12, 13, 14, 15, 16, 17, 18, 19, 20,
    ]);
    expect(group?.split).toMatchObject({
      window: { to: AT - 7 * DAY },
      before: 17n * 10n ** 12n,
      now: 100n * 10n ** 12n,
    });
    expect(explainText(answer)).toContain('compared with\n  2026-11-19 01:05 to 02:05 UTC  $11.00\n');
  });

  it('lists the same hours of earlier days for an automatic anomaly', async () => {
    const unusual = ruleOf('anomaly', {
      name: 'unusual',
      group_by: ['service'],
      window: '1h',
      method: 'auto',
    });
    const at = Date.parse('2026-11-20T02:00:00Z');
    const hours = Array.from({ length: 30 * 24 }, (_, hour) => ({ at: at - (hour + 1) * HOUR, cost: 10 }));
    await world.calls.log(...hours);
    const [group] = (await explainOnce(partsOf(unusual), at)).groups;
    expect(group?.periods).toHaveLength(28);
    expect(group?.periods[0]).toEqual({
      window: { from: at - DAY - HOUR, to: at - DAY },
      value: 10n * 10n ** 12n,
    });
  });

  it.each(Object.entries(ruleTypes))('answers for a rule of type %s', async (type, { sample }: RuleType) => {
    await world.calls.log(
      ...Array.from({ length: 40 }, (_, day) => ({ at: AT - day * DAY - 10 * MINUTE, cost: 20 })),
      { at: AT - 5 * MINUTE, cost: 400 },
      { at: AT - 5 * MINUTE, service: 'chat', model: 'gpt-9', cost: 4 },
    );
    const rule = ruleOf(type as keyof typeof ruleTypes, {
      window: undefined,
      metric: undefined,
      ...sample.keys,
    });
    const answer = await explainOnce(partsOf(rule), AT);
    expect(answer).toMatchObject({ error: null, ledgerTrouble: null });
    expect(answer.groups.length).toBeGreaterThan(0);
    const text = explainText(answer);
    expect(text).toMatch(new RegExp(`^${rule.name} (fires|does not fire) .*\\.\n`));
    expect(text).not.toMatch(/undefined|NaN|null/);
    const { groups } = JSON.parse(explainJson(answer, null, null));
    for (const { split } of groups.filter((one: { split: unknown }) => one.split !== null))
      expect(split.calls + split.mix + split.length + split.price).toBeCloseTo(split.change, 6);
  });

  it('answers for budgets of every period on its first day', async () => {
    await world.calls.log({ at: Date.parse('2026-12-31T23:00:00Z'), cost: 20 });
    for (const period of ['day', 'week', 'month', 'quarter', 'year']) {
      const keys = { name: 'b', metric: undefined, window: undefined, period, amount: 5000 };
      const answer = await explainOnce(partsOf(ruleOf('budget', keys)), Date.parse('2027-01-01T00:05:00Z'));
      expect(answer.error).toBeNull();
      expect(sentenceOfAnswer(answer)).toMatch(/^b does not fire: /);
      expect(answer.groups[0]?.split !== null).toBe(['day', 'week', 'month'].includes(period));
    }
  });

  it('is of the groups that are asked for', async () => {
    await world.calls.log({ at: AT - MINUTE, cost: 60 }, { at: AT - MINUTE, service: 'chat', cost: 5 });
    const wanted = { key: ['chat'], fits: ([service]: readonly (string | null)[]) => service === 'chat' };
    const answer = await explainOnce(partsOf(hourlyBurn(), { wanted }), AT);
    expect(answer.groups.map(({ key, severity }) => [key, severity])).toEqual([[['chat'], null]]);
  });
});
