import { describe, expect, it } from 'vitest';
import { currencyDigits, currencySign, isCurrency } from '../../src/model/currency.ts';
import { displayAgainst, displayRounded, displayValue } from '../../src/model/display-value.ts';
import {
  describeMetric,
  inCurrency,
  METRICS,
  measuresOf,
  unpricedMeasure,
  withoutUnit,
} from '../../src/model/metric.ts';
import { parseFixed } from '../../src/model/money.ts';
import { ownMetric } from '../../src/model/own-metric.ts';
import { quantityName } from '../../src/model/quantity.ts';
import { perfdataValue } from '../../src/rules/rule-words.ts';

const fixed = (text: string): bigint => parseFixed(text) ?? 0n;

describe('an amount in a currency', () => {
  it.each([
    ['USD', '1234.5', '$1,234.50', '$1,230'],
    ['CNY', '1234.5', 'CN¥1,234.50', 'CN¥1,230'],
    ['JPY', '1234.5', '¥1,235', '¥1,230'],
    ['EUR', '-0.1', '-€0.10', '-€0.10'],
    ['KWD', '1234.5678', 'KWD 1,234.568', 'KWD 1,230'],
    ['KWD', '-2', '-KWD 2.000', '-KWD 2'],
    ['JPY', '0.0042', '¥0.0042', '¥0.0042'],
    ['KWD', '0.00042', 'KWD 0.00042', 'KWD 0.00042'],
    ['INR', '100', '₹100.00', '₹100'],
  ])('of %s %s is %s, and %s as a rate', (currency, amount, shown, rate) => {
    const metric = inCurrency('spend', currency);
    expect(displayValue(metric, fixed(amount))).toBe(shown);
    expect(displayRounded(metric, fixed(amount))).toBe(rate);
  });

  it('has digits enough to tell it from its limit', () => {
    expect(displayAgainst(inCurrency('spend', 'JPY'), fixed('100.4'), fixed('100'))).toEqual([
      '¥100.4',
      '¥100',
    ]);
    expect(displayAgainst(inCurrency('spend', 'KWD'), fixed('1.0004'), fixed('1'))).toEqual([
      'KWD 1.0004',
      'KWD 1.000',
    ]);
  });

  it('has the digits of the currency in performance data, as far as these are more than two', () => {
    expect(perfdataValue(inCurrency('spend', 'KWD'), fixed('1.23456'))).toBe('1.235');
    expect(perfdataValue(inCurrency('spend', 'JPY'), fixed('1.23456'))).toBe('1.23');
  });

  it('is known by ISO 4217', () => {
    expect(['USD', 'CNY', 'XYZ', 'usd', '$', 'calls', ''].map(isCurrency)).toEqual([
      true,
      true,
      ...[false, false, false, false, false],
    ]);
    expect([currencySign('CNY'), currencyDigits('CNY'), currencySign('KWD')]).toEqual(['CN¥', 2, 'KWD ']);
  });
});

describe('a metric in a currency', () => {
  it('is the metric with another unit, where it is about money', () => {
    for (const metric of METRICS) {
      const own = inCurrency(metric, 'CNY');
      const { unit, ...rest } = describeMetric(own);
      const { unit: usual, ...expected } = describeMetric(metric);
      expect(unit).toBe(usual === 'USD' ? 'CNY' : usual);
      expect(rest).toEqual(expected);
      expect(measuresOf(own, null)).toEqual(measuresOf(metric, null));
      expect(unpricedMeasure(own, null)).toEqual(unpricedMeasure(metric, null));
      expect(quantityName({ shareOf: own })).toBe(quantityName({ shareOf: metric }));
      expect(withoutUnit(own)).toBe(metric);
      expect(inCurrency(metric, 'USD')).toBe(metric);
    }
  });

  it('of the file keeps the unit that the file says', () => {
    const own = ownMetric('fee', 'sum', 'EUR');
    expect(inCurrency(own, 'CNY')).toBe(own);
    expect(displayValue(own, fixed('2.5'))).toBe('€2.50');
  });
});
