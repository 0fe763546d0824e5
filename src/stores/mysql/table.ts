// The rows of a table in a span of time.

import type { Window } from '../../model/window.ts';
import type { ColumnSource, Mapping } from '../audit-store.ts';
import type { Row, RowSource, RowValue } from '../rows/row-source.ts';
import type { TableFacts } from './columns.ts';
import { tryExpression } from './expressions.ts';
import { filterSql } from './filter.ts';
import { columnSql, fromSql, sourceNamed, valueSql } from './names.ts';
import type { Session } from './session.ts';
import { earlierSql, instantsIn, isExact, spanSql } from './time.ts';

/** Rows whose order may not be that of their instants: how many are compared. */
const UNSORTED_ROWS = 500;

/** `tried` are the expressions that are known to be one value of their row. */
export function tableRows(
  mapping: Mapping,
  facts: () => Promise<TableFacts>,
  session: Session,
  tried: Set<ColumnSource> = new Set(),
): Pick<RowSource, 'rows' | 'newestRow' | 'hasRow'> {
  const time = columnSql(mapping, 'time');
  const select = (
    values: readonly string[],
    condition: string,
    { columns }: TableFacts,
    rest = '',
  ): string => {
    const where = [condition, ...filterSql(mapping, columns)].join(' AND ');
    return `SELECT ${[...values, time].join(', ')} ${fromSql(mapping, columns)} WHERE ${where}${rest}`;
  };
  return {
    async *rows(names, span) {
      const known = await facts();
      const instantIn = instantsIn(known.timeType);
      for (const name of names) {
        const source = sourceNamed(name, mapping);
        if (source === undefined || typeof source === 'string' || tried.has(source)) continue;
        await tryExpression(source, mapping, known.columns, session);
        tried.add(source);
      }
      const values = names.map((name) => valueSql(name, mapping, known.columns));
      const text = select(values, spanSql(time, span, known.timeType), known);
      for await (const batch of session.batches(text)) {
        const rows: Row[] = [];
        for (const found of batch) {
          const own = found as RowValue[];
          const at = instantIn(own.pop() ?? null);
          if (inSpan(at, span)) rows.push({ at, values: own });
        }
        yield rows;
      }
    },
    async newestRow(before) {
      const known = await facts();
      const instantIn = instantsIn(known.timeType);
      const limit = isExact(known.timeType, before) ? 1 : UNSORTED_ROWS;
      const earlier = earlierSql(time, before, known.timeType);
      const order = ` ORDER BY ${time} DESC LIMIT ${limit}`;
      let newest: number | null = null;
      for (const [found] of await session.all(select([], earlier, known, order))) {
        const at = instantIn(found ?? null);
        if (at !== null && at < before && (newest === null || at > newest)) newest = at;
      }
      return newest;
    },
    async hasRow(span) {
      const known = await facts();
      const instantIn = instantsIn(known.timeType);
      const limit =
        isExact(known.timeType, span.from) && isExact(known.timeType, span.to) ? 1 : UNSORTED_ROWS;
      const text = select([], spanSql(time, span, known.timeType), known, ` LIMIT ${limit}`);
      return (await session.all(text)).some(([found]) => inSpan(instantIn(found ?? null), span));
    },
  };
}

function inSpan(at: number | null, { from, to }: Window): at is number {
  return at !== null && at >= from && at < to;
}
