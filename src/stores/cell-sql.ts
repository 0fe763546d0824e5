// Turns a read into one statement, and its rows into cells.

import type { PriceTable } from '../model/call-prices.ts';
import { isByMinute, isSketch, type Measure } from '../model/measure.ts';
import { REPEATED_DIMENSIONS } from '../model/measure-columns.ts';
import { parseFixed } from '../model/money.ts';
import type { Cell, CellRead, SegmentCell } from '../model/series.ts';
import type { Mapping } from './audit-store.ts';
import { callsSql } from './calls-sql.ts';
import { aggregateSql, rawColumnsSql } from './measure-sql.ts';
import { conditionSql, dimensionSql, fromTableSql, Parameters, type Statement } from './source-sql.ts';
import { inRanges, rowTime, type TimeType } from './time-sql.ts';

/** A row of a cell statement: `s` segment, `d0…` dimensions, `m0…` additive measures, `g` which grouping, `b0…` bucket. */
export type CellSqlRow = Readonly<Record<string, string | number | null>>;

/**
 * One statement for one read: rows within the ranges, once each, grouped by segment and dimensions, and once more by bucket
 * for every sketch (grouping sets of the same scan). Null when the ranges are empty.
 *
 * The innermost select knows the table alone, so that an expression means what it would mean over the table.
 */
export function cellSql(
  read: CellRead,
  mapping: Mapping,
  timeType: TimeType,
  prices: PriceTable | null,
): Statement | null {
  if (read.ranges.length === 0 || read.edges.length < 2) return null;
  const parameters = new Parameters();
  const dimensions = read.groupBy.map((dimension, i) => `${dimensionSql(mapping, dimension)} AS d${i}`);
  const time = rowTime(mapping, timeType, parameters);
  const segment = time.segment(read.edges);
  const ranges = inRanges(read.ranges, mapping, time);
  const conditions = Object.entries(read.where).map(([dimension, condition]) => ({
    isOfRows: isOfRows(dimension, read.measures),
    sql: conditionSql(dimensionSql(mapping, dimension), condition, parameters),
  }));
  const ofRows = conditions.filter((one) => one.isOfRows).map(({ sql }) => sql);
  const ofCalls = conditions.filter((one) => !one.isOfRows).map(({ sql }, i) => [sql, `k${i}`] as const);
  const raw = [
    `${segment} AS s`,
    ...dimensions,
    ...rawColumnsSql(mapping, read.measures),
    ...ofCalls.map(([sql, name]) => `${sql} AS ${name}`),
  ];
  const rows = fromTableSql(mapping, raw, [...ranges.conditions, ...ofRows], ranges.relation);

  const kept = ofCalls.map(([, name]) => name);
  const keys = ['s', ...read.groupBy.map((_, i) => `d${i}`)];
  const sums = read.measures.flatMap((m, i) => (isSketch(m) ? [] : [`${aggregateSql(m)} AS m${i}`]));
  const text = `SELECT ${[...keys, ...groupingSql(read.measures, sums)].join(', ')}
FROM (${callsSql([...keys, ...kept], read.measures, rows, mapping, { prices, parameters, time })}) AS call${
    kept.length === 0 ? '' : ` WHERE ${kept.join(' AND ')}`
  }
GROUP BY ${groupBySql(keys, read.measures)}`;
  return { text, values: parameters.values };
}

/**
 * Whether a condition on a dimension may leave out rows before they are looked at. Where calls are compared with each other, a
 * call must meet those that the condition leaves out, unless these differ from it anyway.
 */
function isOfRows(dimension: string, measures: readonly Measure[]): boolean {
  return !measures.some(isByMinute) || REPEATED_DIMENSIONS.some((name) => name === dimension);
}

/** The rows of the answer as exact cells. */
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
    if (sum === null) throw new RangeError(`the store returned a sum that is not a number: ${text}`);
    cell.sums[measure] = sum;
  });
}

/** The sketch that a row counts for; null for the row of sums. `grouping()` has a 0 bit where the bucket is a key. */
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
