import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  divideRounded,
  fixedFromInteger,
  fixedFromNumber,
  formatFixed,
  formatMoney,
  ONE,
  parseFixed,
  toNumber,
} from '../../src/model/money.ts';

const anyFixed = fc.bigInt({ min: -(10n ** 30n), max: 10n ** 30n });

describe('reading decimals', () => {
  it.each([
    ['1', ONE],
    ['0.1', ONE / 10n],
    ['-0.000001', -1_000_000n],
    ['+12.50', 12_500_000_000_000n],
    ['.5', ONE / 2n],
    ['5.', 5n * ONE],
    ['7.5e-08', 75_000n],
    ['1E3', 1_000n * ONE],
    ['0.0000000000005', 1n],
    ['-0.0000000000005', -1n],
    ['0.0000000000004999', 0n],
    ['1e-400', 0n],
    [' 2 ', 2n * ONE],
  ])('reads %s exactly', (text, value) => {
    expect(parseFixed(text)).toBe(value);
  });

  it.each([
    '',
    ' ',
    '.',
    '-',
    'e5',
    'NaN',
    'Infinity',
    '-Infinity',
    '1,000',
    '0x10',
    '1e401',
    '1 2',
    '$5',
    '1e',
  ])('refuses %j', (text) => {
    expect(parseFixed(text)).toBeNull();
  });

  it('reads back whatever it writes', () => {
    fc.assert(
      fc.property(anyFixed, (value) => {
        expect(parseFixed(formatFixed(value, 12))).toBe(value);
      }),
    );
  });

  it('takes a number as the decimal it prints as', () => {
    expect(fixedFromNumber(0.1)).toBe(ONE / 10n);
    expect(fixedFromNumber(100.1)).toBe(100_100_000_000_000n);
    expect(fixedFromNumber(1e-8)).toBe(10_000n);
    expect(() => fixedFromNumber(Number.NaN)).toThrow(RangeError);
  });

  it('sums a thousand dimes to exactly a hundred dollars', () => {
    const sum = new Array<string>(1_000)
      .fill('0.1')
      .reduce((total, dime) => total + (parseFixed(dime) ?? 0n), 0n);
    expect(sum).toBe(fixedFromInteger(100));
  });
});

describe('rounding', () => {
  it('goes half away from zero', () => {
    expect([5n, -5n, 4n, -4n, 15n, -15n].map((value) => divideRounded(value, 10n))).toEqual([
      1n,
      -1n,
      0n,
      0n,
      2n,
      -2n,
    ]);
    expect([1n, 2n, -1n, -2n].map((value) => divideRounded(value, 3n))).toEqual([0n, 1n, 0n, -1n]);
  });

  it('writes at most the places asked for, without an exponent or a negative zero', () => {
    const write = (text: string, max: number, min = 0) => formatFixed(parseFixed(text) ?? 0n, max, min);
    expect(write('29999.9999965', 6)).toBe('29999.999997');
    expect(write('29999.9999964', 6)).toBe('29999.999996');
    expect(write('-0.0000005', 6)).toBe('-0.000001');
    expect(write('-0.0000004', 6)).toBe('0');
    expect(write('1e20', 6)).toBe('100000000000000000000');
    expect(write('0.995', 2, 2)).toBe('1.00');
    expect(write('12', 0)).toBe('12');
    expect(write('3.10', 6, 2)).toBe('3.10');
  });

  it('is never off by more than half of the last place', () => {
    fc.assert(
      fc.property(anyFixed, fc.integer({ min: 0, max: 12 }), (value, places) => {
        const back = parseFixed(formatFixed(value, places)) ?? 0n;
        const error = back > value ? back - value : value - back;
        expect(2n * error <= 10n ** BigInt(12 - places)).toBe(true);
      }),
    );
  });

  it('becomes the nearest double', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, min: 1e-3, max: 1e9 }), (value) => {
        const rounded = Number(value.toFixed(9));
        expect(toNumber(fixedFromNumber(rounded))).toBe(rounded);
      }),
    );
  });
});

it('shows money to people, and never hides a small amount behind a cent', () => {
  const show = (text: string) => formatMoney(parseFixed(text) ?? 0n, 'USD');
  expect(show('312.456789')).toBe('$312.46');
  expect(show('47000')).toBe('$47,000.00');
  expect(show('1234567.895')).toBe('$1,234,567.90');
  expect(show('-0.1')).toBe('-$0.10');
  expect(show('0')).toBe('$0.00');
  expect(show('0.01')).toBe('$0.01');
  expect(show('0.0012')).toBe('$0.0012');
  expect(show('-0.00123')).toBe('-$0.0012');
  expect(show('0.000000000001')).toBe('$0.000000000001');
  expect(show('0.00999')).toBe('$0.01');
});
