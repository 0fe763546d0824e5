import type { Cube } from '../model/cube.ts';
import type { Mapping, SegmentDigest } from './audit-store.ts';
import { fromTableSql, instantText, type Statement, type TimeType } from './cell-sql.ts';
import { sourceColumnsSql } from './measure-sql.ts';
import { columnSql, dimensionSql, Parameters } from './source-sql.ts';

/** A segment that has rows: numbers as exact text, the newest row's time in ms. */
export interface DigestRow {
  readonly s: number;
  readonly calls: string;
  readonly digest: string;
  readonly newest: string;
}

/**
 * The rows between the edges in short: hashes of what the cubes' cells are made of, added up by segment. A sum is the same
 * in whatever order the rows are, and unlike XOR it does not lose rows that are there twice. With 64 bits, one change in
 * 2^64 would go unseen.
 *
 * A row is hashed as one text. hash_record_extended takes a third less time, but what it gives is a sum of the columns' hashes,
 * in which two rows can swap their services unseen; and hashes of bigint fold its halves into one another.
 *
 * Measured over 1,155 rows by ten columns: 1.6 ms in the server, where reading them takes 0.4 ms and their cells in eight
 * cubes 24 ms. Null when there is nothing to read.
 */
export function digestSql(
  cubes: readonly Cube[],
  edges: readonly number[],
  mapping: Mapping,
  timeType: TimeType,
): Statement | null {
  const [from, to] = [edges[0], edges.at(-1)];
  if (from === undefined || to === undefined || from >= to) return null;
  const parameters = new Parameters();
  const time = columnSql(mapping, 'time', 'NULL');
  const dimensions = [...new Set(cubes.flatMap((cube) => cube.dimensions))];
  const measures = cubes.flatMap(({ measures: sums, bucket }) =>
    bucket === null ? sums : [...sums, bucket],
  );
  // Once each: the model is often both a dimension and what a price is looked up by.
  const parts = new Set([
    ...dimensions.map((dimension) => dimensionSql(mapping, dimension)),
    ...sourceColumnsSql(mapping, measures),
  ]);
  const columns = [
    `width_bucket(${time}, ${parameters.add(edges.map(instantText))}::${timeType}[]) - 1 AS s`,
    `${time} AS t`,
    `hashtextextended(ROW(${[...parts].join(', ')})::text, 0) AS hash`,
  ];
  const within = [
    `${time} >= ${parameters.add(instantText(from))}::${timeType}`,
    `${time} < ${parameters.add(instantText(to))}::${timeType}`,
  ];
  const text = `SELECT s, count(*)::text AS calls, sum(hash)::text AS digest, (extract(epoch FROM max(t)) * 1000)::text AS newest
FROM (${fromTableSql(mapping, columns, within)}) AS call GROUP BY s`;
  return { text, values: parameters.values };
}

export function digestsOf(rows: readonly DigestRow[]): SegmentDigest[] {
  return rows.map(({ s, calls, digest, newest }) => ({
    segment: s,
    calls: Number(calls),
    digest,
    newestRow: Math.floor(Number(newest)),
  }));
}
