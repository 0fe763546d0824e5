// `spendwatch prices check`: compares the price list with what the table records.

import { openAudit } from '../../app.ts';
import { unsetNote } from '../../config/place.ts';
import { AppError } from '../../model/errors.ts';
import { priceNames } from '../../model/price-names.ts';
import { collectDirectly } from '../../pipeline/collect.ts';
import { priceCheckOf, priceCheckQuery } from '../../prices/price-check.ts';
import { priceCheckJson, priceCheckTable } from '../../prices/price-check-text.ts';
import type { Io } from '../io.ts';
import { loadWithoutChannels } from '../load.ts';

export interface CheckPricesOptions {
  readonly config: string;
  readonly format: 'table' | 'json';
}

const MINUTE = 60_000;
const DAYS = 30;

/** Prints the models of the last 30 days without a price or with another than recorded. Resolves to 1 if there are any. */
export async function checkPrices(options: CheckPricesOptions, io: Io): Promise<0 | 1> {
  const config = await loadWithoutChannels(options.config, io);
  const { prices, mapping, currency } = config.audit;
  if (prices === null)
    throw new AppError('usage', `${options.config} names no price list`, {
      hint: 'name one: audit: { prices: prices.yaml }',
    });
  if (mapping.columns.model === undefined)
    throw new AppError('usage', 'the table has no model, by which prices go', {
      hint: 'map it: audit.columns.model',
    });
  const { store } = await openAudit(config, { mustExist: true, throughWorker: 'read', waitMs: 2_000 });
  try {
    const note = unsetNote(config);
    if (note !== null) io.err(note);
    const to = (Math.floor(Date.now() / MINUTE) + 1) * MINUTE;
    const window = { from: to - DAYS * 24 * 60 * MINUTE, to };
    const { series } = await collectDirectly(store, [priceCheckQuery(window)], to);
    const [answer] = series;
    if (answer === undefined || answer instanceof AppError)
      throw answer ?? new Error('the query has no answer');
    const found = priceCheckOf(answer, priceNames(prices));
    io.out(
      options.format === 'json' ? priceCheckJson(found, window, currency) : priceCheckTable(found, currency),
    );
    return found.odd.length === 0 ? 0 : 1;
  } finally {
    await store.close();
  }
}
