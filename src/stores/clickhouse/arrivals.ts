// Rows of a ClickHouse table by their insert id, as runs of ids: after an absence there may be millions.

import { type ArrivalRow, arrivalsOf, PART_MS } from '../arrivals-sql.ts';
import type { IdGap, RollupSource } from '../audit-store.ts';
import type { Connection } from './connection.ts';
import { filterSql, Parameters, type Statement, sourceSql } from './names.ts';
import { millisecondsSql } from './row-time.ts';
import { fromSql, type Table } from './table.ts';

export function tableArrivals(
  table: Table,
  connection: Connection,
): Pick<RollupSource, 'newestId' | 'arrivals'> {
  const newestId = async (): Promise<string | null> => {
    if (!table.hasIdOrder) return null;
    const [highest = []] = await connection.query(
      fromSql(table, [`toString(ifNull(max(${table.sourceOf('id')}), 0))`], []),
    );
    return String(highest[0] ?? '0');
  };
  return {
    newestId,
    async arrivals(after, gaps, openFrom) {
      const [lows = [], highs = [], parts = []] = await connection.query(
        arrivedSql(table, after, gaps, openFrom),
      );
      const runs = lows.map(
        (low, i): ArrivalRow => ({
          low: String(low),
          high: String(highs[i]),
          parts: String(parts[i]),
          highest: null,
        }),
      );
      const isAbove = highs.some((high) => BigInt(String(high)) > BigInt(after));
      const highest: ArrivalRow[] = isAbove ? [] : [{ low: null, highest: (await newestId()) ?? '0' }];
      return arrivalsOf([...runs, ...highest], after, gaps, 'timestamp');
    },
  };
}

/** The runs of ids that are above `after` or in a gap, and the quarters of hours of their rows before `openFrom`. */
function arrivedSql(table: Table, after: string, gaps: readonly IdGap[], openFrom: number): Statement {
  const parameters = new Parameters();
  const add = (id: string): string => parameters.add(id, 'Int64');
  const id = table.sourceOf('id');
  const at = millisecondsSql(sourceSql(table.mapping.columns.time ?? ''), table.stored);
  // A row that is not read has an id too: without it there would be a gap.
  const isOld = [...filterSql(table.mapping), `${at} >= 0`, `${at} < ${add(String(openFrom))}`].join(' AND ');
  const wanted = [
    `${id} > ${add(after)}`,
    ...gaps.map((gap) => `${id} BETWEEN ${add(gap.from)} AND ${add(gap.to)}`),
  ];
  const part = `if(ifNull(${isOld}, 0), intDiv(assumeNotNull(${at}), ${PART_MS}), -1)`;
  const rows = fromSql(
    table,
    [`DISTINCT toInt64(${id}) AS sw_id, ${part} AS sw_part`],
    [wanted.join(' OR ')],
  );
  const runs = `SELECT *, sw_id - row_number() OVER (ORDER BY sw_id) AS sw_run FROM (${rows})`;
  const parts = `arrayStringConcat(arrayMap(one -> toString(one), groupUniqArrayIf(sw_part, sw_part >= 0)), ',')`;
  return {
    text: `SELECT toString(min(sw_id)), toString(max(sw_id)), ${parts} FROM (${runs}) GROUP BY sw_run`,
    values: parameters.values,
  };
}
