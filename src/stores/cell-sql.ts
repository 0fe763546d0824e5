// A read -> one statement; rows -> cells.

import { isSketch, type Measure } from '../model/measure.ts';
import { parseFixed } from '../model/money.ts';
import type { Cell, CellRead, SegmentCell } from '../model/series.ts';
import type { Window } from '../model/window.ts';
import type { Mapping, PriceList } from './audit-store.ts';
import { aggregateSql, derivedColumnsSql, rawColumnsSql } from './measure-sql.ts';
import { columnSql, conditionSql, dimensionSql, Parameters, quoted, tableSql } from './source-sql.ts';

/** A column's type as far as bounds are concerned: instants, or UTC without saying so. */
export type TimeType = 'timestamptz' | 'timestamp';

/** A statement and its values. */
export interface Statement {
  readonly text: string;
  readonly values: readonly unknown[];
}

/** A row of a cell statement: `s` segment, `d0…` dimensions, `m0…` additive measures, `g` which grouping, `b0…` bucket. */
export type CellSqlRow = Readonly<Record<string, string | number | null>>;

/**
 * One statement for one read: rows within the ranges, once each, grouped by segment and dimensions, and once more by
 * bucket for every sketch (grouping sets of the same scan). Null when the read holds no time at all.
 *
 * Bounds are converted to the kind of the raw time column, never the column to theirs: a wrapped column loses its
 * index. Several ranges are joined laterally, so that each is an index scan of its own. The inmost select knows the
 * table alone, so that an expression means what it would mean over the table.
 */
export function cellSql(
  read: CellRead,
  mapping: Mapping,
  timeType: TimeType,
  prices: PriceList | null,
): Statement | null {
  if (read.ranges.length === 0 || read.edges.length < 2) return null;
  const parameters = new Parameters();
  const dimensions = read.groupBy.map((dimension, i) => `${dimensionSql(mapping, dimension)} AS d${i}`);
  const time = columnSql(mapping, 'time', 'NULL');
  const edges = `${parameters.add(read.edges.map(instantText))}::${timeType}[]`;
  const span = spansSql(read.ranges, mapping, timeType, parameters);
  const conditions = Object.entries(read.where).map(([dimension, condition]) =>
    conditionSql(dimensionSql(mapping, dimension), condition, parameters),
  );
  const raw = [
    `width_bucket(${time}, ${edges}) - 1 AS s`,
    ...dimensions,
    ...rawColumnsSql(mapping, read.measures),
  ];
  const within = [`${time} >= ${span.from}`, `${time} < ${span.to}`, ...conditions];
  const rows = fromTableSql(mapping, raw, within, span.relation);

  const keys = ['s', ...read.groupBy.map((_, i) => `d${i}`)];
  const derived = derivedColumnsSql(read.measures, prices, parameters);
  const sums = read.measures.flatMap((m, i) => (isSketch(m) ? [] : [`${aggregateSql(m)} AS m${i}`]));
  const text = `SELECT ${[...keys, ...groupingSql(read.measures, sums)].join(', ')}
FROM (SELECT ${[...keys, ...derived].join(', ')} FROM (${rows}) AS raw) AS call
GROUP BY ${groupBySql(keys, read.measures)}`;
  return { text, values: parameters.values };
}

/** `SELECT … FROM table`, with NULL for columns that an older table lacks: a name that the table does not have is looked up outside. */
export function fromTableSql(
  mapping: Mapping,
  columns: readonly string[],
  conditions: readonly string[],
  relation: string | null = null,
): string {
  const inner = `SELECT ${columns.join(', ')} FROM ${tableSql(mapping.table)} WHERE ${conditions.join(' AND ') || 'true'}`;
  const absent = Object.entries(mapping.optional ?? {}).map(([name, type]) => `NULL::${type} AS "${name}"`);
  const outer = [
    ...(relation === null ? [] : [relation]),
    ...(absent.length === 0 ? [] : [`(SELECT ${absent.join(', ')}) AS absent`]),
  ];
  if (outer.length === 0) return inner;
  // OFFSET 0 keeps the planner from pulling the sub-select up: with many spans it would compare every row with each of
  // them (12 s) instead of looking each span up in the index (0.1 s; 121 spans, a million rows).
  const kept = relation === null ? inner : `${inner} OFFSET 0`;
  return `SELECT found.* FROM ${outer.join(' CROSS JOIN ')} CROSS JOIN LATERAL (${kept}) AS found`;
}

/** An instant as text that both kinds of column read as the same moment: a `timestamp` takes the digits and drops the Z. */
export function instantText(ms: number): string {
  return new Date(ms).toISOString().replace(/^\+0*(?=\d{5})/, '');
}

/** The answer's rows as cells, exact. */
export function cellsOf(read: CellRead, rows: readonly CellSqlRow[]): SegmentCell[] {
  const sketches = read.measures.filter(isSketch);
  const cells = new Map<string, { segment: number; key: (string | null)[]; cell: OpenCell }>();
  for (const row of rows) {
    const key = read.groupBy.map((_, i) => row[`d${i}`] as string | null);
    const id = JSON.stringify([row.s, key]);
    let entry = cells.get(id);
    if (entry === undefined) {
      entry = { segment: Number(row.s), key, cell: { sums: {}, sketches: {} } };
      for (const sketch of sketches) entry.cell.sketches[sketch] = new Map();
      cells.set(id, entry);
    }
    const sketch = sketchOfRow(row, sketches);
    if (sketch === null) addSums(entry.cell, read.measures, row);
    else if (row[`b${sketch.index}`] !== null) {
      entry.cell.sketches[sketch.measure]?.set(Number(row[`b${sketch.index}`]), Number(row.n));
    }
  }
  return [...cells.values()];
}

interface OpenCell extends Cell {
  readonly sums: Partial<Record<Measure, bigint>>;
  readonly sketches: Partial<Record<Measure, Map<number, number>>>;
}

function addSums(cell: OpenCell, measures: readonly Measure[], row: CellSqlRow): void {
  measures.forEach((measure, i) => {
    if (isSketch(measure)) return;
    const text = row[`m${i}`] as string | null;
    const sum = text === null ? 0n : parseFixed(text);
    if (sum === null) throw new RangeError(`the store gave a sum that is no number: ${text}`);
    cell.sums[measure] = sum;
  });
}

/** Which sketch a row counts for: `grouping()` has a 0 bit where the bucket is a key; null for the row of sums. */
function sketchOfRow(
  row: CellSqlRow,
  sketches: readonly Measure[],
): { measure: Measure; index: number } | null {
  if (sketches.length === 0) return null;
  const bits = Number(row.g);
  for (const [index, measure] of sketches.entries()) {
    if ((bits & (1 << (sketches.length - 1 - index))) === 0) return { measure, index };
  }
  return null;
}

function groupingSql(measures: readonly Measure[], sums: readonly string[]): string[] {
  const sketches = measures.filter(isSketch);
  if (sketches.length === 0) return [...sums];
  const buckets = sketches.map((sketch, i) => `${sketch} AS b${i}`);
  return [...sums, ...buckets, `grouping(${sketches.join(', ')}) AS g`, 'count(*)::text AS n'];
}

function groupBySql(keys: readonly string[], measures: readonly Measure[]): string {
  const sketches = measures.filter(isSketch);
  if (sketches.length === 0) return keys.join(', ');
  const sets = [keys, ...sketches.map((sketch) => [...keys, sketch])];
  return `GROUPING SETS (${sets.map((set) => `(${set.join(', ')})`).join(', ')})`;
}

interface Spans {
  /** What is joined to the table, or null where the bounds are plain values. */
  readonly relation: string | null;
  readonly from: string;
  readonly to: string;
}

/** The bounds of the rows to read: plain values for one range, a relation to be joined laterally for several. */
export function spansSql(
  ranges: readonly Window[],
  mapping: Mapping,
  timeType: TimeType,
  parameters: Parameters,
): Spans {
  const [only, ...more] = ranges;
  const bound = (ms: number) => `${parameters.add(instantText(ms))}::${timeType}`;
  if (only !== undefined && more.length === 0)
    return { relation: null, from: bound(only.from), to: bound(only.to) };
  const bounds = (ms: readonly number[]) => `${parameters.add(ms.map(instantText))}::${timeType}[]`;
  const from = bounds(ranges.map((range) => range.from));
  const to = bounds(ranges.map((range) => range.to));
  // Named after the table, so that it never has the table's own name, which would come first.
  const span = quoted(`span of ${mapping.table}`);
  return {
    relation: `unnest(${from}, ${to}) AS ${span}("from", "to")`,
    from: `${span}."from"`,
    to: `${span}."to"`,
  };
}
