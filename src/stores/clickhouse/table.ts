// The table as it is now: the types of what is read of it, how it stores time, and whether newer rows replace older ones.

import { isColumn } from '../../model/columns.ts';
import { AppError, isRefusal } from '../../model/errors.ts';
import type { ColumnSource, Mapping } from '../audit-store.ts';
import { noColumn } from '../missing-table.ts';
import { sourcesOf } from '../sources.ts';
import type { Connection } from './connection.ts';
import { literal, sourceSql, tableSql } from './names.ts';
import { type StoredTime, storedTime } from './row-time.ts';
import { type ValueType, valueType } from './types.ts';

export interface Table {
  readonly mapping: Mapping;
  readonly stored: StoredTime;
  /** Whether rows are read as `FINAL` reads them. */
  readonly isFinal: boolean;
  /** Whether shards of a cluster have the rows. */
  readonly isDistributed: boolean;
  /** Whether rows can be found by their insert id without reading all of them. */
  readonly hasIdOrder: boolean;
  /** A source by its canonical name; NULL where the mapping or the table has none. Throws what makes it unreadable. */
  sourceOf(name: string): string;
  typeOf(name: string): ValueType;
}

/** `SELECT … FROM table`. */
export function fromSql(
  { mapping, isFinal }: Table,
  columns: readonly string[],
  conditions: readonly string[],
): string {
  return `SELECT ${columns.join(', ')} FROM ${tableSql(mapping.table)}${isFinal ? ' FINAL' : ''} WHERE ${conditions.join(' AND ') || '1'}`;
}

/** Engines whose rows replace, cancel or complete others when parts are merged. */
const MERGING = /(Replacing|Collapsing|Coalescing|Summing|Aggregating)MergeTree/;

/** Reads what may change at any time: it takes some milliseconds, and no rows are read. */
export async function readTable(mapping: Mapping, connection: Connection): Promise<Table> {
  const known = await sourceTypes(mapping, connection);
  const find = (name: string): Known | null => {
    const found = known.get(name) ?? null;
    if (found instanceof AppError) throw found;
    return found;
  };
  const time = find('time');
  const { isFinal, isDistributed, hasIdOrder } = await engineOf(mapping, connection);
  return {
    mapping,
    stored: storedTime(mapping, time?.type ?? { kind: 'null' }),
    isFinal,
    isDistributed,
    hasIdOrder: hasIdOrder && find('id')?.type.kind === 'integer',
    sourceOf: (name) => find(name)?.sql ?? 'NULL',
    typeOf: (name) => find(name)?.type ?? { kind: 'null' },
  };
}

interface Known {
  readonly sql: string;
  readonly type: ValueType;
}

/** The type of each source, or why it has none. */
async function sourceTypes(mapping: Mapping, connection: Connection): Promise<Map<string, Known | AppError>> {
  const columns = await columnsOf(mapping.table, connection);
  const { optional = {} } = mapping;
  const isAbsent = (source: ColumnSource): boolean =>
    typeof source === 'string' && optional[source] !== undefined && !columns.has(source);
  const sources = sourcesOf({ ...mapping, where: [] }).filter(({ source }) => !isAbsent(source));
  const found = new Map<string, Known | AppError>();
  const asked: { readonly name: string; readonly sql: string; readonly key: string }[] = [];
  for (const { name, key, source } of sources) {
    const sql = sourceSql(source);
    if (typeof source !== 'string') asked.push({ name, sql, key });
    else if (columns.has(source)) found.set(name, { sql, type: valueType(columns.get(source) as string) });
    else found.set(name, missing(mapping.table, source, name, columns));
  }
  const describe = async (some: typeof asked): Promise<void> => {
    for (const [i, type] of (
      await typesOf(
        some.map(({ sql }) => sql),
        mapping.table,
        connection,
      )
    ).entries())
      found.set(some[i]?.name ?? '', { sql: some[i]?.sql ?? '', type: valueType(type) });
  };
  try {
    if (asked.length > 0) await describe(asked);
  } catch (error) {
    if (!isRefusal(error)) throw error;
    for (const one of asked) {
      await describe([one]).catch((fault: unknown) => {
        if (!isRefusal(fault)) throw fault;
        found.set(one.name, new AppError(fault.code, `${one.key}: ${fault.message}`, { hint: fault.hint }));
      });
    }
  }
  return found;
}

function missing(
  table: string,
  column: string,
  name: string,
  columns: ReadonlyMap<string, string>,
): AppError {
  const own = isColumn(name) ? name : name.replace(/^measures\./, '');
  return new AppError('store_column_missing', noColumn(table, column, own), {
    hint: `The table has: ${[...columns.keys()].join(', ')}.`,
  });
}

/**
 * The columns of a table that the login may read, and their types: DESCRIBE would need a right on all of them. Throws
 * `store_table_missing`.
 */
export async function columnsOf(table: string, connection: Connection): Promise<ReadonlyMap<string, string>> {
  const { name, within } = placeOf(table);
  const found = await connection.query(
    `SELECT name, type FROM system.columns WHERE ${within} AND table = ${literal(name)} ORDER BY position`,
  );
  const isSeen = (found[0]?.length ?? 0) > 0;
  // Says why there is nothing to see.
  const [names = [], types = []] = isSeen
    ? found
    : await connection.query(`DESCRIBE TABLE ${tableSql(table)}`);
  return new Map(names.map((column, i) => [String(column), String(types[i])]));
}

/** A table's name, and the condition for its database in the catalog. */
function placeOf(table: string): { readonly name: string; readonly within: string } {
  const [name = '', database] = table.split('.').reverse();
  return { name, within: `database = ${database === undefined ? 'currentDatabase()' : literal(database)}` };
}

async function typesOf(sources: readonly string[], table: string, connection: Connection): Promise<string[]> {
  const columns = sources.map((sql, i) => `${sql} AS sw_${i}`);
  const [, types = []] = await connection.query(
    `DESCRIBE (SELECT ${columns.join(', ')} FROM ${tableSql(table)})`,
  );
  return types.map(String);
}

/** A login that may not read the catalog sees nothing here; then a probe tells whether FINAL is possible. */
async function engineOf(
  { table, columns }: Mapping,
  connection: Connection,
): Promise<Pick<Table, 'isFinal' | 'isDistributed' | 'hasIdOrder'>> {
  const { name, within } = placeOf(table);
  const catalog = async (text: string) =>
    connection.query(text).catch((error: unknown) => {
      if (!isRefusal(error)) throw error;
      return [];
    });
  const [engines = [], orders = []] = await catalog(
    `SELECT engine, sorting_key FROM system.tables WHERE ${within} AND name = ${literal(name)}`,
  );
  const engine = engines[0] === undefined ? null : String(engines[0]);
  const id = columns.id;
  let hasIdOrder = false;
  if (typeof id === 'string') {
    const [indexes = []] = await catalog(
      `SELECT expr FROM system.data_skipping_indices WHERE ${within} AND table = ${literal(name)} AND type = 'minmax'`,
    );
    hasIdOrder = String(orders[0] ?? '').split(', ')[0] === id || indexes.includes(id);
  }
  const isDistributed = engine === 'Distributed';
  const isKnown = engine !== null && !isDistributed;
  const isFinal = isKnown ? MERGING.test(engine) : await takesFinal(table, connection);
  return { isFinal, isDistributed, hasIdOrder };
}

/** Tables that do not merge rows refuse FINAL. */
async function takesFinal(table: string, connection: Connection): Promise<boolean> {
  try {
    await connection.query(`SELECT 1 FROM ${tableSql(table)} FINAL LIMIT 0`);
    return true;
  } catch (error) {
    if (!isRefusal(error)) throw error;
    return false;
  }
}
