// The cost of a call by the price list, as SQL. model/list-cost.ts computes the same.

import {
  type CallPrices,
  type Extra,
  MAX_CALL_COST,
  type PriceRange,
  type PriceTable,
} from '../model/call-prices.ts';
import type { Column } from '../model/columns.ts';
import { decimalText } from '../model/decimal.ts';
import type { Parameters } from './source-sql.ts';
import type { RowTime } from './time-sql.ts';

/** The price list of a statement, its parameters, and how its rows tell their time. */
export interface Pricing {
  readonly prices: PriceTable | null;
  readonly parameters: Parameters;
  readonly time: Pick<RowTime, 'isFrom' | 'minute'>;
}

const COLUMN_OF: Readonly<Partial<Record<Extra, Column>>> = {
  cachedInput: 'cached_tokens',
  cacheWrite: 'cache_write_tokens',
  reasoning: 'reasoning_tokens',
  batch: 'batch',
};

/** The columns on which the prices of a list depend, besides the model and the tokens of input and output. */
export function pricedColumns(prices: PriceTable | null): readonly Column[] {
  if (prices === null) return [];
  const isDated = [...prices.models.values()].some((ranges) => ranges.some(({ from }) => from !== null));
  return [...prices.uses.flatMap((extra) => COLUMN_OF[extra] ?? []), ...(isDated ? ['time' as const] : [])];
}

/**
 * The cost of a call over the raw columns, with 12 places; NULL where it is not known. Each level computes once what the next
 * one uses several times; OFFSET 0 keeps the planner from merging them.
 */
export function listCostSql({ prices, parameters, time }: Pricing): string {
  if (prices === null) return 'NULL::numeric';
  const layers = layersOf(prices);
  const uses = new Set(prices.uses);
  const counts = [
    'GREATEST(input_tokens_raw, 0) AS input',
    'GREATEST(output_tokens_raw, 0) AS output',
    ...(uses.has('cachedInput') ? ['GREATEST(cached_tokens_raw, 0) AS cached'] : []),
    ...(uses.has('cacheWrite') ? ['GREATEST(cache_write_tokens_raw, 0) AS written'] : []),
    ...(uses.has('reasoning') ? ['GREATEST(reasoning_tokens_raw, 0) AS reasoning'] : []),
  ];
  const base = baseSql(prices, layers, parameters);
  const found = `(SELECT ${base} AS base, ${counts.join(', ')} OFFSET 0) AS found`;
  const number = `(base ->> ${prices.uses.length + 2})`;
  const conditions = layers.map(({ from, above, prices: own }) => {
    const isAt = from === null ? [] : [time.isFrom('time_raw', from)];
    const isLarge = above === null ? [] : [`input > ${above}`];
    const price = `${parameters.add(JSON.stringify(own))}::jsonb -> ${number}`;
    return `CASE WHEN ${[...isAt, ...isLarge].join(' AND ')} THEN ${price} END`;
  });
  const ranged = `COALESCE(${[...conditions, 'base'].join(', ')})`;
  const priced =
    layers.length === 0
      ? found.replace(' AS base,', ' AS price,')
      : `(SELECT *, CASE WHEN ${number} IS NULL THEN base ELSE ${ranged} END AS price FROM ${found} OFFSET 0) AS priced`;
  return `(SELECT CASE WHEN amount <= ${MAX_CALL_COST} THEN amount END
    FROM (SELECT ${amountSql(prices.uses)} AS amount FROM ${priced} OFFSET 0) AS sum)`;
}

/** Tokens that are part of others cost the difference. A model's prices are an array: input, output, then the extras in use. */
function amountSql(uses: readonly Extra[]): string {
  const price = (place: number): string => `(price ->> ${place})::numeric`;
  const extra = (name: Extra): string => price(2 + uses.indexOf(name));
  const some = (name: Extra, count: string): string[] =>
    uses.includes(name) ? [`CASE WHEN ${count} > 0 THEN ${count} * ${extra(name)} ELSE 0 END`] : [];
  const cached = uses.includes('cachedInput') ? 'LEAST(cached, input)' : '0';
  const tokens = [
    `input * ${price(0)}`,
    `output * ${price(1)}`,
    ...some('cachedInput', 'LEAST(cached, input)'),
    ...some('cacheWrite', `LEAST(written, input - ${cached})`),
    ...some('reasoning', 'LEAST(reasoning, output)'),
  ].join(' + ');
  const all = uses.includes('batch')
    ? `(${tokens}) * CASE WHEN batch_raw THEN ${extra('batch')} ELSE 1 END`
    : tokens;
  return `round(${all}${uses.includes('perCall') ? ` + ${extra('perCall')}` : ''}, 12)`;
}

/** The prices of some models from a date on, or above a number of input tokens; by the model's number. */
interface Layer {
  readonly from: number | null;
  readonly above: number | null;
  readonly prices: Record<string, readonly string[]>;
}

/** The ranges of all models but the last one of each, those with the same conditions together, in the order of their precedence. */
function layersOf({ models, uses }: PriceTable): Layer[] {
  const layers = new Map<string, Layer>();
  [...models.values()].forEach((ranges, number) => {
    for (const { from, above, prices } of ranges.slice(0, -1)) {
      const key = `${from} ${above}`;
      const layer = layers.get(key) ?? { from, above, prices: {} };
      layer.prices[number] = arrayOf(prices, uses);
      layers.set(key, layer);
    }
  });
  const rank = (value: number | null): number => value ?? Number.NEGATIVE_INFINITY;
  const later = (a: number | null, b: number | null): number => (rank(a) === rank(b) ? 0 : rank(b) - rank(a));
  return [...layers.values()].sort((a, b) => later(a.from, b.from) || later(a.above, b.above));
}

function arrayOf(prices: CallPrices, uses: readonly Extra[]): string[] {
  return (['input', 'output', ...uses] as const).map((key) => decimalText(prices[key]));
}

/**
 * The array of a model's last range, with the model's number behind it if it has others; NULL for a model without a price. A name
 * costs one look-up in a sorted object, however many there are. Patterns are tried one after the other.
 */
function baseSql(
  { names, models, uses }: PriceTable,
  layers: readonly Layer[],
  parameters: Parameters,
): string {
  const bases = new Map(
    [...models].map(([name, ranges], number) => {
      const last = ranges.at(-1) as PriceRange;
      const id = ranges.length > 1 && layers.length > 0 ? [String(number)] : [];
      return [name, [...arrayOf(last.prices, uses), ...id]] as const;
    }),
  );
  const { exact, patterns, strip } = names;
  const byName = Object.fromEntries([...exact].map(([name, model]) => [name, bases.get(model)]));
  const known = exact.size === 0 ? null : `${parameters.add(JSON.stringify(byName))}::jsonb`;
  const found =
    patterns.length === 0 ? null : parameters.add(JSON.stringify(patterns.map((one) => bases.get(one))));
  const likes = patterns.map((pattern) => parameters.add(likePattern(pattern)));
  const words = wordsOf(patterns).map((word) => parameters.add(likePattern(`*${word}*`)));
  const isLike = (model: string, like: string): string => `${model} COLLATE "C" LIKE ${like}`;
  const roughly = (model: string): string => {
    const tries = likes.map((like, i) => `WHEN ${isLike(model, like)} THEN ${found}::jsonb -> ${i}`);
    const all = `CASE ${tries.join(' ')} END`;
    const some = words.map((word) => isLike(model, word)).join(' OR ');
    return words.length === 0 ? all : `CASE WHEN ${some} THEN ${all} END`;
  };
  const lookups = (model: string): { exactly: string[]; roughly: string[] } => ({
    exactly: known === null ? [] : [`${known} -> ${model}`],
    roughly: found === null ? [] : [roughly(model)],
  });
  const own = lookups('model_raw');
  const all = [...own.exactly, ...own.roughly];
  if (all.length === 0) return 'NULL::jsonb';
  if (strip.length === 0) return `COALESCE(${all.join(', ')})`;
  const bare = lookups('bare.name');
  const name = `regexp_replace(model_raw COLLATE "C", ${parameters.add(prefixes(strip))}, '')`;
  const rest = [...bare.exactly, ...own.roughly, ...bare.roughly];
  return `COALESCE(${[...own.exactly, `(SELECT COALESCE(${rest.join(', ')}) FROM (SELECT ${name} AS name OFFSET 0) AS bare)`].join(', ')})`;
}

/**
 * Words of which a name must have one to fit any of the patterns, so that most names need not be compared with all of them; none
 * where that would save nothing.
 */
function wordsOf(patterns: readonly string[]): string[] {
  const longest = patterns.map((pattern) =>
    (pattern.match(/[a-z]{3,}/gi) ?? ['']).reduce((best, word) => (word.length > best.length ? word : best)),
  );
  const words = [...new Set(longest)];
  return words.includes('') || words.length * 2 > patterns.length ? [] : words;
}

/** `*` stands for any text; the characters that are special to LIKE are escaped. */
function likePattern(pattern: string): string {
  return pattern.replace(/[\\%_]/g, '\\$&').replaceAll('*', '%');
}

/** The longest beginning that consists of prefixes. `***:` lets a prefix begin with what would be an option of the expression. */
function prefixes(strip: readonly string[]): string {
  return `***:^(?:${strip.map((prefix) => prefix.replace(/[^\p{L}\p{N}]/gu, '\\$&')).join('|')})+`;
}
