// The price list: what it says of each model.

/**
 * The prices of a model: decimal text, USD per million tokens, and USD per call. Null is not known: tokens of a kind without a
 * price cost as input or output, and a call with tokens that have no price at all has an unknown cost.
 */
export interface TokenPrices {
  readonly input: string | null;
  readonly output: string | null;
  readonly cachedInput: string | null;
  readonly cacheWrite: string | null;
  readonly reasoning: string | null;
}

/** What a call costs from a date on. */
export interface PriceEntry extends TokenPrices {
  /** In force from this instant (ms) on; null for an entry that was always in force. */
  readonly from: number | null;
  readonly perCall: string | null;
  /** The part of the token price that a batch call costs, such as 0.5. */
  readonly batch: string | null;
  /** Prices of the whole call when its input is larger, ascending. Null is the entry's own price. */
  readonly above: readonly (TokenPrices & { readonly tokens: number })[];
}

export interface PriceList {
  /** By name, or by pattern with `*` for any text. At most one entry of a model begins at one instant. */
  readonly models: Readonly<Record<string, readonly PriceEntry[]>>;
  /** Other names of models. The values are names that the list has. */
  readonly aliases: Readonly<Record<string, string>>;
  /** Prefixes that are taken off names that the list does not have. */
  readonly strip: readonly string[];
}

/** An entry that names no more than these prices. */
export function priceEntry(prices: Partial<PriceEntry>): PriceEntry {
  return {
    input: null,
    output: null,
    cachedInput: null,
    cacheWrite: null,
    reasoning: null,
    from: null,
    perCall: null,
    batch: null,
    above: [],
    ...prices,
  };
}
