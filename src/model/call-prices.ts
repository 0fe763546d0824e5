// Works out a price list: what one token costs, for each model, date and size of input.

import { type Decimal, decimalText, minus, parseDecimal, shifted, ZERO } from './decimal.ts';
import type { PriceEntry, PriceList, TokenPrices } from './price-list.ts';
import { type PriceNames, priceNames } from './price-names.ts';

/** What a token costs more (or less) than one of input or output, by the kind of token; and what a call costs. */
export const EXTRAS = ['cachedInput', 'cacheWrite', 'reasoning', 'perCall', 'batch'] as const;
export type Extra = (typeof EXTRAS)[number];

/**
 * Decimals in USD. `input` and `output` are per token; `cachedInput`, `cacheWrite` and `reasoning` are what is to be added for
 * each token of that kind; `batch` is the factor of all tokens of a batch call.
 */
export type CallPrices = Readonly<Record<'input' | 'output' | Extra, Decimal>>;

/** The prices of a model for calls at or after `from` (ms) with more than `above` tokens of input; null is no condition. */
export interface PriceRange {
  readonly from: number | null;
  readonly above: number | null;
  readonly prices: CallPrices;
}

export interface PriceTable {
  readonly names: PriceNames;
  /** By the list's key. The first range whose conditions a call meets is the call's; the last one has no condition. */
  readonly models: ReadonlyMap<string, readonly PriceRange[]>;
  /** The extras that any model has; no others need be computed. */
  readonly uses: readonly Extra[];
}

/** Costs beyond this, USD per call, count as unknown. */
export const MAX_CALL_COST = 1_000_000_000;

/** USD per token. Where a price is not known, one token makes the cost of a call one that counts as unknown. */
const UNKNOWN: Decimal = { units: 10n ** 15n, places: 0 };
const FULL_PRICE: Decimal = { units: 1n, places: 0 };

/** Works out a list. Its texts must be decimals. */
export function priceTable(list: PriceList): PriceTable {
  const models = new Map(
    Object.entries(list.models).map(([name, entries]) => [name, rangesOf(entries)] as const),
  );
  const all = [...models.values()].flat();
  return {
    names: priceNames(list),
    models,
    uses: EXTRAS.filter((extra) => all.some(({ prices }) => !isPlain(prices, extra))),
  };
}

/** The range of a call. */
export function rangeOf(ranges: readonly PriceRange[], at: number, isLarger: (above: number) => boolean) {
  return ranges.find(
    ({ from, above }) => (from === null || at >= from) && (above === null || isLarger(above)),
  );
}

/** The newest entry first, and in it the largest input first. */
function rangesOf(entries: readonly PriceEntry[]): PriceRange[] {
  const newestFirst = [...entries].sort(
    (a, b) => (b.from ?? Number.NEGATIVE_INFINITY) - (a.from ?? Number.NEGATIVE_INFINITY),
  );
  const ranges = newestFirst.flatMap((entry): PriceRange[] => [
    ...[...entry.above]
      .reverse()
      .map(({ tokens, ...tier }) => ({ from: entry.from, above: tokens, prices: pricesOf(entry, tier) })),
    { from: entry.from, above: null, prices: pricesOf(entry, entry) },
  ]);
  return ranges.at(-1)?.from === null ? ranges : [...ranges, NOT_YET];
}

/** The prices of an entry, with those that a tier names in their place. */
function pricesOf(entry: PriceEntry, tier: TokenPrices): CallPrices {
  const perToken = (key: keyof TokenPrices): Decimal | null => {
    const text = tier[key] ?? entry[key];
    return text === null ? null : shifted(decimalOf(text), -6);
  };
  const input = perToken('input') ?? UNKNOWN;
  const output = perToken('output') ?? UNKNOWN;
  const difference = (key: keyof TokenPrices, from: Decimal): Decimal => {
    const price = perToken(key);
    return price === null ? ZERO : minus(price, from);
  };
  return {
    input,
    output,
    cachedInput: difference('cachedInput', input),
    cacheWrite: difference('cacheWrite', input),
    reasoning: difference('reasoning', output),
    perCall: entry.perCall === null ? ZERO : decimalOf(entry.perCall),
    batch: entry.batch === null ? FULL_PRICE : decimalOf(entry.batch),
  };
}

const NO_EXTRAS = {
  cachedInput: ZERO,
  cacheWrite: ZERO,
  reasoning: ZERO,
  perCall: ZERO,
  batch: FULL_PRICE,
} as const;

/** Before the first entry of a model is in force. */
const NOT_YET: PriceRange = {
  from: null,
  above: null,
  prices: { input: UNKNOWN, output: UNKNOWN, ...NO_EXTRAS },
};

function isPlain(prices: CallPrices, extra: Extra): boolean {
  return decimalText(prices[extra]) === decimalText(NO_EXTRAS[extra]);
}

function decimalOf(text: string): Decimal {
  const decimal = parseDecimal(text);
  if (decimal === null) throw new RangeError(`a price is not a decimal: ${text}`);
  return decimal;
}
