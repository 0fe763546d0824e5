// Names, filters and values in ClickHouse's SQL.

import type { ColumnSource, Mapping } from '../audit-store.ts';

/** A statement and its values, which ClickHouse reads by the types that the text names. */
export interface Statement {
  readonly text: string;
  readonly values: Readonly<Record<string, unknown>>;
}

/** A value longer than 128 KiB is refused by the server. */
const MOST_LENGTH = 60_000;

/** Collects the values of a statement. `add` returns the placeholder of a value, or of the parts of a long list. */
export class Parameters {
  readonly values: Record<string, unknown> = {};

  add(value: unknown, type: string): string {
    if (Array.isArray(value) && value.length > 1 && JSON.stringify(value).length > MOST_LENGTH) {
      const middle = value.length >> 1;
      return `arrayConcat(${this.add(value.slice(0, middle), type)}, ${this.add(value.slice(middle), type)})`;
    }
    const name = `p${Object.keys(this.values).length}`;
    this.values[name] = value;
    return `{${name}:${type}}`;
  }
}

/** Quotes a name, whatever it contains: a backslash is special here. */
export function quoted(name: string): string {
  return `\`${name.replace(/[\\`]/g, '\\$&')}\``;
}

/** `table` or `database.table` as SQL. */
export function tableSql(table: string): string {
  return table.split('.').map(quoted).join('.');
}

/** A column by its quoted name, or an expression (trusted, the operator's own) in parentheses. */
export function sourceSql(source: ColumnSource): string {
  // The line break ends a trailing comment in an expression.
  return typeof source === 'string' ? quoted(source) : `(${source.sql}\n)`;
}

/** A text as a literal, whatever it contains. */
export function literal(text: string): string {
  return `'${text.replace(/[\\']/g, '\\$&').replaceAll('\0', '\\0')}'`;
}

/** The conditions for the rows that are read; none where all are. A `not` list keeps NULL unless it names null. */
export function filterSql({ where = [] }: Pick<Mapping, 'where'>): string[] {
  return where.map((one) => {
    if ('sql' in one) return sourceSql(one);
    const name = quoted(one.column);
    const isIn = 'in' in one.values;
    const list = 'in' in one.values ? one.values.in : one.values.notIn;
    // Literals take the type of the column.
    const literals = list.flatMap((value) => (value === null ? [] : [literal(value)]));
    const compared = literals.map((value) => `${name} ${isIn ? '=' : '!='} ${value}`);
    const isNull = `${name} IS ${isIn === list.includes(null) ? '' : 'NOT '}NULL`;
    if (isIn) return `(${[...compared, ...(list.includes(null) ? [isNull] : [])].join(' OR ')})`;
    const none = compared.length === 0 ? [] : [compared.join(' AND ')];
    return list.includes(null)
      ? `(${[isNull, ...none].join(' AND ')})`
      : `(${[isNull, ...none].join(' OR ')})`;
  });
}
