// How the ticks of an axis of values are written.

import { isCurrency } from './currency.ts';
import { displayValue, withoutZeroCents } from './display-value.ts';
import { fixedFromNumber } from './money.ts';
import { describeQuantity, type Quantity } from './quantity.ts';

/** Ticks of large amounts are written in thousands, millions or billions, so that they have room. */
export function tickLabel(quantity: Quantity, value: number): string {
  const size = Math.abs(value);
  const unit = describeQuantity(quantity).unit;
  const [by, suffix] = [
    [1e9, 'B'],
    [1e6, 'M'],
    [1e3, 'K'],
  ].find(([least]) => size >= (least as number) && size >= 1e5) ?? [1, ''];
  if (unit === 'ratio' || suffix === '') {
    return withoutZeroCents(displayValue(quantity, fixedFromNumber(value))).replace(/\.0%$/, '%');
  }
  const shown = displayValue(quantity, fixedFromNumber(value / (by as number)), isCurrency(unit) ? 0 : 1);
  const short = shown
    .replace(' ms', '')
    .replace(/(\.\d*?)0+$/, '$1')
    .replace(/\.$/, '');
  return `${short}${suffix}${unit === 'ms' ? ' ms' : ''}`;
}
