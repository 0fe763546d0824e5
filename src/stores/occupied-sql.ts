// Which spans of time have a row, by the index.

import type { Window } from '../model/window.ts';
import type { Mapping } from './audit-store.ts';
import { instantText, type Statement, type TimeType } from './cell-sql.ts';
import { columnSql, Parameters, quoted, tableSql } from './source-sql.ts';

/**
 * The places `n` (from 1) of the spans that have a row. A look-up in the index for each span, however many rows there
 * are: counting them would go through weeks of the table.
 */
export function occupiedSql(spans: readonly Window[], mapping: Mapping, timeType: TimeType): Statement {
  const parameters = new Parameters();
  const bounds = (ms: readonly number[]) => `${parameters.add(ms.map(instantText))}::${timeType}[]`;
  const from = bounds(spans.map((span) => span.from));
  const to = bounds(spans.map((span) => span.to));
  const time = columnSql(mapping, 'time', 'NULL');
  const span = quoted(`span of ${mapping.table}`);
  const text = `SELECT n::int AS n FROM unnest(${from}, ${to}) WITH ORDINALITY AS ${span}("from", "to", n)
WHERE EXISTS (SELECT 1 FROM ${tableSql(mapping.table)} WHERE ${time} >= ${span}."from" AND ${time} < ${span}."to")`;
  return { text, values: parameters.values };
}
