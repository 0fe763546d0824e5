// Whether and how a call failed, as SQL.

import type { ErrorFilter } from '../model/measure.ts';
import type { Mapping } from './audit-store.ts';
import { columnSql } from './source-sql.ts';

/** The error's text, or NULL. JSON null and an empty JSON text count as NULL, too. */
export function errorTextSql(mapping: Mapping): string {
  if (mapping.columns.error === undefined) return 'NULL::text';
  const error = columnSql(mapping, 'error', 'NULL');
  // to_jsonb of a row takes a column of any type. It runs only for these two texts.
  const isEmptyJson = `to_jsonb(ROW(${error})) IN ('{"f1": null}', '{"f1": ""}')`;
  return `CASE WHEN ${error}::text IN ('null', '""') AND ${isEmptyJson} THEN NULL ELSE NULLIF(${error}::text, '') END`;
}

/** A call failed by its status or, without a status, by having an error text. */
export const FAILED =
  'CASE WHEN status_raw IS NULL THEN error_raw IS NOT NULL ELSE status_raw NOT BETWEEN 200 AND 399 END';

const TIMED_OUT = `(COALESCE(status_raw IN (408, 504), false) OR COALESCE(error_raw ~* 'timed?[ _-]?out|deadline', false))`;

export function narrowedSql(filter: ErrorFilter): string {
  if (filter === null) return '';
  const kinds = ('in' in filter ? filter.in : filter.notIn).map((kind) => {
    if (kind === 'timeout') return TIMED_OUT;
    if (kind === '4xx') return 'COALESCE(status_raw BETWEEN 400 AND 499, false)';
    if (kind === '5xx') return 'COALESCE(status_raw BETWEEN 500 AND 599, false)';
    return `COALESCE(status_raw = ${Math.trunc(kind)}, false)`;
  });
  return ` AND ${'in' in filter ? '' : 'NOT '}(${kinds.join(' OR ') || 'false'})`;
}
