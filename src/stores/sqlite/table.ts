// The table in a SQLite file: its columns, how it stores time, and its rows in a span.

import { isColumn } from '../../model/columns.ts';
import { AppError } from '../../model/errors.ts';
import { largestOf, smallestOf } from '../../model/extremes.ts';
import type { Window } from '../../model/window.ts';
import type { ColumnSource, Mapping } from '../audit-store.ts';
import type { Row, RowSource, RowValue } from '../rows/row-source.ts';
import { columnSql, quoted, rowFilterSql, sourceSql } from '../source-sql.ts';
import type { SqliteDatabase, SqliteStatement, SqliteValue } from './driver.ts';
import {
  areMixed,
  earlierCondition,
  instantIn,
  isSorted,
  isTimeText,
  type Offsets,
  offsetIn,
  type StoredTime,
  spanCondition,
  type TimeCondition,
} from './time-text.ts';

const BATCH = 1_000;
const HOUR = 3_600_000;
const DAY = 24 * HOUR;
/** Rows of a file without WAL are read in slices of about this many: its program cannot write while one is read. */
const SLICE_ROWS = 5_000;
/** Rows whose texts are not in the order of their instants: how many are compared to find the newest. */
const UNSORTED_ROWS = 500;

/** What is asked of rows by their time. */
export type TimedRows = Pick<RowSource, 'rows' | 'newestRow' | 'hasRow'>;

/** The rows of a table, of one snapshot where the file is in WAL mode and a transaction has begun. */
export function tableRows(database: SqliteDatabase, mapping: Mapping, isWal: boolean): TimedRows {
  const from = fromSql(mapping, columnsOf(database, mapping.table));
  const time = columnSql(mapping, 'time', 'NULL');
  const filters = rowFilterSql(mapping, literal);
  let known: StoredTime | null = null;
  const stored = (): StoredTime => {
    known ??= storedTime(database, mapping);
    return known;
  };
  const valueSql = (name: string): string => {
    const source = sourceOf(name, mapping);
    return source === undefined ? 'NULL' : sourceSql(source);
  };
  const select = (
    values: readonly string[],
    condition: TimeCondition,
    rest = '',
  ): Iterable<readonly RowValue[]> => {
    const where = [condition.sql, ...filters].join(' AND ');
    const text = `SELECT ${[time, ...values].join(', ')} ${from} WHERE ${where}${rest}`;
    return rowsOf(database.prepare(text), condition.values);
  };
  return {
    async *rows(names, span) {
      const sources = names.map(valueSql);
      let batch: Row[] = [];
      let slice = HOUR;
      for (let start = span.from; start < span.to; ) {
        const part = isWal ? span : { from: start, to: Math.min(start + slice, span.to) };
        let read = 0;
        for (const [written, ...values] of select(sources, spanCondition(time, part, stored()))) {
          read += 1;
          const at = instantIn(written as RowValue, stored());
          if (!inSpan(at, part)) continue;
          batch.push({ at, values });
          if (isWal && batch.length === BATCH) {
            yield batch;
            batch = [];
          }
        }
        yield batch;
        batch = [];
        start = part.to;
        slice = read > SLICE_ROWS ? Math.max(slice / 2, 1_000) : slice * 2;
      }
    },
    async newestRow(before) {
      let newest: number | null = null;
      let seen = 0;
      const earlier = earlierCondition(time, before, stored());
      for (const [written] of select([], earlier, ` ORDER BY ${time} DESC`)) {
        const at = instantIn(written as RowValue, stored());
        if (at === null || at >= before) continue;
        if (newest === null || at > newest) newest = at;
        seen += 1;
        if (isSorted(stored()) || seen > UNSORTED_ROWS) break;
      }
      return newest;
    },
    async hasRow(span) {
      for (const [written] of select([], spanCondition(time, span, stored()))) {
        if (inSpan(instantIn(written as RowValue, stored()), span)) return true;
      }
      return false;
    },
  };
}

function inSpan(at: number | null, { from, to }: Window): at is number {
  return at !== null && at >= from && at < to;
}

/** The columns of a table by name. Throws `store_table_missing`. */
export function columnsOf(database: SqliteDatabase, table: string): ReadonlySet<string> {
  const statement = database.prepare('SELECT name FROM pragma_table_xinfo(?) WHERE hidden IN (0, 2, 3)');
  const names = [...rowsOf(statement, [table.split('.').at(-1) ?? ''])].map(([name]) => String(name));
  if (names.length > 0) return new Set(names);
  throw new AppError('store_table_missing', `There is no table ${table} in the file.`, {
    hint: 'Check `table` or `preset`.',
  });
}

/** `FROM table`, with NULL for columns that an older table lacks. SQLite reads such a sub-select by the table's indexes. */
export function fromSql({ table, optional = {} }: Mapping, columns: ReadonlySet<string>): string {
  const name = fileTableSql(table);
  const absent = Object.keys(optional).filter((column) => !columns.has(column));
  if (absent.length === 0) return `FROM ${name}`;
  return `FROM (SELECT *, ${absent.map((column) => `NULL AS ${quoted(column)}`).join(', ')} FROM ${name}) AS ${name}`;
}

/** The table's name as SQL; a schema such as that of PostgreSQL's presets is left out. */
export function fileTableSql(table: string): string {
  return quoted(table.split('.').at(-1) ?? '');
}

/** The rows of a statement as arrays; whole numbers are bigint, as a double cannot hold all of them. */
export function* rowsOf(
  statement: SqliteStatement,
  values: readonly SqliteValue[],
): Generator<readonly RowValue[]> {
  statement.setReadBigInts(true);
  statement.setReturnArrays?.(true);
  for (const row of Reflect.apply(statement.iterate, statement, values)) {
    yield Array.isArray(row) ? (row as RowValue[]) : (Object.values(row as object) as RowValue[]);
  }
}

/** A text as a literal: SQLite has no escapes. */
export function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

function sourceOf(name: string, { columns, dimensions, measures = {} }: Mapping): ColumnSource | undefined {
  if (name.startsWith('measures.')) return measures[name.slice('measures.'.length)];
  return dimensions[name] ?? (isColumn(name) ? columns[name] : undefined);
}

/** How the times of a table are written, by the newest and the oldest one, and some between them if they name offsets. */
export function storedTime(database: SqliteDatabase, mapping: Mapping): StoredTime {
  const { table, timeKind } = mapping;
  const time = columnSql(mapping, 'time', 'NULL');
  const where = [`${time} IS NOT NULL`, ...rowFilterSql(mapping, literal)].join(' AND ');
  const rows = `FROM ${fileTableSql(table)} WHERE ${where}`;
  const found = ['max', 'min'].flatMap((which) => [
    ...rowsOf(database.prepare(`SELECT ${which}(${time}) ${rows}`), []),
  ]);
  const values = found.flatMap(([value]) => (value === null || value === undefined ? [] : [value]));
  if (timeKind !== null && typeof timeKind === 'object' && 'unit' in timeKind) {
    if (values.every((value) => typeof value !== 'string')) return timeKind;
    throw timeFault(table, 'texts', 'Write `time` without `unit`: the column holds texts.');
  }
  const hasText = values.some(isTimeText);
  if (values.length > 0 && !hasText) {
    const isNumber = values.some((value) => typeof value === 'bigint' || typeof value === 'number');
    throw isNumber
      ? timeFault(
          table,
          'numbers',
          'Write time: { column: …, unit: s } (seconds have 10 digits, ms 13, us 16, ns 19).',
        )
      : timeFault(table, 'texts that are no times', 'Map a column of texts such as 2026-03-29 12:00:00.');
  }
  const zone = timeKind !== null && typeof timeKind === 'object' && 'zone' in timeKind ? timeKind.zone : null;
  const isMixed = areMixed(values);
  const named = values.map(offsetIn);
  if (named.every((offset) => offset === null)) {
    return { zone, offsets: zone === null ? { least: 0, most: 0 } : null, isMixed };
  }
  const rest = sampledTimes(database, { time, rows, values });
  if (rest === null) return { zone, offsets: ANY_OFFSET, isMixed };
  const offsets = [...named, ...rest.map(offsetIn)].map((offset) => offset ?? 0);
  return { zone, offsets: { least: smallestOf(offsets), most: largestOf(offsets) }, isMixed };
}

/** Without an index every row is looked at anyway. */
const ANY_OFFSET: Offsets = { least: -DAY, most: DAY };
/** No zone has summer time for a shorter span. */
const SAMPLED_MS = 14 * DAY;
const MOST_SAMPLES = 200;

/** The times of a row in each fortnight between the oldest and the newest one; null without an index. */
function sampledTimes(
  database: SqliteDatabase,
  { time, rows, values }: { time: string; rows: string; values: readonly RowValue[] },
): RowValue[] | null {
  const text = `SELECT ${time} ${rows} AND ${time} >= ? ORDER BY ${time} LIMIT 1`;
  const plan = [...rowsOf(database.prepare(`EXPLAIN QUERY PLAN ${text}`), [''])].join('\n');
  if (!/\bSEARCH\b/.test(plan) || /TEMP B-TREE/.test(plan)) return null;
  const utc: StoredTime = { zone: null, offsets: null, isMixed: false };
  const [newest = 0, oldest = 0] = values.map((value) => instantIn(value, utc) ?? 0);
  const step = Math.max(SAMPLED_MS, (newest - oldest) / MOST_SAMPLES);
  const found: RowValue[] = [];
  const statement = database.prepare(text);
  for (let at = oldest; at < newest; at += step) {
    for (const [value] of rowsOf(statement, [new Date(at).toISOString().slice(0, 10)])) {
      found.push(value ?? null);
    }
  }
  return found;
}

function timeFault(table: string, what: string, hint: string): AppError {
  return new AppError('store_time_type', `The time column of ${table} holds ${what}.`, { hint });
}
