// The rows of a ClickHouse table, as the process adds them up where SQL would save nothing.

import type { Window } from '../../model/window.ts';
import type { Row, RowSource, RowValue } from '../rows/row-source.ts';
import { kindOf } from './calls-sql.ts';
import type { Connection, Value } from './connection.ts';
import { filterSql, Parameters, sourceSql } from './names.ts';
import { millisecondsSql, withinSql } from './row-time.ts';
import { fromSql, type Table } from './table.ts';
import { decimalSql, textSql } from './values-sql.ts';

const HOUR = 3_600_000;
/** The newest row is looked for in spans of this length before an instant, the shortest first: a maximum of all rows reads all of them. */
const LOOKED_BACK = [2 * HOUR, 48 * HOUR, 62 * 24 * HOUR];

export function tableRows(
  table: Table,
  connection: Connection,
  now: () => number = Date.now,
): Omit<RowSource, 'highestId' | 'arrived'> {
  const time = sourceSql(table.mapping.columns.time ?? '');
  const at = `assumeNotNull(${millisecondsSql(time, table.stored)})`;
  const within = (span: Window, parameters: Parameters): string[] => [
    withinSql(table.mapping, table.stored, span, parameters),
    ...filterSql(table.mapping),
  ];
  const newestIn = async (span: Window): Promise<number | null> => {
    const parameters = new Parameters();
    const text = fromSql(table, ['count()', `max(${at})`], within(span, parameters));
    const [counts = [], newest = []] = await connection.query({ text, values: parameters.values });
    return Number(counts[0]) === 0 ? null : Number(newest[0]);
  };
  return {
    async *rows(names, span) {
      const values = names.map((name) => readAs(name, table));
      for (let from = span.from; from < span.to; from += HOUR) {
        const parameters = new Parameters();
        const part = { from, to: Math.min(from + HOUR, span.to) };
        const columns = [at, ...values.map(({ sql }) => sql)].map((sql, i) => `${sql} AS sw_${i}`);
        const text = fromSql(table, columns, within(part, parameters));
        const batch = await connection.rows({ text, values: parameters.values });
        yield batch.map(
          ([when, ...read]): Row => ({
            at: Number(when),
            values: read.map((value, i) => (values[i] as ReadAs).decode(value)),
          }),
        );
      }
    },
    async newestRow(before) {
      // Rows in the future are found as well, where all are asked for.
      const [from, to] = [Math.min(before, now()), before];
      for (const back of LOOKED_BACK) {
        const newest = await newestIn({ from: from - back, to });
        if (newest !== null) return newest;
      }
      return newestIn({ from: Number.NEGATIVE_INFINITY, to });
    },
    async hasRow(span) {
      const parameters = new Parameters();
      const text = `${fromSql({ ...table, isFinal: false }, ['1'], within(span, parameters))} LIMIT 1`;
      const [found = []] = await connection.query({ text, values: parameters.values });
      return found.length > 0;
    },
  };
}

/** How a value is read: numbers as text, because JSON's are doubles. */
export interface ReadAs {
  readonly sql: string;
  decode(value: Value): RowValue;
}

export function readAs(name: string, table: Table): ReadAs {
  const source = table.sourceOf(name);
  const type = table.typeOf(name);
  const kind = kindOf(name);
  const asIs = (value: Value): RowValue => value;
  const isNumber = name.startsWith('measures.') || ['money', 'tokens', 'ms', 'status'].includes(kind);
  if (!isNumber && kind !== 'boolean' && kind !== 'id') return { sql: textSql(source), decode: asIs };
  // Says why what is no number cannot be read.
  if (isNumber) decimalSql(source, type, 'quantity', name);
  const sql = `toString(${source})`;
  switch (type.kind) {
    case 'integer':
    case 'large':
      return { sql, decode: (value) => (value === null ? null : BigInt(String(value))) };
    case 'float64':
      return { sql, decode: (value) => (value === null ? null : Number(value)) };
    case 'boolean':
      return { sql, decode: (value) => (value === null ? null : value === 'true') };
    default:
      return { sql, decode: asIs };
  }
}
