import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fixedFromNumber, formatFixed, ONE } from '../../src/model/money.ts';
import {
  decimalsIn,
  integersIn,
  lengthOf,
  textsIn,
  truncatedDecimalsIn,
} from '../../src/stores/array-text.ts';

/** As PostgreSQL writes an array of texts: in quotes what could be taken for something else. */
function arrayOf(values: readonly (string | null)[]): string {
  const members = values.map((value) => {
    if (value === null) return 'NULL';
    const bare = value !== '' && value.toUpperCase() !== 'NULL' && !/[{}",\\\s]/.test(value);
    return bare ? value : `"${value.replace(/["\\]/g, '\\$&')}"`;
  });
  return `{${members.join(',')}}`;
}

describe('a list as text', () => {
  it('gives its integers, with a substitute for missing ones', () => {
    fc.assert(
      fc.property(fc.integer(), fc.array(fc.option(fc.integer())), (first, more) => {
        const values = [first, ...more];
        const text = values.map((value) => value ?? '').join(',');
        expect(lengthOf(text)).toBe(values.length);
        expect([...integersIn(text, values.length, 77)]).toEqual(values.map((value) => value ?? 77));
      }),
    );
    expect(lengthOf('')).toBe(0);
  });

  it('gives its decimals exactly, and marks the missing ones', () => {
    const decimals = fc.bigInt({ min: -(10n ** 26n), max: 10n ** 26n });
    fc.assert(
      fc.property(fc.array(fc.option(decimals)), (values) => {
        const text = values.map((value) => (value === null ? '' : formatFixed(value, 12))).join(',');
        const { units, parts, absent } = decimalsIn(text, values.length);
        const read = values.map((_, i) => BigInt(units[i] as number) * ONE + BigInt(parts?.[i] ?? 0));
        expect(read).toEqual(values.map((value) => value ?? 0n));
        expect([...absent]).toEqual(values.map((value) => (value === null ? 1 : 0)));
      }),
    );
  });

  it('has no parts where all decimals are whole, however they are written', () => {
    expect(decimalsIn('1,2.000000000000000,-3.0', 3)).toMatchObject({
      units: Float64Array.of(1, 2, -3),
      parts: null,
    });
    expect(decimalsIn('-0.5', 1)).toMatchObject({
      units: Float64Array.of(0),
      parts: Float64Array.of(Number(fixedFromNumber(-0.5))),
    });
  });

  it.each(['0.0000000000001', 'NaN', 'Infinity', 'NULL'])('does not take %s for a decimal', (text) => {
    expect(() => decimalsIn(text, 1)).toThrow(RangeError);
  });
});

describe('a list of sums as text', () => {
  it('gives decimals of which all beyond 10^-12 is left out', () => {
    expect(truncatedDecimalsIn('0.0000000000019,-2.5000000000009,7', 3)).toMatchObject({
      units: Float64Array.of(0, -2, 7),
      parts: Float64Array.of(1, -5 * 10 ** 11, 0),
    });
  });

  it.each(['NaN', 'Infinity', 'NULL'])('does not take %s for a decimal', (text) => {
    expect(() => truncatedDecimalsIn(text, 1)).toThrow(RangeError);
  });
});

describe('an array as text', () => {
  it('gives its texts, each of them once, whatever is in them', () => {
    const texts = fc.oneof(fc.string(), fc.constantFrom('', 'NULL', 'null', 'a,b', '{', '"', '\\', 'ü\n'));
    fc.assert(
      fc.property(fc.array(fc.option(texts)), (given) => {
        const { values, places } = textsIn(arrayOf(given), given.length);
        expect([...places].map((place) => values[place])).toEqual(given);
        expect(new Set(values).size).toBe(values.length);
      }),
    );
  });
});
