// The cost of a call by the price list, in ClickHouse's SQL. model/list-cost.ts computes the same.

import { type CallPrices, EXTRAS, MAX_CALL_COST, type PriceTable } from '../../model/call-prices.ts';
import { decimalText } from '../../model/decimal.ts';
import { literal, type Parameters } from './names.ts';

/** The columns of a call on which prices depend: its model as text, its time in ms, and counts as decimals. */
export const PRICED = { model: 'sw_c_model', at: 'sw_at' } as const;

/** Decimals have 76 digits: 12 places of a count, and 31 digits for the largest product. */
const MOST_PLACES = 33;

type Key = keyof CallPrices;

/**
 * The cost with 12 places as `sw_list_cost`, NULL where it is not known: layers of columns over those of a call. Each layer computes
 * once what the next one uses several times. `isWhole` says that counts of tokens are whole numbers.
 */
export function listCostLayers(
  prices: PriceTable | null,
  isWhole: boolean,
  parameters: Parameters,
): string[][] {
  if (prices === null) return [['CAST(NULL AS Nullable(Decimal(38, 12))) AS sw_list_cost']];
  const ranges = rangesOf(prices);
  const countOf = countSql(isWhole);
  const believed = `sw_price_range > 0 AND sw_amount <= toDecimal256('${MAX_CALL_COST}', 12)`;
  const safe = `if(${believed}, sw_amount, toDecimal256('0', 12))`;
  return [
    [
      `${countOf('sw_q_input_tokens')} AS sw_n_input`,
      `${countOf('sw_q_output_tokens')} AS sw_n_output`,
      `${modelSql(prices, ranges, parameters)} AS sw_price_model`,
    ],
    [`${rangeSql(ranges, parameters)} AS sw_price_range`],
    [`${amountSql(prices, ranges, isWhole, parameters)} AS sw_amount`],
    [`if(${believed}, toDecimal128(${safe}, 12), NULL) AS sw_list_cost`],
  ];
}

/** All ranges of all models, numbered from 1. */
interface Ranges {
  /** By the list's key of a model, the numbers of its ranges, in the order of their precedence. */
  readonly ofModel: ReadonlyMap<string, readonly number[]>;
  readonly all: readonly {
    readonly from: number | null;
    readonly above: number | null;
    readonly prices: CallPrices;
  }[];
  /** The number of each model, from 1. */
  readonly models: ReadonlyMap<string, number>;
}

function rangesOf({ models }: PriceTable): Ranges {
  const all = [];
  const ofModel = new Map<string, number[]>();
  for (const [name, ranges] of models) {
    const numbers: number[] = [];
    for (const range of ranges) numbers.push(all.push(range));
    ofModel.set(name, numbers);
  }
  return { all, ofModel, models: new Map([...models.keys()].map((name, i) => [name, i + 1])) };
}

/** The number of the call's model in the list; 0 for one without a price. Patterns are tried one after the other. */
function modelSql({ names }: PriceTable, { models }: Ranges, parameters: Parameters): string {
  const { exact, patterns, strip } = names;
  const number = (name: string): number => models.get(name) ?? 0;
  const exactly = (model: string): string =>
    `transform(${model}, ${parameters.add([...exact.keys()], 'Array(String)')}, ${parameters.add([...exact.values()].map(number), 'Array(UInt32)')}, toUInt32(0))`;
  const roughly = (model: string): string =>
    `multiIf(${patterns.map((one) => `match(${model}, ${parameters.add(patternOf(one), 'String')}), toUInt32(${number(one)})`).join(', ')}, toUInt32(0))`;
  const own = `ifNull(${PRICED.model}, '')`;
  const bare = strip.length === 0 ? null : `replaceRegexpOne(${own}, ${literal(prefixes(strip))}, '')`;
  const tries = [
    ...(exact.size === 0 ? [] : [exactly(own), ...(bare === null ? [] : [exactly(bare)])]),
    ...(patterns.length === 0 ? [] : [roughly(own), ...(bare === null ? [] : [roughly(bare)])]),
  ];
  return `if(${PRICED.model} IS NULL, toUInt32(0), ${firstOf(tries)})`;
}

function firstOf(tries: readonly string[]): string {
  const [first = 'toUInt32(0)', ...rest] = tries;
  return rest.length === 0 ? first : `if(${first} != 0, ${first}, ${firstOf(rest)})`;
}

/** The number of the range that a call's time and input choose; 0 for none. */
function rangeSql({ all, ofModel, models }: Ranges, parameters: Parameters): string {
  const lasts = [0, ...[...models.keys()].map((name) => ofModel.get(name)?.at(-1) ?? 0)];
  const base = `arrayElement(${parameters.add(lasts, 'Array(UInt32)')}, sw_price_model + 1)`;
  /** Ranges with the same conditions together: by model, their number. */
  const layers = new Map<string, { from: number | null; above: number | null; places: number[] }>();
  for (const [name, numbers] of ofModel) {
    for (const number of numbers.slice(0, -1)) {
      const { from, above } = all[number - 1] as Ranges['all'][number];
      const layer = layers.get(`${from} ${above}`) ?? { from, above, places: lasts.map(() => 0) };
      layer.places[models.get(name) ?? 0] = number;
      layers.set(`${from} ${above}`, layer);
    }
  }
  const rank = (value: number | null): number => value ?? Number.NEGATIVE_INFINITY;
  const later = (a: number | null, b: number | null): number => (rank(a) === rank(b) ? 0 : rank(b) - rank(a));
  const ordered = [...layers.values()].sort((a, b) => later(a.from, b.from) || later(a.above, b.above));
  const cases = ordered.flatMap(({ from, above, places }) => {
    const own = `arrayElement(${parameters.add(places, 'Array(UInt32)')}, sw_price_model + 1)`;
    const isAt = from === null ? [] : [`${PRICED.at} >= ${from}`];
    const isLarge = above === null ? [] : [`sw_n_input > toDecimal128('${above}', 12)`];
    return [[`${own} > 0`, ...isAt, ...isLarge].join(' AND '), own];
  });
  return cases.length === 0 ? base : `multiIf(${[...cases, base].join(', ')})`;
}

/** Tokens that are part of others cost the difference. */
function amountSql(prices: PriceTable, { all }: Ranges, isWhole: boolean, parameters: Parameters): string {
  const { uses } = prices;
  const textsOf = (key: Key): string[] => all.map((one) => decimalText(one.prices[key]));
  const placesOf = (key: Key): number =>
    textsOf(key).reduce((most, text) => Math.max(most, text.split('.')[1]?.length ?? 0), 0);
  const price = (key: Key): string => {
    const texts = textsOf(key);
    const places = placesOf(key);
    const list = `arrayMap(one -> toDecimal256(one, ${places}), ${parameters.add(texts, 'Array(String)')})`;
    return `arrayElement(${list}, sw_price_range)`;
  };
  const countOf = countSql(isWhole);
  const within = (column: string, most: string): string => `least(${countOf(column)}, ${most})`;
  const cached = uses.includes('cachedInput') ? within('sw_q_cached_tokens', 'sw_n_input') : countOf('NULL');
  const tokens = [
    `sw_n_input * ${price('input')}`,
    `sw_n_output * ${price('output')}`,
    ...(uses.includes('cachedInput') ? [`${cached} * ${price('cachedInput')}`] : []),
    ...(uses.includes('cacheWrite')
      ? [`${within('sw_q_cache_write_tokens', `sw_n_input - ${cached}`)} * ${price('cacheWrite')}`]
      : []),
    ...(uses.includes('reasoning')
      ? [`${within('sw_q_reasoning_tokens', 'sw_n_output')} * ${price('reasoning')}`]
      : []),
  ].join(' + ');
  const whole = uses.includes('batch')
    ? `(${tokens}) * if(ifNull(sw_v_batch, false), ${price('batch')}, toDecimal256('1', ${placesOf('batch')}))`
    : tokens;
  const perCalled = uses.includes('perCall') ? `${whole} + ${price('perCall')}` : whole;
  // Decimals of 256 bits are slow to round: 0.3 µs.
  const isFine = isWhole && placesIn(prices) <= 12;
  return `toDecimal256(${isFine ? perCalled : `round(${perCalled}, 12)`}, 12)`;
}

/** Whether ClickHouse's decimals hold the products of a list without loss. */
export function fitsDecimals(prices: PriceTable): boolean {
  return placesIn(prices) <= MOST_PLACES;
}

/** The most places that a whole number of tokens costs. */
function placesIn({ models }: PriceTable): number {
  const all = [...models.values()].flat();
  const places = (key: Key): number =>
    all.reduce((most, { prices }) => Math.max(most, prices[key].places), 0);
  const tokens = (['input', 'output', ...EXTRAS] as const).filter((key) => key !== 'batch');
  return tokens.reduce((most, key) => Math.max(most, places(key)), 0) + places('batch');
}

/** A count of at least 0; an unknown one is 0. */
function countSql(isWhole: boolean): (column: string) => string {
  const zero = 'toDecimal128(0, 12)';
  return (column) => {
    const count = column === 'NULL' ? zero : `greatest(ifNull(${column}, ${zero}), ${zero})`;
    return isWhole ? `toDecimal128(toInt64(${count}), 0)` : count;
  };
}

/** `*` stands for any text. */
function patternOf(pattern: string): string {
  return `(?s)^${pattern.split('*').map(escaped).join('.*')}$`;
}

/** The longest beginning that consists of prefixes, of which the longest come first. */
function prefixes(strip: readonly string[]): string {
  return `^(?:${strip.map(escaped).join('|')})+`;
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&');
}
