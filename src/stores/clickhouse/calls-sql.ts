// The calls that statements of ClickHouse group and sum, over the rows of the table.

import type { PriceTable } from '../../model/call-prices.ts';
import { type Column, describeColumn, isColumn } from '../../model/columns.ts';
import { isByMinute, isSketch, type Measure, originOf } from '../../model/measure.ts';
import { columnsOf, REPEATED_DIMENSIONS } from '../../model/measure-columns.ts';
import type { Condition, Dimension, Where } from '../../model/series.ts';
import type { Window } from '../../model/window.ts';
import { binSql, costSql, FAILED, ownColumn, REPEATED } from './measures-sql.ts';
import { filterSql, type Parameters } from './names.ts';
import { listCostLayers } from './prices-sql.ts';
import { millisecondsSql, withinSql } from './row-time.ts';
import { fromSql, type Table } from './table.ts';
import { booleanSql, decimalSql, errorSql, statusSql, textSql, unreadableSql } from './values-sql.ts';

/** What is asked of calls. */
export interface CallsAsked {
  readonly dimensions: readonly Dimension[];
  readonly measures: readonly Measure[];
  readonly where: Where;
  readonly ranges: readonly Window[];
}

/**
 * The calls of some rows: `sw_at` in ms, `sw_d0…` the dimensions, `sw_b0…` the bins of the sketches among the measures, and the columns
 * of which their sums are made. All names begin with sw_, which those of tables do not.
 */
export interface Calls {
  /** Selects columns of each call, or of groups of calls. */
  select(columns: readonly string[], groups?: string): string;
}

/**
 * Of a table of this server, the innermost of several statements alone knows the table: each layer is computed once. Shards group only
 * what is one statement, so that of a Distributed table the layers are expressions.
 */
export function callsOf(
  { dimensions, measures, where, ranges }: CallsAsked,
  table: Table,
  prices: PriceTable | null,
  parameters: Parameters,
): Calls {
  const needs = needsOf(measures, table.mapping.priced ?? []);
  const hasRepeats = measures.some(isByMinute);
  const sources = openSources(table);
  const conditions = Object.entries(where).map(([name, condition], i) => ({
    name: `sw_k${i}`,
    isOfRows: !hasRepeats || REPEATED_DIMENSIONS.some((one) => one === name),
    sql: conditionSql(textSql(sources.aliasOf(name)), condition, parameters),
  }));
  const read = [
    `assumeNotNull(${millisecondsSql(sources.aliasOf('time'), table.stored)}) AS sw_at`,
    ...dimensions.map((name, i) => `${textSql(sources.aliasOf(name))} AS sw_d${i}`),
    ...columnsSql(needs, measures, table, sources),
    ...conditions.map(({ name, sql }) => `${sql} AS ${name}`),
  ];
  const cost = `${costSql(prices?.uses.includes('perCall') === true)} AS sw_cost`;
  const bins = measures.filter(isSketch).map((sketch, i) => `${binSql(sketch, doubleSql)} AS sw_b${i}`);
  const layers = [
    ...(needs.hasCost
      ? [...listCostLayers(prices, countsAreWhole(needs.columns, table), parameters), [cost]]
      : []),
    [...(needs.columns.has('status') ? [`${FAILED} AS sw_failed`] : []), ...bins],
  ];
  const within = ranges.map((range) => withinSql(table.mapping, table.stored, range, parameters));
  const rows = [...(within.length === 0 ? [] : [`(${within.join(' OR ')})`]), ...filterSql(table.mapping)];
  const [ofRows, ofCalls] = [true, false].map((isOfRows) =>
    conditions.filter((one) => one.isOfRows === isOfRows).map(({ name }) => name),
  ) as [string[], string[]];
  if (table.isDistributed && !hasRepeats) {
    const all = [...sources.selected(), ...read, ...layers.flat()];
    return {
      select: (columns, groups = '') =>
        `WITH ${all.join(', ')} ${fromSql(table, columns, [...rows, ...ofRows])} ${groups}`,
    };
  }
  const whereSql = (names: readonly string[]): string =>
    names.length === 0 ? '' : ` WHERE ${names.join(' AND ')}`;
  let calls = `SELECT ${read.join(', ')} FROM (${fromSql(table, sources.selected(), rows)})${whereSql(ofRows)}`;
  for (const layer of [...layers, ...(hasRepeats ? [[`${REPEATED} AS sw_repeated`]] : [])])
    if (layer.length > 0) calls = `SELECT *, ${layer.join(', ')} FROM (${calls})`;
  return {
    select: (columns, groups = '') =>
      `SELECT ${columns.join(', ')} FROM (${calls})${whereSql(ofCalls)} ${groups}`,
  };
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

function countsAreWhole(columns: ReadonlySet<Column>, table: Table): boolean {
  return [...columns]
    .filter((name) => describeColumn(name).kind === 'tokens')
    .every((name) => ['integer', 'null'].includes(table.typeOf(name).kind));
}

/** The sources of the table that a statement reads: each once, under a name that no table has. */
interface Sources {
  /** The alias of a source by its canonical name. */
  aliasOf(name: string): string;
  selected(): string[];
}

function openSources(table: Table): Sources {
  const aliases = new Map<string, string>();
  const aliasOf = (name: string): string => {
    const known = aliases.get(name);
    if (known !== undefined) return known;
    const alias = `sw_${aliases.size}`;
    aliases.set(name, alias);
    return alias;
  };
  return {
    aliasOf,
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
        `${value} IS NOT NULL AS sw_recorded`,
        `${decimalSql(value, type, 'cost', name)} AS sw_cost_recorded`,
      );
      if (measures.includes('unreadable')) found.push(`${unreadableSql(value, type)} AS sw_unreadable`);
    } else if (kind === 'tokens' || kind === 'ms') {
      found.push(`${decimalSql(value, type, 'quantity', name)} AS sw_q_${name}`);
    } else if (kind === 'status') found.push(`${statusSql(value, type, name)} AS sw_v_status`);
    else if (kind === 'boolean') found.push(`${booleanSql(value, type, name)} AS sw_v_${name}`);
    else if (name === 'error') found.push(`${errorSql(value)} AS sw_v_error`);
    else if (kind === 'id') found.push(`${value} AS sw_c_${name}`);
    else if (name !== 'time') found.push(`${textSql(value)} AS sw_c_${name}`);
  }
  for (const name of own) {
    const source = `measures.${name}`;
    found.push(
      `${decimalSql(sources.aliasOf(source), table.typeOf(source), 'quantity', `audit.measures.${name}`)} AS ${ownColumn(name)}`,
    );
  }
  return found;
}

function doubleSql(column: string): string {
  return `toFloat64(${column})`;
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
