// Finds which spans of time have a row, by the index.

import type { Window } from '../model/window.ts';
import type { Mapping } from './audit-store.ts';
import { fromTableSql, Parameters, type Statement } from './source-sql.ts';
import { rowTime, spansOf, type TimeType } from './time-sql.ts';

/**
 * Selects the numbers `n` (from 1) of the spans that have a row: one index look-up per span. Counting rows instead would
 * scan weeks of the table.
 */
export function occupiedSql(spans: readonly Window[], mapping: Mapping, timeType: TimeType): Statement {
  const parameters = new Parameters();
  const { arrays, columns, name, conditions } = spansOf(
    spans,
    mapping,
    rowTime(mapping, timeType, parameters),
  );
  const text = `SELECT n::int AS n FROM unnest(${arrays}) WITH ORDINALITY AS ${name}(${columns}, n)
WHERE EXISTS (${fromTableSql(mapping, ['1 AS one'], conditions)})`;
  return { text, values: parameters.values };
}
