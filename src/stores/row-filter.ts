// The key `where` under `audit`: which rows of the table are read.

import { z } from 'zod';
import type { RowFilter } from './audit-store.ts';

const value = z.union([z.string().meta({ asWritten: true }), z.null()], {
  error: 'expected a text, a number, true, false or null',
});
const values = z.array(value).min(1, { error: 'an empty list matches nothing: name a value' });

const expression = z
  .strictObject({ sql: z.string().min(1) })
  .describe('A trusted SQL expression that is true for the rows that are read');
const byColumn = z
  .record(
    z.string().min(1),
    z.union([value, values, z.strictObject({ not: z.union([value, values]) })], {
      error: 'expected a value, a list of values or { not: [values] }',
    }),
  )
  .describe('By column of the table: a value, a list of values, or `{ not: [values] }`');

/** The filter as written, as the conditions that a row must meet. */
export const rowFilterOption = z
  .union([expression, byColumn], { error: 'expected { column: values } or { sql: "expression" }' })
  .transform((given): readonly RowFilter[] => {
    if (typeof given.sql === 'string') return [{ sql: given.sql }];
    return Object.entries(given as z.output<typeof byColumn>).map(([column, wanted]): RowFilter => {
      const isNot = wanted !== null && typeof wanted === 'object' && 'not' in wanted;
      const listed = isNot ? wanted.not : wanted;
      const list = Array.isArray(listed) ? listed : [listed];
      return { column, values: isNot ? { notIn: list } : { in: list } };
    });
  });
