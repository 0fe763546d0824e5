// Names, texts and conditions as SQL of MySQL. Every session has the same sql_mode, so one spelling is right.

import { type Column, isColumn } from '../../model/columns.ts';
import type { ColumnSource, Mapping } from '../audit-store.ts';
import { sourceSql } from '../source-sql.ts';
import { measureNamed } from '../sources.ts';

interface TableColumn {
  readonly name: string;
  /** As in information_schema, such as `datetime`. */
  readonly type: string;
  readonly isText: boolean;
}

/** By the name in lower case: MySQL does not distinguish letter case here. */
export type TableColumns = ReadonlyMap<string, TableColumn>;

/** Quotes a name, whatever it contains. */
export function quoted(name: string): string {
  return `\`${name.replaceAll('`', '``')}\``;
}

/** `table` or `database.table`, every part quoted. */
export function tableSql(table: string): string {
  return table.split('.').map(quoted).join('.');
}

/** A text as a literal: the session takes a backslash for an escape. */
export function literal(text: string): string {
  return `'${text.replace(/[\\']/g, (one) => one + one)}'`;
}

/** A column or an expression. */
export function expressionSql(source: ColumnSource): string {
  return sourceSql(source, quoted);
}

/** The time or the insert id of a row. */
export function columnSql({ columns }: Mapping, column: Column): string {
  return expressionSql(columns[column] ?? { sql: 'NULL' });
}

/** `FROM table`, with NULL for columns that an older table lacks. */
export function fromSql({ table, optional = {} }: Mapping, columns: TableColumns): string {
  const absent = Object.keys(optional).filter((column) => !columns.has(column.toLowerCase()));
  if (absent.length === 0) return `FROM ${tableSql(table)}`;
  return `FROM ${tableSql(table)} CROSS JOIN (SELECT ${absent.map((column) => `NULL AS ${quoted(column)}`).join(', ')}) AS absent`;
}

/** What a canonical name stands for; NULL where the mapping lacks it. */
export function valueSql(name: string, mapping: Mapping, columns: TableColumns): string {
  const source = sourceNamed(name, mapping);
  if (source === undefined) return 'NULL';
  if (typeof source !== 'string') return expressionSql(source);
  const type = columns.get(source.toLowerCase())?.type ?? '';
  // The driver gives bits as bytes, and shapes as objects.
  if (type === 'bit') return `(${quoted(source)} + 0)`;
  return GEOMETRY.test(type) ? `ST_AsText(${quoted(source)})` : quoted(source);
}

/** `geometry`, `point`, `multipolygon`, `geomcollection` and the like. */
const GEOMETRY = /^(geom|(multi)?(point|linestring|polygon)$)/;

/** The column or expression of a canonical name. */
export function sourceNamed(
  name: string,
  { columns, dimensions, measures = {} }: Mapping,
): ColumnSource | undefined {
  const measure = measureNamed(name);
  if (measure !== null) return measures[measure];
  return dimensions[name] ?? (isColumn(name) ? columns[name] : undefined);
}
