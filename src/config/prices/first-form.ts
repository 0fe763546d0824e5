// The models of a price list of the first form, without a version: input and output.

import { type PriceEntry, priceEntry } from '../../model/price-list.ts';
import { suggestion } from '../nearest.ts';
import { isRecord } from '../path.ts';
import { ENTRY_KEYS } from './entry.ts';
import type { ListFile } from './list-file.ts';
import { tokenPriceFault, WrittenNumber, writtenText } from './written-number.ts';

const SIDES = ['input', 'output'] as const;
export const EXAMPLE = 'such as `models: { gpt-4.1: { input: 2.00, output: 8.00 } }`, USD per million tokens';

/** The entry of a model. */
export function firstFormEntry(list: ListFile, model: string, price: unknown): PriceEntry {
  const path = ['models', model];
  if (!isRecord(price) || price instanceof WrittenNumber) {
    const isLater = Array.isArray(price);
    const hint = isLater ? 'several prices of a model need `version: 2` above `models:`' : EXAMPLE;
    list.fault(path, `the price of ${model} needs input and output`, hint);
    return priceEntry({});
  }
  for (const key of Object.keys(price)) {
    if (!SIDES.some((side) => side === key))
      list.keyFault([...path, key], `unknown key "${key}"`, hintFor(key, SIDES, ENTRY_KEYS));
  }
  const [input = null, output = null] = SIDES.map((side) => {
    const value = price[side];
    const fault = value === undefined ? { message: 'is missing' } : tokenPriceFault(value);
    if (fault === null) return writtenText(value);
    list.fault([...path, side], `the ${side} price of ${model} ${fault.message}`, hintOf(fault));
    return null;
  });
  return priceEntry({ input, output });
}

/** The nearest known key, or that the key needs version 2. */
export function hintFor(key: string, known: readonly string[], later: readonly string[]): string | null {
  return later.includes(key) && !known.includes(key)
    ? `"${key}" needs \`version: 2\` above \`models:\``
    : suggestion(key, known, 'keys that are known here');
}

function hintOf(fault: { readonly hint?: string }): string {
  return fault.hint ?? EXAMPLE;
}
