// The prices of one model in a list of version 2.

import { type PriceEntry, priceEntry, type TokenPrices } from '../../model/price-list.ts';
import { suggestion } from '../nearest.ts';
import { isRecord, type Path } from '../path.ts';
import type { ListFile } from './list-file.ts';
import {
  callPriceFault,
  type PriceFault,
  shareOf,
  tokenPriceFault,
  WrittenNumber,
  writtenText,
} from './written-number.ts';

/** The prices per million tokens, by their keys. */
const TOKEN_KEYS = {
  input: 'input',
  output: 'output',
  cached_input: 'cachedInput',
  cache_write: 'cacheWrite',
  reasoning: 'reasoning',
} as const satisfies Record<string, keyof TokenPrices>;
type TokenKey = keyof typeof TOKEN_KEYS;

const TOKEN_PRICES = Object.keys(TOKEN_KEYS) as TokenKey[];
export const ENTRY_KEYS: readonly string[] = [...TOKEN_PRICES, 'per_call', 'batch', 'above', 'from'];

const EXAMPLE =
  'such as `gpt-4.1: { input: 2.00, output: 8.00, cached_input: 0.50 }`, USD per million tokens';
const DATE_EXAMPLE = 'write the day on which the price begins, in UTC: 2026-06-01';

/** The entries of a model: one mapping, or a list of them that begin at different dates. */
export function entriesOf(list: ListFile, model: string, value: unknown): PriceEntry[] {
  const path = ['models', model];
  if (!Array.isArray(value)) return [entryOf(list, model, value, path)];
  if (value.length === 0) list.fault(path, `${model} has no price`, EXAMPLE);
  const begins = new Set<number | null>();
  return value.map((one: unknown, i) => {
    const entry = entryOf(list, model, one, [...path, i]);
    if (begins.has(entry.from) && isRecord(one)) {
      const when = entry.from === null ? 'have no `from`' : `begin on ${String(one.from)}`;
      list.fault(
        [...path, i, ...(entry.from === null ? [] : ['from'])],
        `two prices of ${model} ${when}`,
        DATE_EXAMPLE,
      );
    }
    begins.add(entry.from);
    return entry;
  });
}

function entryOf(list: ListFile, model: string, value: unknown, path: Path): PriceEntry {
  if (!isMapping(value)) {
    list.fault(path, `the price of ${model} must be a mapping of prices`, EXAMPLE);
    return priceEntry({});
  }
  refuseUnknown(list, value, path, ENTRY_KEYS);
  const perCall = checked(list, value, path, 'per_call', model, callPriceFault);
  if (!['input', 'output', 'per_call'].some((key) => Object.hasOwn(value, key)))
    list.fault(path, `${model} has no price: neither input nor output nor per_call`, EXAMPLE);
  return {
    ...tokenPricesOf(list, value, path, model),
    perCall,
    batch: batchOf(list, value, path, model),
    above: tiersOf(list, value, path, model),
    from: dateOf(list, value, path, model),
  };
}

type Mapping = Readonly<Record<string, unknown>>;

function isMapping(value: unknown): value is Mapping {
  return isRecord(value) && !(value instanceof WrittenNumber);
}

function tokenPricesOf(list: ListFile, value: Mapping, path: Path, model: string): TokenPrices {
  const priceOf = (key: TokenKey) => checked(list, value, path, key, model, tokenPriceFault);
  const prices = TOKEN_PRICES.map((key) => [TOKEN_KEYS[key], priceOf(key)] as const);
  return Object.fromEntries(prices) as unknown as TokenPrices;
}

/** The text of a price; null where the key is absent, or has a fault. */
function checked(
  list: ListFile,
  prices: Mapping,
  path: Path,
  key: string,
  model: string,
  faultOf: (value: unknown) => PriceFault | null,
): string | null {
  if (!Object.hasOwn(prices, key)) return null;
  const value = prices[key];
  const fault = faultOf(value);
  if (fault === null) return writtenText(value);
  const hint = fault.hint ?? 'write a decimal, such as 2.00; leave the key out where the price is not known';
  list.fault([...path, key], `the ${key} price of ${model} ${fault.message}`, hint);
  return null;
}

function batchOf(list: ListFile, value: Mapping, path: Path, model: string): string | null {
  if (!Object.hasOwn(value, 'batch')) return null;
  const share = shareOf(value.batch);
  if (share === null) {
    list.fault(
      [...path, 'batch'],
      `the batch price of ${model} is not a percentage from 0 % to 100 %`,
      'write the part of the token price that a batch call costs: 50%',
    );
  }
  return share;
}

function tiersOf(list: ListFile, value: Mapping, path: Path, model: string): PriceEntry['above'] {
  if (!Object.hasOwn(value, 'above')) return [];
  const at = [...path, 'above'];
  const example = 'such as `above: { 200000: { input: 4.00, output: 12.00 } }`';
  if (!isMapping(value.above)) {
    list.fault(at, `above must map numbers of input tokens to prices`, example);
    return [];
  }
  const tiers = Object.entries(value.above).flatMap(([key, prices]) => {
    const place = [...at, key];
    const tokens = /^[1-9]\d{0,11}$/.test(key) ? Number(key) : null;
    if (tokens === null) list.keyFault(place, `"${key}" is not a number of input tokens`, example);
    if (!isMapping(prices) || Object.keys(prices).length === 0) {
      list.fault(place, `the prices of ${model} above ${key} tokens are missing`, example);
      return [];
    }
    refuseUnknown(list, prices, place, TOKEN_PRICES);
    const own = tokenPricesOf(list, prices, place, model);
    return tokens === null ? [] : [{ tokens, place: list.placeOf(place), key: place, ...own }];
  });
  for (const [i, tier] of tiers.entries()) {
    const before = tiers[i - 1];
    if (before === undefined || before.place < tier.place) continue;
    list.keyFault(before.key, 'the numbers of tokens do not ascend', 'write the smallest first');
  }
  return tiers.map(({ place: _place, key: _key, ...tier }) => tier);
}

const DAY = /^\d{4}-\d{2}-\d{2}$/;

function dateOf(list: ListFile, value: Mapping, path: Path, model: string): number | null {
  if (!Object.hasOwn(value, 'from')) return null;
  const text = writtenText(value.from);
  const ms = DAY.test(text) ? Date.parse(`${text}T00:00:00Z`) : Number.NaN;
  if (!Number.isNaN(ms) && new Date(ms).toISOString().startsWith(text)) return ms;
  list.fault(
    [...path, 'from'],
    `the date from which the price of ${model} is in force is not a day`,
    DATE_EXAMPLE,
  );
  return null;
}

function refuseUnknown(list: ListFile, value: Mapping, path: Path, known: readonly string[]): void {
  for (const key of Object.keys(value)) {
    if (known.includes(key)) continue;
    list.keyFault([...path, key], `unknown key "${key}"`, suggestion(key, known, 'keys that are known here'));
  }
}
