// Bounds on the time of a row, and its segment, in SQL.

import { skippedAt, wallBound } from '../model/wall-clock.ts';
import type { Window } from '../model/window.ts';
import type { Mapping } from './audit-store.ts';
import { columnSql, type Parameters, quoted } from './source-sql.ts';
import { boundText, boundType, instantText, millisecondsSql, type TimeType } from './time-types.ts';

export type { TimeType } from './time-types.ts';

/**
 * The time of a row in one statement. Instants (ms) are converted to the type of the time column, never the column to
 * theirs: an expression over a column cannot use its index.
 */
export interface RowTime {
  /** The column or expression. */
  readonly sql: string;
  /** Whether a row, of those before an instant, is at one that a Date can hold. */
  isFinite(): string;
  /** An instant, converted for comparison with the column. */
  bound(ms: number): string;
  /** Whether a time, of the column's type, is at an instant or later. */
  isFrom(expression: string, ms: number): string;
  /** What is the same for times, of the column's type, in the same minute. */
  minute(expression: string): string;
  /** A time, of the column's type, in ms: see `instantOf`. */
  milliseconds(expression: string): string;
  /** The number, from 0, of the row's segment between ascending edges. */
  segment(edges: readonly number[]): string;
  /** Conditions for a row in a span of time. */
  within(span: Window): string[];
  /** Spans as rows of a relation, and the conditions for rows of the table in one of them. */
  spans(spans: readonly Window[], name: string): Spans;
}

interface Spans {
  /** The arrays to unnest, and the names of their columns. */
  readonly arrays: string;
  readonly columns: string;
  readonly conditions: readonly string[];
}

export function rowTime(mapping: Mapping, timeType: TimeType, parameters: Parameters): RowTime {
  const sql = columnSql(mapping, 'time', 'NULL');
  const type = boundType(timeType);
  const isEpoch = typeof timeType !== 'string' && 'unit' in timeType;
  const add = (text: string): string => `${parameters.add(text)}::${type}`;
  const array = (texts: readonly string[]): string => `${parameters.add(texts)}::${type}[]`;
  const textOf = (ms: number): string => boundText(ms, timeType);
  const bound = (ms: number): string => add(textOf(ms));
  const milliseconds = (expression: string): string => millisecondsSql(expression, timeType);
  /** Local times that were skipped and the bounds are among, as [from, to) of a local time. */
  const skipped = (all: readonly number[]): Skipped[] => skippedTimes(all, timeType);
  /** The expression as a local time that was not skipped. */
  const moved = (expression: string, gaps: readonly Skipped[]): string =>
    gaps.length === 0
      ? expression
      : `(${expression} + CASE ${gaps
          .map(({ from, to }) => {
            const isIn = `${expression} >= ${add(instantText(from))} AND ${expression} < ${add(instantText(to))}`;
            return `WHEN ${isIn} THEN interval '${(to - from) / 1000} seconds'`;
          })
          .join(' ')} ELSE interval '0' END)`;
  return {
    sql,
    isFinite: () => (isEpoch ? `${sql} > ${bound(FIRST_INSTANT)}` : `${sql} > '-infinity'`),
    bound,
    isFrom: (expression, ms) => `${moved(expression, skipped([ms]))} >= ${bound(ms)}`,
    minute: (expression) =>
      isEpoch ? `floor((${milliseconds(expression)}) / 60000)` : `date_trunc('minute', ${expression})`,
    milliseconds,
    segment: (edges) => {
      const value = isEpoch ? `${sql}::${type}` : moved(sql, skipped(edges));
      return `width_bucket(${value}, ${array(edges.map(textOf))}) - 1`;
    },
    within: ({ from, to }) => {
      const gaps = skipped([from, to]);
      if (gaps.length === 0) return [`${sql} >= ${bound(from)}`, `${sql} < ${bound(to)}`];
      const value = moved(sql, gaps);
      const low = add(instantText(lowest(from, timeType)));
      return [
        `${sql} >= ${low}`,
        `${sql} < ${bound(to)}`,
        `${value} >= ${bound(from)}`,
        `${value} < ${bound(to)}`,
      ];
    },
    spans: (spans, name) => {
      const ends = [spans.map(({ from }) => from), spans.map(({ to }) => to)] as const;
      const arrays = ends.map((all) => array(all.map(textOf)));
      const gaps = skipped(ends.flat());
      const [from, to] = [`${name}."from"`, `${name}."to"`];
      if (gaps.length === 0) {
        const conditions = [`${sql} >= ${from}`, `${sql} < ${to}`];
        return { arrays: arrays.join(', '), columns: '"from", "to"', conditions };
      }
      const value = moved(sql, gaps);
      const lows = array(ends[0].map((at) => instantText(lowest(at, timeType))));
      return {
        arrays: [...arrays, lows].join(', '),
        columns: '"from", "to", "low"',
        conditions: [`${sql} >= ${name}."low"`, `${sql} < ${to}`, `${value} >= ${from}`, `${value} < ${to}`],
      };
    },
  };
}

const FIRST_INSTANT = -8_640_000_000_000_000;

interface Skipped {
  readonly from: number;
  readonly to: number;
}

/** Distinct, ascending. Only a bound among them can have skipped local times on its wrong side. */
function skippedTimes(bounds: readonly number[], timeType: TimeType): Skipped[] {
  if (typeof timeType === 'string' || !('zone' in timeType)) return [];
  const found = bounds.flatMap((at) => skippedAt(at, timeType.zone) ?? []);
  return [...new Map(found.map((gap) => [gap.from, gap])).values()].sort((a, b) => a.from - b.from);
}

/** The lowest local time that is not read as earlier than an instant. */
function lowest(at: number, timeType: TimeType): number {
  if (typeof timeType === 'string' || !('zone' in timeType)) return at;
  const local = wallBound(at, timeType.zone);
  const gap = skippedAt(at, timeType.zone);
  return gap === null ? local : local - (gap.to - gap.from);
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
  if (only !== undefined && more.length === 0) return { relation: null, conditions: time.within(only) };
  const { arrays, columns, conditions, name } = spansOf(ranges, mapping, time);
  return { relation: `unnest(${arrays}) AS ${name}(${columns})`, conditions };
}

/** Spans as rows of `name(columns)`, and the conditions for rows of a span. */
export function spansOf(
  spans: readonly Window[],
  mapping: Mapping,
  time: RowTime,
): Spans & { readonly name: string } {
  // Named after the table, so that it differs from the table's own name, which would take precedence.
  const name = quoted(`span of ${mapping.table}`);
  return { ...time.spans(spans, name), name };
}
