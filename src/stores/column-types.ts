// Finds column types that cannot be read, and the expression to map instead.

import { type ColumnKind, describeColumn, isColumn } from '../model/columns.ts';
import type { ColumnSource } from './audit-store.ts';
import { nameSql } from './source-sql.ts';
import { measureNamed } from './sources.ts';

/** A column type that does not fit the column's meaning: what is wanted, and a mapping that fits. */
export interface TypeFault {
  /** What the column must be, in words. */
  readonly wanted: string;
  readonly cure: string;
}

export const NUMBERS = ['smallint', 'integer', 'bigint', 'numeric', 'real', 'double precision'];
export const TEXTS = ['text', 'character varying', 'character', '"char"', 'name', 'citext'];
const TIMES = ['timestamp with time zone', 'timestamp without time zone'];
/** Types that can never be read as a number. Types that are in no list are tried when they are read. */
const NO_NUMBERS = [
  ...TEXTS,
  ...TIMES,
  'boolean',
  'bytea',
  'date',
  'interval',
  'json',
  'jsonb',
  'money',
  'time with time zone',
  'time without time zone',
  'uuid',
];
/** Types that can never be read as true or false. */
const NO_BOOLEANS = [...NO_NUMBERS.filter((type) => type !== 'boolean'), ...NUMBERS];
/** The types that values of a kind can never be of, where those are not the same as of a number. */
const UNREADABLE: Readonly<Partial<Record<ColumnKind, readonly string[]>>> = {
  boolean: NO_BOOLEANS,
};

/** What values of a kind must be, in words; null where every type will do. */
const WANTED: Readonly<Record<ColumnKind, string | null>> = {
  time: null,
  money: 'a number (an amount of money)',
  dimension: null,
  text: null,
  tokens: 'a number',
  status: 'a number (an HTTP status)',
  ms: 'a number (milliseconds)',
  boolean: 'a boolean',
  id: null,
};

/** What a source must be, in words; null where every type will do. */
export function wantedOf(name: string): string | null {
  if (measureNamed(name) !== null) return 'a number or a boolean';
  const kind = kindOf(name);
  return kind === null ? null : WANTED[kind];
}

function kindOf(name: string): ColumnKind | null {
  return isColumn(name) ? describeColumn(name).kind : null;
}

/** Null for a type that can be read. `type` is written as format_type does. */
export function typeFault(name: string, type: string, source: ColumnSource): TypeFault | null {
  const wanted = wantedOf(name);
  if (wanted === null) return null;
  const plain = type.replace(/\(.*\)/, '');
  if (!unreadableAs(name).includes(plain)) return null;
  return { wanted, cure: cureOf(name, plain, source) };
}

function unreadableAs(name: string): readonly string[] {
  if (measureNamed(name) !== null) return NO_NUMBERS.filter((type) => type !== 'boolean');
  return UNREADABLE[kindOf(name) ?? 'tokens'] ?? NO_NUMBERS;
}

/** Suggests a mapping that reads values of the type as the column's meaning requires. */
export function cureOf(name: string, type: string, source: ColumnSource): string {
  const column = typeof source === 'string' ? nameSql(source) : `(${source.sql})`;
  const own = measureNamed(name);
  const mapped = (sql: string, under = own ?? name): string => `${under}: { sql: ${JSON.stringify(sql)} }`;
  if (name === 'status') return `Map ${statusCure(column, type, mapped)}.`;
  if (kindOf(name) === 'boolean') return `Map ${mapped(booleanCure(column, type))}.`;
  if (type === 'interval') return `Map ${mapped(`EXTRACT(EPOCH FROM ${column}) * 1000`)}.`;
  if (TEXTS.includes(type)) {
    const number = `CASE WHEN ${column} ~ '^-?[0-9]+([.][0-9]+)?$' THEN ${column}::numeric END`;
    return `Map ${mapped(number)}; other texts then count as not known.`;
  }
  if (type === 'json' || type === 'jsonb')
    return `Map one number of it, such as ${mapped(`(${column}->>'total')::numeric`)}.`;
  if (type === 'money') return `Map ${mapped(`${column}::numeric`)}.`;
  const none = own === null ? ', or null where the table has none' : '';
  return `Map a column that is ${wantedOf(name) ?? 'of another type'}${none}.`;
}

type Mapped = (sql: string, under?: string) => string;

function statusCure(column: string, type: string, mapped: Mapped): string {
  if (type === 'boolean') return mapped(`CASE WHEN ${column} THEN 200 ELSE 500 END`);
  const text = TEXTS.includes(type) ? column : `${column}::text`;
  const number = mapped(`CASE WHEN ${text} ~ '^[0-9]{3}$' THEN ${text}::integer END`);
  const words = mapped(`CASE WHEN ${text} !~ '^[0-9]{3}$' THEN ${text} END`, 'error');
  return `${number}; words such as timeout can be read by ${words}`;
}

function booleanCure(column: string, type: string): string {
  if (NUMBERS.includes(type)) return `${column} <> 0`;
  const text = TEXTS.includes(type) ? column : `${column}::text`;
  return `lower(${text}) IN ('true', 't', 'yes', '1')`;
}
