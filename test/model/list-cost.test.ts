import { describe, expect, it } from 'vitest';
import { priceTable } from '../../src/model/call-prices.ts';
import { listCost } from '../../src/model/list-cost.ts';
import { formatFixed, ONE } from '../../src/model/money.ts';
import { type PriceEntry, type PriceList, priceEntry } from '../../src/model/price-list.ts';
import { modelNamed, priceNames } from '../../src/model/price-names.ts';
import { priceList } from '../support/price-list.ts';

interface Counts {
  readonly input?: number;
  readonly output?: number;
  readonly cached?: number;
  readonly cacheWrite?: number;
  readonly reasoning?: number;
}

const JUNE = Date.parse('2026-06-01T00:00:00Z');

/** The cost of a call to m, USD; null where it is not known. */
function costBy(list: PriceList, counts: Counts, { at = JUNE, batch = false } = {}): string | null {
  const none = { input: null, output: null, cached: null, cacheWrite: null, reasoning: null };
  const fixed = Object.entries(counts).map(([name, count]) => [name, BigInt(count) * ONE]);
  const call = { model: 'm', at, batch, ...none, ...Object.fromEntries(fixed) };
  const cost = listCost(call, priceTable(list));
  return cost === null ? null : formatFixed(cost, 12);
}

const cost = (prices: Partial<PriceEntry>, counts: Counts, batch = false) =>
  costBy(priceList({ m: prices }), counts, { batch });

describe('the cost of a call by the price list', () => {
  const all = { input: '2', output: '10', cachedInput: '0.5', cacheWrite: '2.5', reasoning: '20' };

  it('prices cached, written and reasoning tokens apart from the input and output that they are part of', () => {
    const counts = { input: 1000, output: 100, cached: 600, cacheWrite: 300, reasoning: 40 };
    // 100 × 2 + 600 × 0.5 + 300 × 2.5 + 60 × 10 + 40 × 20 millionths.
    expect(cost(all, counts)).toBe('0.00265');
  });

  it('prices a part without a price as input or output', () => {
    const counts = { input: 1000, output: 100, cached: 600, cacheWrite: 300, reasoning: 40 };
    expect(cost({ input: '2', output: '10' }, counts)).toBe('0.003');
  });

  it('adds the price of the call, of which a batch saves nothing', () => {
    expect(cost({ ...all, perCall: '0.01', batch: '0.5' }, { input: 1000 }, true)).toBe('0.011');
    expect(cost({ ...all, perCall: '0.01', batch: '0.5' }, { input: 1000 })).toBe('0.012');
    expect(cost({ perCall: '0.01' }, {})).toBe('0.01');
  });

  it('is the same for a batch call of a model without a price of batches', () => {
    expect(cost(all, { input: 1000 }, true)).toBe('0.002');
  });

  it('takes the largest tier that the input exceeds, for the whole call; what it does not name stays', () => {
    const tier = priceEntry({ input: '4' });
    const prices = {
      ...all,
      above: [
        { ...tier, tokens: 1000, output: '15' },
        { ...tier, tokens: 5000 },
      ],
    };
    expect(cost(prices, { input: 1000, output: 100 })).toBe('0.003');
    expect(cost(prices, { input: 1001, output: 100 })).toBe('0.005504');
    expect(cost(prices, { input: 6000, output: 100, cached: 1000 })).toBe('0.0215');
  });

  it('takes the entry in force, and is unknown before the first one', () => {
    const before = priceEntry({ input: '2', output: '0' });
    const list = (entries: PriceEntry[]): PriceList => ({ ...priceList({}), models: { m: entries } });
    const both = list([before, priceEntry({ input: '1', output: '0', from: JUNE })]);
    expect(costBy(both, { input: 1000 }, { at: JUNE - 1 })).toBe('0.002');
    expect(costBy(both, { input: 1000 }, { at: JUNE })).toBe('0.001');
    expect(costBy(list([{ ...before, from: JUNE }]), { input: 1000 }, { at: JUNE - 1 })).toBeNull();
  });

  it('is unknown where tokens have no price, and known where there are none of those', () => {
    expect(cost({ input: '2' }, { input: 1000, output: 1 })).toBeNull();
    expect(cost({ input: '2' }, { input: 1000, output: 0 })).toBe('0.002');
    expect(cost({ input: '2', reasoning: '3' }, { output: 5, reasoning: 5 })).toBe('0.000015');
  });

  it('is never negative: counts that cannot be are cut', () => {
    expect(cost(all, { input: 100, output: 10, cached: 500, cacheWrite: 500, reasoning: 50 })).toBe(
      '0.00025',
    );
    expect(cost(all, { input: -5, output: -5, cached: -1 })).toBe('0');
  });

  it('has all digits of a price: a token of 2.9999999999999997e-07 USD', () => {
    expect(cost({ input: '0.29999999999999997' }, { input: 1_000_000_000_000 })).toBe('299999.99999999997');
  });
});

describe('a model is looked up', () => {
  const list = priceList(
    { 'gpt-4o': {}, 'gpt-4o-*': {}, 'gpt-*': {}, 'claude-opus': {}, 'azure/special': {} },
    {
      aliases: { prod: 'big', big: 'claude-opus', mini: 'gpt-4o-mini-2024' },
      strip: ['openrouter/', 'openai/', 'azure/'],
    },
  );
  it.each([
    ['gpt-4o', 'gpt-4o'],
    ['prod', 'claude-opus'],
    ['mini', 'gpt-4o-*'],
    ['openrouter/openai/gpt-4o', 'gpt-4o'],
    ['azure/prod', 'claude-opus'],
    ['azure/special', 'azure/special'],
    ['azure/gpt-4o-mini', 'gpt-4o-*'],
    ['gpt-5', 'gpt-*'],
    ['anthropic/claude-opus', null],
    ['GPT-4o', null],
    ['', null],
  ])('by its name, as an alias, without prefixes, by the longest pattern: %s is %s', (name, model) => {
    expect(modelNamed(name, priceNames(list))).toBe(model);
  });
});
