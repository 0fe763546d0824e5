// What a row says of its call: its exact cost, its counts, and whether it failed.

import type { PriceTable } from '../../model/call-prices.ts';
import type { Column } from '../../model/columns.ts';
import { listCost } from '../../model/list-cost.ts';
import { isByMinute, type Measure, originOf } from '../../model/measure.ts';
import { columnsOf } from '../../model/measure-columns.ts';
import type { Fixed } from '../../model/money.ts';
import type { Dimension } from '../../model/series.ts';
import { booleanIn, costIn, errorIn, quantityIn, statusIn, textIn } from './numbers.ts';
import type { Row, RowValue } from './row-source.ts';

/** A call as measures see it. Null is not known; what no measure of the question needs is null or false too. */
export interface CallFacts {
  /** ms */
  readonly at: number;
  /** The exact cost: recorded, or by the price list. */
  readonly cost: Fixed | null;
  /** Whether the row records a cost. */
  readonly isRecorded: boolean;
  /** What the call costs by the price list, whatever was recorded. */
  readonly listCost: Fixed | null;
  readonly status: number | null;
  readonly error: string | null;
  readonly hasFailed: boolean;
  isRepeated: boolean;
  /** A value of the row by its canonical name. */
  value(name: string): RowValue;
  /** A value of the row as a plausible number. */
  quantity(name: string): Fixed | null;
}

/** The canonical names that a question needs, and how a row of their values is understood. */
export interface FactsOf {
  readonly names: readonly string[];
  readonly hasRepeats: boolean;
  facts(row: Row): CallFacts;
}

/** Prepares to read the rows of a question. `priced` are the columns on which prices depend, as in a Mapping. */
export function factsFor(
  measures: readonly Measure[],
  dimensions: readonly Dimension[],
  priced: readonly Column[],
  prices: PriceTable | null,
): FactsOf {
  const columns = new Set(measures.flatMap((measure) => columnsOf(measure, priced)));
  const own = measures.flatMap((measure) => {
    const origin = originOf(measure);
    return origin?.of === 'own' ? [ownName(origin.name)] : [];
  });
  columns.delete('time');
  const names = [...new Set<string>([...columns, ...dimensions, ...own])];
  const places = new Map(names.map((name, place) => [name, place]));
  const needs = { cost: columns.has('cost'), status: columns.has('status') };
  const hasPerCall = prices?.uses.includes('perCall') === true;
  return {
    names,
    hasRepeats: measures.some(isByMinute),
    facts({ at, values }) {
      const value = (name: string): RowValue => values[places.get(name) ?? -1] ?? null;
      const read = new Array<Fixed | null | undefined>(values.length);
      /** Several measures are made of one number. */
      const quantity = (name: string): Fixed | null => {
        const place = places.get(name);
        if (place === undefined) return null;
        read[place] ??= quantityIn(values[place] ?? null);
        return read[place];
      };
      const recorded = needs.cost ? value('cost') : null;
      const listed =
        needs.cost || measures.some(isListCost) ? listedCost(at, { value, quantity }, prices) : null;
      const status = needs.status ? statusIn(value('status')) : null;
      const error = needs.status ? errorIn(value('error')) : null;
      return {
        at,
        cost: needs.cost ? costOf(recorded, listed, quantity, hasPerCall) : null,
        isRecorded: recorded !== null,
        listCost: listed,
        status,
        error,
        hasFailed: status === null ? error !== null : status < 200 || status > 399,
        isRepeated: false,
        value,
        quantity,
      };
    },
  };
}

/** The canonical name of what the file measures under a name of its own: no column or dimension has a dot. */
export function ownName(name: string): string {
  return `measures.${name}`;
}

function isListCost(measure: Measure): boolean {
  return originOf(measure)?.of === 'list_cost';
}

function listedCost(
  at: number,
  { value, quantity }: Pick<CallFacts, 'value' | 'quantity'>,
  prices: PriceTable | null,
): Fixed | null {
  if (prices === null) return null;
  return listCost(
    {
      model: textIn(value('model')),
      at,
      input: quantity('input_tokens'),
      output: quantity('output_tokens'),
      cached: quantity('cached_tokens'),
      cacheWrite: quantity('cache_write_tokens'),
      reasoning: quantity('reasoning_tokens'),
      batch: booleanIn(value('batch')),
    },
    prices,
  );
}

/** A call without tokens costs what the list says of calls. */
function costOf(
  recorded: RowValue,
  listed: Fixed | null,
  quantity: (name: string) => Fixed | null,
  hasPerCall: boolean,
): Fixed | null {
  if (recorded !== null) return costIn(recorded);
  const hasTokens = (['input_tokens', 'output_tokens'] as const).some((name) => (quantity(name) ?? 0n) > 0n);
  if (hasTokens) return listed;
  return hasPerCall ? (listed ?? 0n) : 0n;
}
