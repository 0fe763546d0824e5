// Bounds on the time of a row, and its segment, in SQL.

import type { Window } from '../model/window.ts';
import type { Mapping } from './audit-store.ts';
import { columnSql, type Parameters, quoted } from './source-sql.ts';

/** How a column stores time, for conversion of bounds: instants, or UTC without a zone. */
export type TimeType = 'timestamptz' | 'timestamp';

/** An instant as text that both types read as the same instant: a `timestamp` takes the digits and drops the Z. */
export function instantText(ms: number): string {
  return new Date(ms).toISOString().replace(/^\+0*(?=\d{5})/, '');
}

/**
 * The time of a row in one statement. Instants (ms) are converted to the type of the time column, never the column to
 * theirs: an expression over a column cannot use its index.
 */
export interface RowTime {
  /** The column or expression. */
  readonly sql: string;
  /** An instant, converted for comparison. */
  bound(ms: number): string;
  /** Several instants, as an array. */
  bounds(ms: readonly number[]): string;
  /** The number, from 0, of the row's segment between ascending edges. */
  segment(edges: readonly number[]): string;
  /** Conditions for a row in [from, to). */
  within(from: string, to: string): string[];
}

export function rowTime(mapping: Mapping, timeType: TimeType, parameters: Parameters): RowTime {
  const sql = columnSql(mapping, 'time', 'NULL');
  const bounds = (ms: readonly number[]) => `${parameters.add(ms.map(instantText))}::${timeType}[]`;
  return {
    sql,
    bound: (ms) => `${parameters.add(instantText(ms))}::${timeType}`,
    bounds,
    segment: (edges) => `width_bucket(${sql}, ${bounds(edges)}) - 1`,
    within: (from, to) => [`${sql} >= ${from}`, `${sql} < ${to}`],
  };
}

/** The rows in some ranges. */
interface InRanges {
  /** A relation to join laterally, so that each range is an index scan of its own; null for one range. */
  readonly relation: string | null;
  readonly conditions: readonly string[];
}

/** The conditions for rows of one range; for several ranges, the relation of their bounds to join. */
export function inRanges(ranges: readonly Window[], mapping: Mapping, time: RowTime): InRanges {
  const [only, ...more] = ranges;
  if (only !== undefined && more.length === 0)
    return { relation: null, conditions: time.within(time.bound(only.from), time.bound(only.to)) };
  const { bounds, conditions, name } = spansOf(ranges, mapping, time);
  return { relation: `unnest(${bounds}) AS ${name}("from", "to")`, conditions };
}

/** Spans as rows of `name("from", "to")`: the arrays of their bounds, and the conditions for rows of a span. */
export function spansOf(
  spans: readonly Window[],
  mapping: Mapping,
  time: RowTime,
): { readonly bounds: string; readonly name: string; readonly conditions: readonly string[] } {
  // Named after the table, so that it differs from the table's own name, which would take precedence.
  const name = quoted(`span of ${mapping.table}`);
  const from = time.bounds(spans.map((span) => span.from));
  const to = time.bounds(spans.map((span) => span.to));
  return { bounds: `${from}, ${to}`, name, conditions: time.within(`${name}."from"`, `${name}."to"`) };
}
