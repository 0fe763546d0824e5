// Rows of a SQLite table by their insert id.

import type { IdGap, Mapping } from '../audit-store.ts';
import type { Arrived, RowSource } from '../rows/row-source.ts';
import { columnSql, rowFilterSql } from '../source-sql.ts';
import type { SqliteDatabase } from './driver.ts';
import { fileTableSql, literal, rowsOf, storedTime } from './table.ts';
import { instantIn } from './time-text.ts';

export function tableArrivals(
  database: SqliteDatabase,
  mapping: Mapping,
): Pick<RowSource, 'arrived' | 'highestId'> {
  const from = `FROM ${fileTableSql(mapping.table)}`;
  const id = columnSql(mapping, 'id', 'NULL');
  return {
    async highestId() {
      if (mapping.columns.id === undefined) return null;
      const [[highest] = []] = rowsOf(database.prepare(`SELECT max(${id}) ${from}`), []);
      if (highest === null || highest === undefined) return '0';
      return typeof highest === 'bigint' ? String(highest) : null;
    },
    async *arrived(after: string, gaps: readonly IdGap[]) {
      const stored = storedTime(database, mapping);
      // A row that is not read has an id too: without it there would be a gap.
      const isRead = rowFilterSql(mapping, literal).join(' AND ') || '1';
      const select = `SELECT ${id}, CASE WHEN ${isRead} THEN ${columnSql(mapping, 'time', 'NULL')} END ${from} WHERE `;
      const conditions: readonly (readonly [string, readonly bigint[]])[] = [
        [`${id} > ?`, [BigInt(after)]],
        ...gaps.map((gap) => [`${id} BETWEEN ? AND ?`, [BigInt(gap.from), BigInt(gap.to)]] as const),
      ];
      for (const [condition, values] of conditions) {
        for (const [found, time] of rowsOf(database.prepare(select + condition), values)) {
          if (typeof found !== 'bigint') continue;
          yield { id: found, at: instantIn(time ?? null, stored) } satisfies Arrived;
        }
      }
    },
  };
}
