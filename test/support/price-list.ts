import { type PriceEntry, type PriceList, priceEntry } from '../../src/model/price-list.ts';

/** A list with one entry for each model. */
export function priceList(
  models: Readonly<Record<string, Partial<PriceEntry>>>,
  names: Partial<Pick<PriceList, 'aliases' | 'strip'>> = {},
): PriceList {
  const entries = Object.entries(models).map(([model, prices]) => [model, [priceEntry(prices)]] as const);
  return { models: Object.fromEntries(entries), aliases: {}, strip: [], ...names };
}
