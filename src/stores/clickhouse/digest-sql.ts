// Digests of rows, by which changed minutes are found.

import type { Aggregate } from '../../model/aggregate.ts';
import type { PriceTable } from '../../model/call-prices.ts';
import type { SegmentDigest } from '../audit-store.ts';
import { factsFor } from '../rows/call-facts.ts';
import type { Value } from './connection.ts';
import { filterSql, Parameters, type Statement, sourceSql } from './names.ts';
import { millisecondsSql, withinSql } from './row-time.ts';
import { fromSql, type Table } from './table.ts';

/**
 * Hashes of rows, added up by segment: a sum does not depend on the order, and does not lose rows that are there twice. With 64
 * bits, one change in 2^64 goes undetected. The values are hashed as they are stored: converting them would cost more than the rest.
 */
export function digestSql(
  aggregates: readonly Aggregate[],
  edges: readonly number[],
  table: Table,
  prices: PriceTable | null,
): Statement {
  const parameters = new Parameters();
  const measures = aggregates.flatMap((one) => [
    ...one.measures,
    ...(one.sketch === null ? [] : [one.sketch]),
  ]);
  const dimensions = [...new Set(aggregates.flatMap((one) => one.dimensions))];
  const { names } = factsFor(measures, dimensions, table.mapping.priced ?? [], prices);
  const values = [...new Set(names.map((name) => table.sourceOf(name)))].filter((sql) => sql !== 'NULL');
  const time = sourceSql(table.mapping.columns.time ?? '');
  const at = `assumeNotNull(${millisecondsSql(time, table.stored)})`;
  const span = { from: edges[0] as number, to: edges.at(-1) as number };
  const columns = [
    `roundDown(${at}, ${parameters.add([...edges], 'Array(Int64)')}) AS sw_s`,
    'count()',
    // Of a tuple, because the hash of NULL alone is NULL.
    `toString(sum(cityHash64(tuple(${[time, ...values].join(', ')}))))`,
    `max(${at})`,
  ];
  const rows = fromSql(table, columns, [
    withinSql(table.mapping, table.stored, span, parameters),
    ...filterSql(table.mapping),
  ]);
  return { text: `${rows} GROUP BY sw_s ORDER BY sw_s`, values: parameters.values };
}

export function digestsOf(edges: readonly number[], columns: readonly (readonly Value[])[]): SegmentDigest[] {
  const places = new Map(edges.map((edge, i) => [edge, i]));
  const [segments = [], calls = [], sums = [], newest = []] = columns;
  return segments.map((segment, i) => ({
    segment: places.get(Number(segment)) ?? 0,
    calls: Number(calls[i]),
    digest: `${calls[i]} ${sums[i]}`,
    newestRow: Number(newest[i]),
  }));
}
