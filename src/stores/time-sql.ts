// The time of a row in SQL: bounds on it, and the segment that a row falls in.

import type { Window } from '../model/window.ts';
import type { Mapping } from './audit-store.ts';
import { columnSql, type Parameters, quoted } from './source-sql.ts';

/** A column's type as far as bounds are concerned: instants, or UTC without saying so. */
export type TimeType = 'timestamptz' | 'timestamp';

/** An instant as text that both kinds of column read as the same moment: a `timestamp` takes the digits and drops the Z. */
export function instantText(ms: number): string {
  return new Date(ms).toISOString().replace(/^\+0*(?=\d{5})/, '');
}

/**
 * The time of a row in one statement. Instants (ms) are converted to the kind of the raw time column, never the column to
 * theirs: a wrapped column loses its index.
 */
export interface RowTime {
  /** The column or expression. */
  readonly sql: string;
  /** An instant to compare it with. */
  bound(ms: number): string;
  /** The same of several, as an array. */
  bounds(ms: readonly number[]): string;
  /** The number, from 0, of the segment between edges (ascending) that the row falls in. */
  segment(edges: readonly number[]): string;
  /** The conditions that the row lies in [from, to). */
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

/** Which rows lie in some ranges. */
interface InRanges {
  /** What is joined to the table laterally, so that each range is an index scan of its own; null for one range. */
  readonly relation: string | null;
  readonly conditions: readonly string[];
}

/** The conditions for rows of one range; for several, the relation of their bounds to join. */
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
  // Named after the table, so that it never has the table's own name, which would come first.
  const name = quoted(`span of ${mapping.table}`);
  const from = time.bounds(spans.map((span) => span.from));
  const to = time.bounds(spans.map((span) => span.to));
  return { bounds: `${from}, ${to}`, name, conditions: time.within(`${name}."from"`, `${name}."to"`) };
}
