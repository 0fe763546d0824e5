// The cost of a call by the price list.

import { type CallPrices, MAX_CALL_COST, type PriceTable, rangeOf } from './call-prices.ts';
import { ofFixed, plus, times, toFixed } from './decimal.ts';
import { type Fixed, ONE } from './money.ts';
import { modelNamed } from './price-names.ts';

/** What the price of a call depends on. Counts are Fixed; null is not known and counts as 0. */
export interface PricedCall {
  readonly model: string | null;
  /** ms */
  readonly at: number;
  /** All input, cached and written tokens included. */
  readonly input: Fixed | null;
  /** All output, reasoning included. */
  readonly output: Fixed | null;
  readonly cached: Fixed | null;
  readonly cacheWrite: Fixed | null;
  readonly reasoning: Fixed | null;
  readonly batch: boolean | null;
}

/**
 * What the call costs by the list, whatever was recorded; null where that is not known. Counts below 0 count as 0, and cached,
 * written and reasoning tokens beyond the input or output that they are part of do not count. stores/price-sql.ts says the same.
 */
export function listCost(call: PricedCall, table: PriceTable): Fixed | null {
  const model = call.model === null ? null : modelNamed(call.model, table.names);
  if (model === null) return null;
  const input = within(call.input, null);
  const output = within(call.output, null);
  // Where no model has a price for cached tokens, they are input like any other, and leave room for those written.
  const cached = table.uses.includes('cachedInput') ? within(call.cached, input) : 0n;
  const cacheWrite = within(call.cacheWrite, input - cached);
  const reasoning = within(call.reasoning, output);
  const ranges = table.models.get(model) ?? [];
  const range = rangeOf(ranges, call.at, (above) => input > BigInt(above) * ONE);
  if (range === undefined) return null;
  const { prices } = range;
  const tokens = [
    [input, prices.input],
    [output, prices.output],
    [cached, prices.cachedInput],
    [cacheWrite, prices.cacheWrite],
    [reasoning, prices.reasoning],
  ] as const;
  const cost = withBatch(tokens, prices, call.batch === true);
  return cost > BigInt(MAX_CALL_COST) * ONE ? null : cost;
}

function withBatch(
  tokens: readonly (readonly [Fixed, CallPrices['input']])[],
  { batch, perCall }: CallPrices,
  isBatch: boolean,
): Fixed {
  const whole = tokens
    .map(([count, price]) => times(ofFixed(count), price))
    .reduce((sum, part) => plus(sum, part));
  return toFixed(plus(isBatch ? times(whole, batch) : whole, perCall));
}

/** A count of at least 0, and at most that of which it is part. */
function within(count: Fixed | null, whole: Fixed | null): Fixed {
  const size = count === null || count < 0n ? 0n : count;
  return whole !== null && size > whole ? whole : size;
}
