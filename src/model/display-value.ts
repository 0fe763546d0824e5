// Values for people.

import { currencySign, isCurrency } from './currency.ts';
import { displayText } from './display-text.ts';
import { divideRounded, type Fixed, formatFixed, formatMoney, ONE } from './money.ts';
import { describeQuantity, type Quantity } from './quantity.ts';

const MOST_EXTRA = 10;
const HUNDRED = 100n * ONE;

/** A value for people: `$312.46`, `890,000`, `4.2%`, `1,250 ms`, a share as `62 %`; `extra` adds digits after the point. */
export function displayValue(quantity: Quantity, value: Fixed, extra = 0): string {
  const { unit, places: own } = describeQuantity(quantity);
  if (isCurrency(unit) && extra === 0) return formatMoney(value, unit);
  const shown = unit === 'ratio' ? value * 100n : value;
  const places = own + extra;
  const text = grouped(formatFixed(shown, places, isCurrency(unit) ? own : 0));
  if (isCurrency(unit)) {
    const sign = currencySign(unit);
    return text.startsWith('-') ? `-${sign}${text.slice(1)}` : `${sign}${text}`;
  }
  switch (unit) {
    case 'ratio':
      if (typeof quantity === 'string') return `${text}%`;
      // A group that leaves something to others does not have all.
      return text === '100' && value < ONE ? `>99.${'9'.repeat(places)} %` : `${text} %`;
    case 'ms':
      return `${text} ms`;
    case 'calls':
    case 'tokens':
    case '':
      return text;
    default:
      return unit === '%' ? `${text}%` : `${text} ${displayText(unit)}`;
  }
}

/** A change for people: `+$3.10`, `-$3.10`, `$0.00`; `extra` adds digits after the point. */
export function displaySigned(quantity: Quantity, change: Fixed, extra = 0): string {
  return `${change > 0n ? '+' : ''}${displayValue(quantity, change, extra)}`;
}

/** A value with what it counts: `890,000 calls`, `$0.02 per call`, `$312.46`. */
export function displayPhrase(quantity: Quantity, value: string): string {
  const { noun, unit } = describeQuantity(quantity);
  if (noun === '') return value;
  const isOne = value === '1' && (unit === 'calls' || unit === 'tokens');
  return `${value} ${isOne ? noun.replace(/s(?= |$)/, '') : noun}`;
}

/** A value and its limit with enough digits to distinguish them: `$100.004` is not `$100.00`. */
export function displayAgainst(
  quantity: Quantity,
  value: Fixed,
  bound: Fixed,
): [value: string, bound: string] {
  for (let extra = 0; extra <= MOST_EXTRA; extra += 1) {
    const pair: [string, string] = [
      displayValue(quantity, value, extra),
      displayValue(quantity, bound, extra),
    ];
    if (pair[0] !== pair[1] || value === bound) return pair;
  }
  return [displayValue(quantity, value, MOST_EXTRA), displayValue(quantity, bound, MOST_EXTRA)];
}

/** An amount in a sentence: `$100`, not `$100.00`. */
export function withoutZeroCents(amount: string): string {
  return amount.replace(/\.00+$/, '');
}

/** A rate for a sentence, in about three digits: `$7,500`, `21,400,000`. Small amounts of money keep their cents. */
export function displayRounded(quantity: Quantity, value: Fixed): string {
  const { unit } = describeQuantity(quantity);
  const size = value < 0n ? -value : value;
  if (size < HUNDRED && isCurrency(unit)) return withoutZeroCents(displayValue(quantity, value));
  const digits = String(size / ONE).length;
  const step = ONE * 10n ** BigInt(Math.max(0, digits - 3));
  return withoutZeroCents(displayValue(quantity, divideRounded(value, step) * step));
}

/** A whole number with separators: `1,204`. */
export function displayCount(count: number): string {
  return grouped(String(count));
}

/** A count with its noun: `1 call`, `1,204 calls`. */
export function counted(count: number, noun: string): string {
  return `${displayCount(count)} ${noun}${count === 1 ? '' : 's'}`;
}

/** A share in whole percents. Only nothing is 0%, and only all is 100%. */
export function shareText(part: bigint, whole: bigint): string {
  if (whole === 0n) return '0%';
  const percent = Number((part * 1000n) / whole) / 10;
  if (part > 0n && percent < 1) return '<1%';
  if (part < whole && percent > 99) return '>99%';
  return `${Math.round(percent)}%`;
}

/** z with one digit; without digits at the ±999 where it is cut. */
export function displayZscore(zscore: number): string {
  return Math.abs(zscore) >= 999 ? String(zscore) : zscore.toFixed(1);
}

function grouped(text: string): string {
  const [whole = '', fraction] = text.split('.');
  const separated = whole.replace(/\B(?=(\d{3})+$)/g, ',');
  return fraction === undefined ? separated : `${separated}.${fraction}`;
}
