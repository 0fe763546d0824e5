// The questions of a snapshot, answered by statements of ClickHouse where rows would be too many.

import { type AppError, asAppError, isRefusal } from '../../model/errors.ts';
import type { Window } from '../../model/window.ts';
import { addUpRows, type ReadLines, type RowPricing } from '../rows/answers.ts';
import { type RowReader, rowReader } from '../rows/row-reader.ts';
import type { RowSource } from '../rows/row-source.ts';
import { tableArrivals } from './arrivals.ts';
import type { Connection } from './connection.ts';
import { digestSql, digestsOf } from './digest-sql.ts';
import { linesOf, linesSql } from './lines-sql.ts';
import { filterSql, Parameters, sourceSql } from './names.ts';
import { fitsDecimals } from './prices-sql.ts';
import { millisecondsSql, withinSql } from './row-time.ts';
import { readAs, tableRows } from './rows.ts';
import { fromSql, type Table } from './table.ts';

export function tableReader(table: Table, pricing: RowPricing, connection: Connection): RowReader {
  const { prices } = pricing;
  const rows = { ...tableRows(table, connection), ...NO_ARRIVALS };
  const addUp: ReadLines = (asked, span) => addUpRows(rows, asked, span, pricing);
  const isSummedHere = prices === null || fitsDecimals(prices);
  const lines: ReadLines = async (asked, span) => {
    const isNothing = span.edges.length < 2 || span.ranges.length === 0;
    if (isNothing || !isSummedHere || asked.some(({ together }) => !together)) return addUp(asked, span);
    return linesOf(asked, span.edges, await connection.query(linesSql(asked, span, table, prices)));
  };
  return {
    ...rowReader(rows, pricing, (error) => asAppError(error, 'store_query_failed'), lines),
    ...tableArrivals(table, connection),
    async digests(aggregates, edges) {
      if (edges.length < 2) return [];
      return digestsOf(edges, await connection.query(digestSql(aggregates, edges, table, prices)));
    },
    async unreadable(names, ranges) {
      const found: (readonly [string, AppError])[] = [];
      for (const name of names) {
        try {
          await readAll(name, ranges, table, connection);
        } catch (error) {
          if (!isRefusal(error)) throw error;
          found.push([name, error]);
        }
      }
      return found;
    },
  };
}

/** Arrivals are asked for in SQL. */
const NO_ARRIVALS: Pick<RowSource, 'highestId' | 'arrived'> = {
  highestId: async () => null,
  async *arrived() {},
};

/** Computes a source for all rows, and sends none of its values. */
async function readAll(
  name: string,
  ranges: readonly Window[],
  table: Table,
  connection: Connection,
): Promise<void> {
  const parameters = new Parameters();
  const within = ranges.map((range) => withinSql(table.mapping, table.stored, range, parameters));
  const text = fromSql(
    table,
    [`max(cityHash64(tuple(${readAs(name, table).sql})))`],
    [`(${within.join(' OR ') || '0'})`, ...filterSql(table.mapping)],
  );
  await connection.query({ text, values: parameters.values });
}

/** Times alone are read, of all versions of a row: which span has a row does not depend on the newest. */
export async function occupiedIn(
  spans: readonly Window[],
  table: Table,
  connection: Connection,
): Promise<readonly Window[]> {
  const [first, last] = [spans[0], spans.at(-1)];
  if (first === undefined || last === undefined) return [];
  const parameters = new Parameters();
  const edges = [...new Set(spans.flatMap(({ from, to }) => [from, to]))].sort((a, b) => a - b);
  const at = `assumeNotNull(${millisecondsSql(sourceSql(table.mapping.columns.time ?? ''), table.stored)})`;
  const segment = `roundDown(${at}, ${parameters.add(edges, 'Array(Int64)')})`;
  const text = fromSql(
    { ...table, isFinal: false },
    [`DISTINCT ${segment}`],
    [
      withinSql(table.mapping, table.stored, { from: first.from, to: last.to }, parameters),
      ...filterSql(table.mapping),
    ],
  );
  const [begins = []] = await connection.query({ text, values: parameters.values });
  const found = new Set(begins.map(Number));
  return spans.filter((span) => edges.some((edge) => edge >= span.from && edge < span.to && found.has(edge)));
}
