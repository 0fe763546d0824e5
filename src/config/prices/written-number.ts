// Prices as their author wrote them, and what is wrong with one.

import { decimalText, parseDecimal, shifted } from '../../model/decimal.ts';
import { FIXED_DIGITS, formatFixed, ONE, parseFixed } from '../../model/money.ts';

/** A number as its author wrote it: 0.1 as a double is not a tenth of a dollar. */
export class WrittenNumber {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** USD, per million tokens or per call. A higher price is a typing error, and would overflow sums. */
const HIGHEST = 1_000_000n * ONE;
/** The cheapest models cost tens of times more. A lower price other than 0 is a price per token. */
const LOWEST = ONE / 1_000n;

export interface PriceFault {
  readonly message: string;
  readonly hint?: string;
}

/** The text of a value that is a number, or a text; quotes do not count. */
export function writtenText(value: unknown): string {
  return (value instanceof WrittenNumber ? value.text : String(value)).trim();
}

/** What is wrong with a price per million tokens; null for nothing. */
export function tokenPriceFault(value: unknown): PriceFault | null {
  const price = decimalOf(value);
  if (price === null) return NO_DECIMAL;
  const text = writtenText(value);
  if (price < 0n) return NEGATIVE;
  if (price > HIGHEST) {
    return {
      message: `is ${text}, above a million dollars: prices are per million, not per token`,
      hint: 'write USD per million tokens, such as 2.00',
    };
  }
  // 1e-20 is not 0, although it becomes 0 in the precision of money.
  if (price >= LOWEST || !/^[^eE]*[1-9]/.test(text)) return null;
  const perMillion = parseFixed(text.replace(/(?:[eE]([+-]?\d+))?$/, (_, e = '0') => `e${Number(e) + 6}`));
  const meant = perMillion === null || perMillion === 0n ? '' : `: ${formatFixed(perMillion, FIXED_DIGITS)}`;
  return {
    message: `is ${text}: prices are per million, not per token`,
    hint: `write USD per million tokens${meant}; 0 means free`,
  };
}

/** What is wrong with a price per call. */
export function callPriceFault(value: unknown): PriceFault | null {
  const price = decimalOf(value);
  if (price === null) return NO_DECIMAL;
  if (price < 0n) return NEGATIVE;
  if (price <= HIGHEST) return null;
  return {
    message: `is ${writtenText(value)}, above a million dollars`,
    hint: 'write USD per call, such as 0.005',
  };
}

/** `50%` as the decimal text 0.5; null for anything that is not from 0 % to 100 %. */
export function shareOf(value: unknown): string | null {
  const [, number = ''] = /^(\d+(?:\.\d+)?) ?%$/.exec(writtenText(value)) ?? [];
  const percent = parseDecimal(number);
  if (percent === null) return null;
  const share = shifted(percent, -2);
  return share.units > 10n ** BigInt(share.places) ? null : decimalText(share);
}

const NO_DECIMAL = { message: 'is not a decimal number' };
const NEGATIVE = { message: 'is negative' };

function decimalOf(value: unknown): bigint | null {
  return value instanceof WrittenNumber || typeof value === 'string' ? parseFixed(writtenText(value)) : null;
}
