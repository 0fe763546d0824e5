// Whether a column can be the time of a call, and what to map instead.

import type { ColumnSource, EpochUnit, Mapping } from './audit-store.ts';
import { NUMBERS, TEXTS, type TypeFault } from './column-types.ts';
import { nameSql } from './source-sql.ts';
import type { TimeType } from './time-types.ts';

const WHOLE = ['smallint', 'integer', 'bigint'];
const FLOATING = ['real', 'double precision'];
const ZONELESS = 'timestamp without time zone';
const UNITS: Readonly<Record<EpochUnit, string>> = {
  s: 'seconds',
  ms: 'milliseconds',
  us: 'microseconds',
  ns: 'nanoseconds',
};

/** How a column of a type stores what the mapping says of it; null where it does not. `type` is written as format_type does. */
export function storedAs(type: string, kind: Mapping['timeKind']): TimeType | null {
  if (kind === null || typeof kind === 'string') {
    if (type === 'timestamp with time zone') return 'timestamptz';
    return type === ZONELESS ? 'timestamp' : null;
  }
  if ('zone' in kind) return type === ZONELESS ? kind : null;
  if (WHOLE.includes(type)) return { ...kind, type: 'bigint' };
  if (FLOATING.includes(type)) return { ...kind, type: 'double precision' };
  return type === 'numeric' ? { ...kind, type } : null;
}

/** Null for a type that can be read. */
export function timeFault(type: string, { columns, timeKind }: Mapping): TypeFault | null {
  const plain = type.replace(/\(\d+(,\d+)?\)/, '');
  if (storedAs(plain, timeKind) !== null) return null;
  return { wanted: wantedOf(timeKind), cure: cureOf(plain, columns.time ?? 'time', timeKind) };
}

function wantedOf(kind: Mapping['timeKind']): string {
  if (kind === null || typeof kind === 'string') return 'an instant (timestamptz, or timestamp in UTC)';
  return 'zone' in kind ? 'a timestamp without time zone' : `a number (${UNITS[kind.unit]} since 1970)`;
}

function cureOf(type: string, source: ColumnSource, kind: Mapping['timeKind']): string {
  const isNumber = NUMBERS.includes(type);
  if (typeof source !== 'string') {
    const number = `to_timestamp(${source.sql})`;
    return isNumber ? `Map ${mapped(number)}, with an index on that expression.` : OTHER;
  }
  const column = nameSql(source);
  const written = JSON.stringify(source);
  if (isNumber)
    return `Map time: { column: ${written}, unit: s } (seconds have 10 digits, ms 13, us 16, ns 19).`;
  if (type === 'timestamp with time zone') {
    const needless = kind !== null && typeof kind !== 'string' && 'zone' in kind ? 'zone' : 'unit';
    return `Write time: ${written}, without \`${needless}\`: it holds instants.`;
  }
  if (type === ZONELESS)
    return `Write time: ${written} for UTC, or time: { column: ${written}, zone: Asia/Shanghai } for the local time of a zone.`;
  return TEXTS.includes(type)
    ? `Map ${mapped(`${column}::timestamptz`)}, with an index on that expression.`
    : OTHER;
}

const OTHER = 'Map a column that has the time of day.';

function mapped(sql: string): string {
  return `time: { sql: ${JSON.stringify(sql)} }`;
}
