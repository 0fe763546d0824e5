// The conditions for the rows that are read.

import { AppError } from '../../model/errors.ts';
import type { Mapping } from '../audit-store.ts';
import { rowFilterSql } from '../source-sql.ts';
import { literal, quoted, type TableColumns } from './names.ts';

const NUMBERS = [
  ...['tinyint', 'smallint', 'mediumint', 'int', 'bigint'],
  ...['decimal', 'float', 'double', 'bit', 'year'],
];
const NUMBER = /^[+-]?\d+(\.\d+)?(e[+-]?\d+)?$/i;

/** Texts are compared byte by byte: most collations ignore letter case. Throws for a text as the value of a number. */
export function filterSql(mapping: Mapping, columns: TableColumns): string[] {
  const typeOf = (column: string): string => columns.get(column.toLowerCase())?.type ?? '';
  return rowFilterSql(
    mapping,
    (text, column) =>
      NUMBERS.includes(typeOf(column)) ? number(text, column, typeOf(column)) : literal(text),
    (column) =>
      columns.get(column.toLowerCase())?.isText === true
        ? `CAST(CONVERT(${quoted(column)} USING utf8mb4) AS BINARY)`
        : quoted(column),
  );
}

/** MySQL would take a word for 0, and `true` too. */
function number(text: string, column: string, type: string): string {
  if (/^(true|false)$/i.test(text)) return /^t/i.test(text) ? '1' : '0';
  if (NUMBER.test(text)) return text;
  const message = `audit.where.${column}: ${JSON.stringify(text)} is no number, and the column is of type ${type}.`;
  throw new AppError('store_query_failed', message, { hint: 'Write the values that the table has.' });
}
