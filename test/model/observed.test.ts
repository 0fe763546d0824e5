import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Observation } from '../../src/model/observation.ts';
import { observedHere, observedLater } from '../../src/model/observed.ts';

const ONE = 10n ** 12n;

/** Amounts that doubles can hardly tell apart among amounts that are far apart. */
const amount = fc.oneof(
  fc.bigInt({ min: -5n, max: 5n }),
  fc.bigInt({ min: 7n * ONE - 3n, max: 7n * ONE + 3n }),
  fc.bigInt({ min: -(10n ** 9n) * ONE, max: 10n ** 9n * ONE }),
);

function observing(amounts: readonly bigint[], worsens: 'up' | 'down' | null) {
  const made: number[] = [];
  const sign = worsens === 'down' ? -1 : 1;
  const observed = observedLater({
    numbers: amounts.map((fixed) => Number(fixed) / Number(ONE)),
    keyAt: (place) => [String(place)],
    observe(place): Observation {
      made.push(place);
      const fixed = amounts[place] as bigint;
      const value = { fixed, number: Number(fixed) / Number(ONE), calls: 1 };
      return { key: [String(place)], value, window: { from: 0, to: 1 }, badness: BigInt(sign) * fixed };
    },
    worsens,
  });
  return { observed, made };
}

describe('the observations of a rule', () => {
  it('is sorted worst first by exact values, however few are asked for', () => {
    fc.assert(
      fc.property(
        fc.array(amount, { maxLength: 60 }),
        fc.constantFrom('up', 'down', null),
        fc.nat({ max: 70 }),
        (amounts, worsens, count) => {
          const exact = [...amounts].sort((a, b) => (a === b ? 0 : a > b ? -1 : 1));
          if (worsens === 'down') exact.reverse();
          const fixed = (list: Iterable<Observation>) => [...list].map(({ value }) => value.fixed);
          expect(fixed(observing(amounts, worsens).observed.worst(count))).toEqual(exact.slice(0, count));
          expect(fixed(observing(amounts, worsens).observed)).toEqual(exact);
          expect(observing(amounts, worsens).observed.mildest()?.value.fixed).toBe(exact.at(-1));
          const numbers = amounts.map((one) => Number(one)).sort((a, b) => b - a);
          const largest = observing(amounts, worsens).observed.largest(count);
          expect(largest.map(({ value }) => Number(value.fixed))).toEqual(numbers.slice(0, count));
        },
      ),
    );
  });

  it('is made only as far as it is iterated', () => {
    const amounts = Array.from({ length: 2_000 }, (_, i) => BigInt(i) * ONE);
    const { observed, made } = observing(amounts, 'up');
    expect(observed.length).toBe(2_000);
    expect(observed.worst(3).map(({ key }) => key[0])).toEqual(['1999', '1998', '1997']);
    for (const one of observed) if (one.value.fixed < 1_990n * ONE) break;
    expect(made.length).toBeLessThan(30);
  });

  it('can exist already', () => {
    const list = [...observing([3n * ONE, 1n * ONE, 2n * ONE], 'up').observed];
    const here = observedHere(list);
    expect([...here]).toEqual(list);
    expect([here.length, here.worst(1), here.mildest(), here.largest(2)]).toEqual([
      3,
      [list[0]],
      list[2],
      [list[0], list[1]],
    ]);
  });
});
