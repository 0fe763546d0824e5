import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fixedFromInteger, parseFixed } from '../../src/model/money.ts';
import { type SumsByModel, splitSpend } from '../../src/model/spend-split.ts';

/** model -> [calls, tokens, cost] */
function sums(models: Record<string, readonly [number, number, string]>): SumsByModel {
  return new Map(
    Object.entries(models).map(([model, [calls, tokens, cost]]) => [
      model,
      { calls: fixedFromInteger(calls), tokens: fixedFromInteger(tokens), cost: fixed(cost) },
    ]),
  );
}

function fixed(text: string): bigint {
  return parseFixed(text) as bigint;
}

describe('the split of a change in spend, by hand', () => {
  it('is calls where there are only more of the same calls', () => {
    const split = splitSpend(sums({ a: [10, 1000, '2'] }), sums({ a: [25, 2500, '5'] }));
    expect(split).toMatchObject({ change: fixed('3'), calls: fixed('3'), mix: 0n, length: 0n, price: 0n });
  });

  it('is mix where calls move to a dearer model', () => {
    const old = sums({ cheap: [90, 9000, '9'], dear: [10, 1000, '10'] });
    const now = sums({ cheap: [50, 5000, '5'], dear: [50, 5000, '50'] });
    // 100 * ((0.5 - 0.9) * 0.1 + (0.5 - 0.1) * 1)
    expect(splitSpend(old, now)).toMatchObject({ calls: 0n, mix: fixed('36'), length: 0n, price: 0n });
  });

  it('is length where calls have more tokens', () => {
    const split = splitSpend(sums({ a: [10, 1000, '1'] }), sums({ a: [10, 4000, '4'] }));
    // 10 * 1 * (400 - 100) * 0.001
    expect(split).toMatchObject({ calls: 0n, mix: 0n, length: fixed('3'), price: 0n });
  });

  it('is price where a token costs more', () => {
    const split = splitSpend(sums({ a: [10, 1000, '1'] }), sums({ a: [10, 1000, '1.5'] }));
    expect(split).toMatchObject({ calls: 0n, mix: 0n, length: 0n, price: fixed('0.5') });
  });

  it('tells four changes at once apart', () => {
    const old = sums({ a: [80, 8000, '8'], b: [20, 4000, '20'] });
    const now = sums({ a: [100, 20_000, '30'], b: [100, 20_000, '100'] });
    expect(splitSpend(old, now)).toEqual({
      before: fixed('28'),
      now: fixed('130'),
      change: fixed('102'),
      calls: fixed('28'), // 100 * 28 / 100
      mix: fixed('54'), // 200 * ((0.5 - 0.8) * 0.1 + (0.5 - 0.2) * 1)
      length: fixed('10'), // 200 * 0.5 * (200 - 100) * 0.001
      price: fixed('10'), // the rest: 20,000 tokens of a that cost 0.0015 in place of 0.001
    });
  });

  it('counts a model that is new in mix, with its new cost per call', () => {
    const old = sums({ a: [10, 1000, '10'] });
    const now = sums({ a: [5, 500, '5'], b: [5, 9000, '40'] });
    // 10 * ((0.5 - 1) * 1 + 0.5 * 8)
    expect(splitSpend(old, now)).toMatchObject({ calls: 0n, mix: fixed('35'), length: 0n, price: 0n });
  });

  it('counts a model that vanished in mix', () => {
    const old = sums({ a: [5, 500, '5'], b: [5, 500, '45'] });
    expect(splitSpend(old, sums({ a: [10, 1000, '10'] }))).toMatchObject({
      ...{ calls: 0n, mix: fixed('-40'), length: 0n, price: 0n },
    });
  });

  it('is all calls where there were none before, and where there are none now', () => {
    const some = sums({ a: [3, 30, '7'] });
    expect(splitSpend(new Map(), some)).toMatchObject({ calls: fixed('7'), mix: 0n, length: 0n, price: 0n });
    expect(splitSpend(some, new Map())).toMatchObject({ calls: fixed('-7'), mix: 0n, length: 0n, price: 0n });
  });

  it('has no length where the old calls had no tokens: what they cost more is price', () => {
    const split = splitSpend(sums({ a: [10, 0, '1'] }), sums({ a: [10, 500, '4'] }));
    expect(split).toMatchObject({ calls: 0n, mix: 0n, length: 0n, price: fixed('3') });
  });

  it('rounds half to even at 10^-12', () => {
    const half = (cost: bigint) =>
      splitSpend(
        new Map([['a', { calls: fixedFromInteger(2), tokens: 0n, cost }]]),
        new Map([['a', { calls: fixedFromInteger(3), tokens: 0n, cost }]]),
      ).calls;
    // Half of 1, 3 and 5 units of 10^-12.
    expect([half(1n), half(3n), half(5n), half(-1n), half(-3n)]).toEqual([0n, 2n, 2n, 0n, -2n]);
  });
});

describe('the split of any change in spend', () => {
  const count = fc.integer({ min: 0, max: 1_000_000 }).map((n) => fixedFromInteger(n));
  const model = fc.record({
    calls: fc.integer({ min: 0, max: 1000 }).map((n) => fixedFromInteger(n)),
    tokens: fc.oneof(fc.constant(0n), count),
    cost: fc.bigInt({ min: -(10n ** 18n), max: 10n ** 18n }),
  });
  const window = fc
    .dictionary(fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'), model, { noNullPrototype: true })
    .map((models): SumsByModel => new Map(Object.entries(models)));

  it('adds up to the change', () => {
    fc.assert(
      fc.property(window, window, (old, now) => {
        const { before, now: after, change, calls, mix, length, price } = splitSpend(old, now);
        expect(calls + mix + length + price).toBe(change);
        expect(after - before).toBe(change);
      }),
    );
  });

  it('is nothing where nothing changed', () => {
    fc.assert(
      fc.property(window, (same) => {
        const { change, calls, mix, length, price } = splitSpend(same, same);
        // A model without calls that costs something counts as new.
        const isOdd = [...same.values()].some((one) => one.calls === 0n && one.cost !== 0n);
        expect([change, calls, length]).toEqual([0n, 0n, 0n]);
        if (!isOdd) expect([mix, price]).toEqual([0n, 0n]);
      }),
    );
  });

  it('takes thousands of models', () => {
    const many = (tokens: number): SumsByModel =>
      new Map(
        Array.from({ length: 3000 }, (_, i) => [
          `model-${i}`,
          {
            calls: fixedFromInteger(100_003 + i * 7),
            tokens: fixedFromInteger(tokens + i),
            cost: BigInt(i) * 977n,
          },
        ]),
      );
    const { change, calls, mix, length, price } = splitSpend(many(999_983), many(1_000_003));
    expect(calls + mix + length + price).toBe(change);
    expect(length).toBeGreaterThan(0n);
  });
});
