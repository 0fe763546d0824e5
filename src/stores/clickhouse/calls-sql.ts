// The calls that statements of ClickHouse group and sum, over the rows of the table.

import type { PriceTable } from '../../model/call-prices.ts';
import { type Column, describeColumn, isColumn } from '../../model/columns.ts';
import { isByMinute, isSketch, type Measure, originOf } from '../../model/measure.ts';
import { columnsOf, REPEATED_DIMENSIONS } from '../../model/measure-columns.ts';
import type { Condition, Dimension, Where } from '../../model/series.ts';
import type { Window } from '../../model/window.ts';
import { binSql, costSql, FAILED, ownColumn, REPEATED } from './measures-sql.ts';
import { filterSql, type Parameters } from './names.ts';
import { withListCost } from './prices-sql.ts';
import { millisecondsSql, withinSql } from './row-time.ts';
import { fromSql, type Table } from './table.ts';
import { booleanSql, decimalSql, errorSql, statusSql, textSql } from './values-sql.ts';

/** What is asked of calls. */
export interface CallsAsked {
  readonly dimensions: readonly Dimension[];
  readonly measures: readonly Measure[];
  readonly where: Where;
  readonly ranges: readonly Window[];
}

/**
 * Selects a line for each call: `at` in ms, `d0…` the dimensions, `b0…` the bins of the sketches among the measures, and the
 * columns of which their sums are made. The innermost select alone knows the table, so that an expression means what it would mean there.
 */
export function callsSql(
  { dimensions, measures, where, ranges }: CallsAsked,
  table: Table,
  prices: PriceTable | null,
  parameters: Parameters,
): string {
  const needs = needsOf(measures, table.mapping.priced ?? []);
  const hasRepeats = measures.some(isByMinute);
  const sources = openSources(table);
  const conditions = Object.entries(where).map(([name, condition]) => ({
    isOfRows: !hasRepeats || REPEATED_DIMENSIONS.some((one) => one === name),
    sql: conditionSql(textSql(sources.aliasOf(name)), condition, parameters),
  }));
  const columns = [
    `assumeNotNull(${millisecondsSql(sources.aliasOf('time'), table.stored)}) AS at`,
    ...dimensions.map((name, i) => `${textSql(sources.aliasOf(name))} AS d${i}`),
    ...columnsSql(needs, measures, table, sources),
    ...conditions.map(({ sql }, i) => `${sql} AS k${i}`),
  ];
  const within = ranges.map((range) => withinSql(table.mapping, table.stored, range, parameters));
  const rows = fromSql(table, sources.selected(), [
    ...(within.length === 0 ? [] : [`(${within.join(' OR ')})`]),
    ...filterSql(table.mapping),
  ]);
  const ofRows = conditions.flatMap(({ isOfRows }, i) => (isOfRows ? [`k${i}`] : []));
  const ofCalls = conditions.flatMap(({ isOfRows }, i) => (isOfRows ? [] : [`k${i}`]));
  let calls = `SELECT ${columns.join(', ')} FROM (${rows})${ofRows.length === 0 ? '' : ` WHERE ${ofRows.join(' AND ')}`}`;
  if (needs.hasCost) {
    calls = withListCost(calls, prices, parameters);
    calls = `SELECT *, ${costSql(prices?.uses.includes('perCall') === true)} AS cost FROM (${calls})`;
  }
  const derived = [
    ...(needs.columns.has('status') ? [`${FAILED} AS failed`] : []),
    ...(hasRepeats ? [`${REPEATED} AS repeated`] : []),
    ...measures.filter(isSketch).map((sketch, i) => `${binSql(sketch, sources.doubleOf)} AS b${i}`),
  ];
  if (derived.length > 0) calls = `SELECT *, ${derived.join(', ')} FROM (${calls})`;
  return ofCalls.length === 0 ? calls : `SELECT * FROM (${calls}) WHERE ${ofCalls.join(' AND ')}`;
}

interface Needs {
  readonly columns: ReadonlySet<Column>;
  readonly own: readonly string[];
  readonly hasCost: boolean;
}

function needsOf(measures: readonly Measure[], priced: readonly Column[]): Needs {
  const columns = new Set(measures.flatMap((measure) => columnsOf(measure, priced)));
  const own = measures.flatMap((measure) => {
    const origin = originOf(measure);
    return origin?.of === 'own' ? [origin.name] : [];
  });
  return { columns, own: [...new Set(own)], hasCost: columns.has('cost') };
}

/** The sources of the table that a statement reads: each once, under a name that no table has. */
interface Sources {
  /** The alias of a source by its canonical name. */
  aliasOf(name: string): string;
  /** The alias of a column of calls as a double. */
  doubleOf(column: string): string;
  selected(): string[];
}

function openSources(table: Table): Sources {
  const aliases = new Map<string, string>();
  const aliasOf = (name: string): string => {
    const known = aliases.get(name);
    if (known !== undefined) return known;
    const alias = `spendwatch_${aliases.size}`;
    aliases.set(name, alias);
    return alias;
  };
  return {
    aliasOf,
    doubleOf: (column) => `toFloat64(${column})`,
    selected: () => [...aliases].map(([name, alias]) => `${table.sourceOf(name)} AS ${alias}`),
  };
}

/** The columns of a call by the kind of value: c_ is text, q_ a quantity, v_ another value. */
function columnsSql(
  { columns, own }: Needs,
  measures: readonly Measure[],
  table: Table,
  sources: Sources,
): string[] {
  const asText = new Set<Column>(measures.some(isByMinute) ? [...REPEATED_DIMENSIONS, 'request_id'] : []);
  if (columns.has('cost')) asText.add('model');
  const found: string[] = [];
  for (const name of new Set<Column>([...columns, ...asText])) {
    const value = sources.aliasOf(name);
    const type = table.typeOf(name);
    const { kind } = describeColumn(name);
    if (kind === 'money') {
      found.push(
        `${value} IS NOT NULL AS recorded`,
        `${decimalSql(value, type, 'cost', name)} AS cost_recorded`,
      );
    } else if (kind === 'tokens' || kind === 'ms') {
      found.push(`${decimalSql(value, type, 'quantity', name)} AS q_${name}`);
    } else if (kind === 'status') found.push(`${statusSql(value, type, name)} AS v_status`);
    else if (kind === 'boolean') found.push(`${booleanSql(value, type, name)} AS v_${name}`);
    else if (name === 'error') found.push(`${errorSql(value)} AS v_error`);
    else if (kind === 'id') found.push(`${value} AS c_${name}`);
    else if (name !== 'time') found.push(`${textSql(value)} AS c_${name}`);
  }
  for (const name of own) {
    const source = `measures.${name}`;
    found.push(
      `${decimalSql(sources.aliasOf(source), table.typeOf(source), 'quantity', `audit.measures.${name}`)} AS ${ownColumn(name)}`,
    );
  }
  return found;
}

/** Whether a text is one of a list, or none of it; a `not` list keeps NULL unless it names null. */
function conditionSql(text: string, condition: Condition, parameters: Parameters): string {
  const list = 'in' in condition ? condition.in : condition.notIn;
  const texts = parameters.add(
    list.filter((one) => one !== null),
    'Array(String)',
  );
  const isListed = `if(${text} IS NULL, ${list.includes(null) ? 1 : 0}, has(${texts}, ifNull(${text}, '')))`;
  return 'in' in condition ? isListed : `NOT ${isListed}`;
}

/** Whether a name is of a column, for those who choose how to read it. */
export function kindOf(name: string): ReturnType<typeof describeColumn>['kind'] {
  return isColumn(name) ? describeColumn(name).kind : 'dimension';
}
