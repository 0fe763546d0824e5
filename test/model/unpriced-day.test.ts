import { describe, expect, it } from 'vitest';
import { ONE } from '../../src/model/money.ts';
import type { Rule } from '../../src/model/rule.ts';
import { type HourOfCalls, unpricedDay } from '../../src/model/unpriced-day.ts';
import { ruleOf } from '../rules/rule-fixtures.ts';

const of = (
  model: string | null | undefined,
  calls: number,
  unpriced: number,
  tokens = calls,
  unpricedTokens = unpriced,
): HourOfCalls[number] => ({
  model,
  sums: {
    calls: BigInt(calls) * ONE,
    unpriced: BigInt(unpriced) * ONE,
    input_tokens: BigInt(tokens) * ONE,
    output_tokens: 0n,
    unpriced_tokens: BigInt(unpricedTokens) * ONE,
  },
});
const mustNotify = (hours: HourOfCalls[], rules: readonly Rule[] = []) =>
  unpricedDay(hours, rules).mustNotify;
const watching = (keys: Record<string, unknown> = {}) =>
  ruleOf('threshold', { metric: 'unpriced_calls', threshold: 1, ...keys });

describe('calls of a day without a price', () => {
  it('are notified from one in a hundred on', () => {
    expect(mustNotify([[of('a', 99, 0)], [of('b', 1, 1, 1, 0)]])).toBe(true);
    expect(mustNotify([[of('a', 100, 0, 10_000)], [of('b', 1, 1)]])).toBe(false);
    expect(mustNotify([[of('a', 100, 0)]])).toBe(false);
    expect(mustNotify([])).toBe(false);
  });

  it('are notified when they have one token in a hundred, however few they are', () => {
    expect(mustNotify([[of('a', 10_000, 0, 990), of('b', 1, 1, 10, 10)]])).toBe(true);
    expect(mustNotify([[of('a', 10_000, 0, 991), of('b', 1, 1, 10, 10)]])).toBe(false);
  });

  it('are added up by model over the hours, the most calls first', () => {
    const hours = [
      [of('a', 5, 1), of(null, 9, 9)],
      [of('a', 5, 2), of('b', 50, 0)],
    ];
    expect(unpricedDay(hours, [])).toMatchObject({
      calls: 69,
      unpricedCalls: 12,
      models: [
        { model: null, calls: 9, tokens: 9 },
        { model: 'a', calls: 3, tokens: 3 },
      ],
    });
  });

  it.each<[string, boolean, Record<string, unknown>]>([
    ['a rule without a filter', false, {}],
    ['a rule on the model', false, { where: { model: 'gpt-9' } }],
    ['a rule on all models but others', false, { where: { model: { not: ['x', null] } } }],
    ['a rule on another model', true, { where: { model: ['x', 'y'] } }],
    ['a rule on one service', true, { where: { service: 'search' } }],
    ['a rule on the model in one service', true, { where: { model: 'gpt-9', service: 'search' } }],
    ['a rule that is disabled', true, { enabled: false }],
    ['a rule on spend', true, { metric: 'spend' }],
  ])('with %s are notified: %s', (_, isNotified, keys) => {
    expect(mustNotify([[of('gpt-9', 10, 10)]], [watching(keys)])).toBe(isNotified);
  });

  it('are notified where a rule watches only some of them', () => {
    const hours = [[of('gpt-9', 100, 100), of('gpt-8', 2, 2)]];
    expect(mustNotify(hours, [watching({ where: { model: 'gpt-9' } })])).toBe(true);
    expect(
      mustNotify([[of('gpt-9', 300, 300), of('gpt-8', 2, 2)]], [watching({ where: { model: 'gpt-9' } })]),
    ).toBe(false);
  });

  it('of a store that records no model are watched by a rule without a filter', () => {
    expect(mustNotify([[of(undefined, 10, 10)]])).toBe(true);
    expect(mustNotify([[of(undefined, 10, 10)]], [watching()])).toBe(false);
    expect(mustNotify([[of(undefined, 10, 10)]], [watching({ where: { model: { not: 'x' } } })])).toBe(true);
  });
});
