// Rows of a table by their insert id.

import type { IdGap, Mapping } from '../audit-store.ts';
import type { Arrived, RowSource } from '../rows/row-source.ts';
import type { TableFacts } from './columns.ts';
import { filterSql } from './filter.ts';
import { columnSql, fromSql, tableSql } from './names.ts';
import type { Session } from './session.ts';
import { instantsIn } from './time.ts';

/** So many gaps are looked up by one statement. */
const MOST_GAPS = 200;

export function tableArrivals(
  mapping: Mapping,
  facts: () => Promise<TableFacts>,
  session: Session,
): Pick<RowSource, 'arrived' | 'highestId'> {
  const from = `FROM ${tableSql(mapping.table)}`;
  const id = columnSql(mapping, 'id');
  return {
    async highestId() {
      if (!(await facts()).hasWholeIds) return null;
      const [[highest] = []] = await session.all(`SELECT max(${id}) ${from}`);
      return highest === null || highest === undefined ? '0' : String(highest);
    },
    async *arrived(after: string, gaps: readonly IdGap[]) {
      const { columns, timeType } = await facts();
      const instantIn = instantsIn(timeType);
      // A row that is not read has an id too: without it there would be a gap.
      const isRead = filterSql(mapping, columns).join(' AND ') || 'TRUE';
      const select = `SELECT ${id}, CASE WHEN ${isRead} THEN ${columnSql(mapping, 'time')} END ${fromSql(mapping, columns)} WHERE `;
      const conditions = [`${id} > ${BigInt(after)}`];
      for (let start = 0; start < gaps.length; start += MOST_GAPS) {
        const some = gaps.slice(start, start + MOST_GAPS);
        conditions.push(
          some.map((gap) => `${id} BETWEEN ${BigInt(gap.from)} AND ${BigInt(gap.to)}`).join(' OR '),
        );
      }
      for (const condition of conditions) {
        for await (const batch of session.batches(select + condition)) {
          for (const [found, time] of batch) {
            if (found === null || found === undefined) continue;
            yield { id: BigInt(String(found)), at: instantIn(time ?? null) } satisfies Arrived;
          }
        }
      }
    },
  };
}
