// Names, expressions, conditions and the table as SQL.

import { type Column, DIMENSIONS } from '../model/columns.ts';
import { AppError } from '../model/errors.ts';
import type { Condition, Dimension } from '../model/series.ts';
import type { ColumnSource, Mapping, RowFilter } from './audit-store.ts';

/** A statement and its values. */
export interface Statement {
  readonly text: string;
  readonly values: readonly unknown[];
}

/** Collects the values of a statement. `add` returns the placeholder of a value. */
export class Parameters {
  readonly values: unknown[] = [];

  add(value: unknown): string {
    this.values.push(value);
    return `$${this.values.length}`;
  }
}

/** Quotes a name for SQL, whatever it contains. */
export function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** A name as people write it in SQL: quoted only where necessary. */
export function nameSql(name: string): string {
  return /^[a-z_][a-z0-9_]*$/.test(name) ? name : quoted(name);
}

/** `schema.table` as SQL, every part quoted. */
export function tableSql(table: string): string {
  return table.split('.').map(quoted).join('.');
}

/** A column by its quoted name, or an expression (trusted, the operator's own) in parentheses. */
export function sourceSql(source: ColumnSource, nameOf = quoted): string {
  // The line break ends a trailing comment in an expression.
  return typeof source === 'string' ? nameOf(source) : `(${source.sql}\n)`;
}

/** The column's expression, or `absent` where the table has none. */
export function columnSql(mapping: Mapping, column: Column, absent: string): string {
  const source = mapping.columns[column];
  return source === undefined ? absent : sourceSql(source);
}

/** A dimension's value as text. */
export function dimensionSql(mapping: Mapping, dimension: Dimension): string {
  const known = dimensionSqlOf(mapping, dimension);
  if (known === null) {
    throw new AppError('dimension_unknown', `The audit store has no dimension "${dimension}".`, {
      hint: 'Map it under audit.columns or declare it under audit.dimensions.',
    });
  }
  return known;
}

/** What single calls are asked for as text. Rules do not group by `batch`, but the prices of a call depend on it. */
const READ_AS_TEXT: readonly Column[] = [...DIMENSIONS, 'batch'];

/** The same, but null where the mapping has none. */
export function dimensionSqlOf(mapping: Mapping, dimension: Dimension): string | null {
  const canonical = READ_AS_TEXT.find((column) => column === dimension);
  const source = mapping.dimensions[dimension] ?? (canonical && mapping.columns[canonical]);
  return source === undefined ? null : `${sourceSql(source)}::text`;
}

/** A condition on a dimension. A `not` list keeps NULL unless it names null. */
export function conditionSql(expression: string, condition: Condition, parameters: Parameters): string {
  const list = 'in' in condition ? condition.in : condition.notIn;
  const texts = list.filter((value) => value !== null);
  const namesNull = texts.length < list.length;
  const array = `${parameters.add(texts)}::text[]`;
  if ('in' in condition) {
    const isOne = `${expression} = ANY(${array})`;
    return namesNull ? `(${isOne} OR ${expression} IS NULL)` : `(${isOne})`;
  }
  const isNone = `${expression} <> ALL(${array})`;
  return namesNull ? `(${expression} IS NOT NULL AND ${isNone})` : `(${expression} IS NULL OR ${isNone})`;
}

/** The conditions for the rows that are read; none where all are. Engines differ in how a text and a name are written. */
export function rowFilterSql(
  { where = [] }: Pick<Mapping, 'where'>,
  literalOf: (text: string, column: string) => string = literal,
  nameOf: (column: string) => string = quoted,
): string[] {
  return where.map((one) => ('sql' in one ? sourceSql(one) : valuesSql(one, literalOf, nameOf)));
}

/** The mapping for questions about the table itself, such as which ids it has, or whether an expression is one value. */
export function unfiltered(mapping: Mapping): Mapping {
  const { where, ...rest } = mapping;
  return rest;
}

/**
 * Literals take the type of the column, so that its index serves. They stand in the text, because a parameter for every
 * column would need its type. As in rules, a `not` list keeps NULL unless it names null.
 */
function valuesSql(
  { column, values }: Extract<RowFilter, { column: string }>,
  literalOf: (text: string, column: string) => string,
  nameOf: (column: string) => string,
): string {
  const name = nameOf(column);
  const isIn = 'in' in values;
  const list = isIn ? values.in : values.notIn;
  const literals = list.flatMap((one) => (one === null ? [] : [literalOf(one, column)])).join(', ');
  const namesNull = list.includes(null);
  if (isIn) {
    const isOne = literals === '' ? [] : [`${name} IN (${literals})`];
    return `(${[...isOne, ...(namesNull ? [`${name} IS NULL`] : [])].join(' OR ')})`;
  }
  const isNone = literals === '' ? [] : [`${name} NOT IN (${literals})`];
  return namesNull
    ? `(${[`${name} IS NOT NULL`, ...isNone].join(' AND ')})`
    : `(${[`${name} IS NULL`, ...isNone].join(' OR ')})`;
}

/** A text as a literal, whatever it contains. */
export function literal(text: string): string {
  const escaped = text.replaceAll("'", "''");
  return text.includes('\\') ? `E'${escaped.replaceAll('\\', '\\\\')}'` : `'${escaped}'`;
}

/**
 * `SELECT … FROM table`, of the rows that the mapping's filter leaves, with NULL for columns that an older table lacks: a name that the table does not have resolves to
 * the outer select.
 */
export function fromTableSql(
  mapping: Mapping,
  columns: readonly string[],
  conditions: readonly string[],
  relation: string | null = null,
): string {
  const inner = `SELECT ${columns.join(', ')} FROM ${tableSql(mapping.table)} WHERE ${[...conditions, ...rowFilterSql(mapping)].join(' AND ') || 'true'}`;
  const absent = Object.entries(mapping.optional ?? {}).map(([name, type]) => `NULL::${type} AS "${name}"`);
  const outer = [
    ...(relation === null ? [] : [relation]),
    ...(absent.length === 0 ? [] : [`(SELECT ${absent.join(', ')}) AS absent`]),
  ];
  if (outer.length === 0) return inner;
  // OFFSET 0 keeps the planner from pulling up the sub-select: with many spans it would compare every row with each of them
  // (12 s) instead of looking each span up in the index (0.1 s; 121 spans, a million rows).
  const kept = relation === null ? inner : `${inner} OFFSET 0`;
  return `SELECT found.* FROM ${outer.join(' CROSS JOIN ')} CROSS JOIN LATERAL (${kept}) AS found`;
}
