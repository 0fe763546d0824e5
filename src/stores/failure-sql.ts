import type { ErrorFilter } from '../model/measure.ts';
import type { Mapping } from './audit-store.ts';
import { columnSql } from './source-sql.ts';

/** The error's text; NULL where there is none. JSON's null and its empty text are none either. */
export function errorTextSql(mapping: Mapping): string {
  if (mapping.columns.error === undefined) return 'NULL::text';
  const error = columnSql(mapping, 'error', 'NULL');
  // By way of a row, which takes values of every type; few rows come to that.
  const isEmptyJson = `to_jsonb(ROW(${error})) IN ('{"f1": null}', '{"f1": ""}')`;
  return `CASE WHEN ${error}::text IN ('null', '""') AND ${isEmptyJson} THEN NULL ELSE NULLIF(${error}::text, '') END`;
}

/** By status, or by the presence of an error text where there is no status. */
export const FAILED =
  'CASE WHEN status_raw IS NULL THEN error_raw IS NOT NULL ELSE status_raw NOT BETWEEN 200 AND 399 END';

const TIMED_OUT = `(COALESCE(status_raw IN (408, 504), false) OR COALESCE(error_raw ~* 'timed?[ _-]?out|deadline', false))`;

export function narrowedSql(filter: ErrorFilter): string {
  if (filter === null) return '';
  const kinds = filter.map((kind) => {
    if (kind === 'timeout') return TIMED_OUT;
    if (kind === '4xx') return 'COALESCE(status_raw BETWEEN 400 AND 499, false)';
    if (kind === '5xx') return 'COALESCE(status_raw BETWEEN 500 AND 599, false)';
    return `COALESCE(status_raw = ${Math.trunc(kind)}, false)`;
  });
  return ` AND (${kinds.join(' OR ') || 'false'})`;
}
