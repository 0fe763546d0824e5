// Turns a model of LiteLLM's model prices into an entry of a price list.

import { type Decimal, decimalText, minus, parseDecimal, shifted, times } from '../model/decimal.ts';

/** An entry of prices.yaml: keys and values as they are written there. Or why the model has none. */
export type ModelPrices =
  | { readonly entry: Entry; readonly left: readonly string[] }
  | { readonly reason: string };
export interface Entry {
  readonly [key: string]: string | Entry;
}

/** The kinds of calls that are priced by tokens or by the call. A model without a kind is read too. */
const KINDS = ['chat', 'completion', 'responses', 'embedding', 'rerank', 'moderation'];

/** Prices of a token, by our keys. Of several names the first that is there counts. */
const PER_TOKEN: Readonly<Record<string, readonly string[]>> = {
  input: ['input_cost_per_token'],
  output: ['output_cost_per_token'],
  cached_input: ['cache_read_input_token_cost', 'input_cost_per_token_cache_hit'],
  cache_write: ['cache_creation_input_token_cost'],
  reasoning: ['output_cost_per_reasoning_token'],
};
const PER_CALL = ['input_cost_per_request', 'input_cost_per_query'];
const BATCH = { input: 'input_cost_per_token_batches', output: 'output_cost_per_token_batches' };

/** The lowest price that a list takes besides 0, and the highest, USD per million tokens. */
const LOWEST = decimal('0.001');
const HIGHEST = decimal('1000000');

/**
 * The prices of a model, per million tokens, to the last digit. A price that the file does not have stays out. `left` are the
 * prices that a list cannot express, in words.
 */
export function modelPrices(name: string, fields: Readonly<Record<string, unknown>>): ModelPrices {
  if (name.includes('*') || name === '__proto__') return { reason: 'a name with *' };
  const mode = fields.mode ?? 'chat';
  if (typeof mode !== 'string' || !KINDS.includes(mode)) return { reason: String(mode).replaceAll('_', ' ') };
  const base = tokenPrices(fields, '');
  const perCall = PER_CALL.map((field) => priceIn(fields, field)).find((price) => price !== null) ?? null;
  if (base.input === undefined && base.output === undefined && perCall === null)
    return { reason: otherPrice(fields) };
  const tiers = tiersOf(fields);
  const all = [base, ...tiers.map(({ prices }) => prices)].flatMap((prices) => Object.values(prices));
  if (all.some((price) => !isPlausible(price)))
    return { reason: 'a price below 0.001 or above 1,000,000 USD per million' };
  const batch = batchShare(fields, base);
  const entry: Entry = {
    ...written(base),
    ...(perCall === null ? {} : { per_call: decimalText(perCall) }),
    ...(batch === null ? {} : { batch }),
    ...(tiers.length === 0
      ? {}
      : { above: Object.fromEntries(tiers.map(({ tokens, prices }) => [tokens, written(prices)])) }),
  };
  return { entry, left: leftOut(fields, batch !== null) };
}

type Prices = Readonly<Record<string, Decimal>>;

/** The prices whose fields end in `suffix`, by our keys, per million tokens. */
function tokenPrices(fields: Readonly<Record<string, unknown>>, suffix: string): Prices {
  return Object.fromEntries(
    Object.entries(PER_TOKEN).flatMap(([key, names]) => {
      const price = names.map((name) => priceIn(fields, `${name}${suffix}`)).find((one) => one !== null);
      return price === undefined || price === null ? [] : [[key, shifted(price, 6)]];
    }),
  );
}

function tiersOf(fields: Readonly<Record<string, unknown>>) {
  const sizes = Object.keys(fields).flatMap((field) => /_above_(\d+)k_tokens$/.exec(field)?.[1] ?? []);
  return [...new Set(sizes.map(Number))]
    .sort((a, b) => a - b)
    .map((size) => ({ tokens: String(size * 1000), prices: tokenPrices(fields, `_above_${size}k_tokens`) }))
    .filter(({ prices }) => Object.keys(prices).length > 0);
}

/** `50%` where a batch call costs the same part of each price; null where it does not, or that is not said. */
function batchShare(fields: Readonly<Record<string, unknown>>, base: Prices): string | null {
  const shares = Object.entries(BATCH).flatMap(([key, field]) => {
    const whole = base[key];
    const price = priceIn(fields, field);
    if (whole === undefined || price === null || whole.units === 0n) return [];
    return [percentOf(shifted(price, 6), whole)];
  });
  const [share = null] = shares;
  return shares.every((one) => one === share) ? share : null;
}

/** A part as a percentage, if it is one of at most four decimals. */
function percentOf(part: Decimal, whole: Decimal): string | null {
  const places = 4;
  const units =
    (part.units * 10n ** BigInt(whole.places + 2 + places)) / (whole.units * 10n ** BigInt(part.places));
  const percent = { units, places };
  const isExact = minus(times(whole, shifted(percent, -2)), part).units === 0n;
  return isExact && units <= 100n * 10n ** BigInt(places) ? `${decimalText(percent)}%` : null;
}

/** Other prices that the fields have, in words: `audio_token`, `image`. */
const OTHER =
  /^(?:input|output|cache_\w+_input)_(?:cost_per_|)(audio_token|character|image|pixel|second|video_per_second|audio_per_second|page)/;

function leftOut(fields: Readonly<Record<string, unknown>>, hasBatch: boolean): string[] {
  const kinds = Object.keys(fields).flatMap((field): string[] => {
    if (priceIn(fields, field) === null || isZero(fields[field])) return [];
    if (/_(priority|flex)$/.test(field)) return ['priority and flex service'];
    if (/_batches$/.test(field)) return hasBatch ? [] : ['batches'];
    if (/_above_1hr/.test(field)) return ['cache writes for an hour'];
    const [, unit] = OTHER.exec(field) ?? [];
    return unit === undefined ? [] : [`${unit.replace(/_token$/, '').replaceAll('_', ' ')}`];
  });
  const more = [
    ...('tiered_pricing' in fields ? ['tiered pricing'] : []),
    ...('search_context_cost_per_query' in fields ? ['web search'] : []),
  ];
  return [...new Set([...kinds, ...more])];
}

function otherPrice(fields: Readonly<Record<string, unknown>>): string {
  const [unit] = leftOut(fields, true);
  return unit === undefined ? 'no price' : `priced by ${unit}`;
}

function written(prices: Prices): Record<string, string> {
  return Object.fromEntries(Object.entries(prices).map(([key, price]) => [key, decimalText(price)]));
}

function isPlausible(price: Decimal): boolean {
  return price.units === 0n || (minus(price, LOWEST).units >= 0n && minus(HIGHEST, price).units >= 0n);
}

function isZero(value: unknown): boolean {
  return typeof value === 'string' && parseDecimal(value)?.units === 0n;
}

/** The price in a field; null where there is none. A price below 0 is none. */
function priceIn(fields: Readonly<Record<string, unknown>>, field: string): Decimal | null {
  const value = Object.hasOwn(fields, field) ? fields[field] : undefined;
  const price = typeof value === 'string' && /cost|price/.test(field) ? parseDecimal(value) : null;
  return price !== null && price.units >= 0n ? price : null;
}

function decimal(text: string): Decimal {
  return parseDecimal(text) as Decimal;
}
