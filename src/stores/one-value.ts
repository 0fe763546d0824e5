// Checks whether an expression is one value of its own row.

import { AppError, isRefusal } from '../model/errors.ts';
import type { SqlSession } from '../sql/port.ts';
import { sqlStateOf } from '../sql/sql-error.ts';
import { attempt, databaseMessage } from './attempt.ts';
import type { Mapping } from './audit-store.ts';
import { bodiesCalled } from './functions-called.ts';
import { isOfPreset } from './presets/index.ts';
import { fromTableSql, unfiltered } from './source-sql.ts';
import { keyOfFilter, type NamedSource, nameOfFilter, sourcesOf } from './sources.ts';
import { callsVolatile } from './volatile.ts';

/** An operator's expression. */
interface Expression extends NamedSource {
  readonly sql: string;
}

/**
 * Finds expressions that are not one value of their own row, by canonical name, with the reason. An expression that gives
 * several values, or uses several rows, would falsify every sum of a statement, even those of rules that do not use it.
 * PostgreSQL checks it in WHERE, which accepts one value of the row and nothing else; no row is read. Other faults show when
 * it is read, but for those of the conditions on rows, without which nothing can be read.
 */
export async function refusedExpressions(
  filtered: Mapping,
  session: SqlSession,
): Promise<Map<string, AppError>> {
  const mapping = unfiltered(filtered);
  const refused = new Map<string, AppError>();
  const expressions = sourcesOf(filtered).flatMap((one): Expression[] =>
    typeof one.source === 'string' || isOfPreset(one.source) ? [] : [{ ...one, sql: one.source.sql }],
  );
  for (const expression of expressions) {
    const fault = await faultOf(expression, mapping, session);
    if (fault === null) continue;
    const [what, cure] = fault;
    const { key, sql, name } = expression;
    const message = `${key} ${what}, and not one value of each row: ${sql.replace(/\s+/g, ' ').trim()}`;
    refused.set(name, new AppError('expression_refused', message, { hint: cure }));
  }
  for (const one of filtered.where ?? []) {
    if (refused.has(nameOfFilter(one))) continue;
    const error = await refusalOfRows({ ...mapping, where: [one] }, session);
    if (error === null) continue;
    const message = `${keyOfFilter(one)} cannot be read: ${databaseMessage(error)}`;
    refused.set(nameOfFilter(one), new AppError(error.code, message, { hint: FILTER_CURE, cause: error }));
  }
  return refused;
}

const FILTER_CURE =
  'The keys of `where` are columns of the table, with values of their type; an sql expression must be true or false.';

/** Why the rows that a filter leaves cannot be read. */
async function refusalOfRows(mapping: Mapping, session: SqlSession): Promise<AppError | null> {
  const text = `${fromTableSql(mapping, ['1 AS one'], [])} LIMIT 0`;
  return attempt(session, () => session.query(text)).then(() => null, refusalIn);
}

type Fault = readonly [what: string, cure: string];

const SEVERAL: Fault = [
  'gives any number of values (it is set-returning)',
  "Take one of them, such as (string_to_array(tags, ','))[1], or write them as one text, such as array_to_string(tags, ',').",
];
const REFUSED: Readonly<Record<string, Fault>> = {
  '0A000': SEVERAL,
  '42803': ['is an aggregate of many rows', 'Remove the aggregate: spendwatch sums the values of the rows.'],
  '42P20': [
    'is a window function over many rows',
    'Use a value that the row itself holds, or a view that has it as a column.',
  ],
};
const NOT_ONE: Fault = [
  'is not one expression',
  'Write one expression with its own brackets closed; several values go into several dimensions.',
];
const RECORD: Fault = [
  'is a row of several values',
  'Choose one of them, or join them into one text with concat_ws.',
];
const VOLATILE: Fault = [
  'gives another value at each read',
  'Remove what changes from one read to the next, such as random() or clock_timestamp(): the sums of two reads must agree.',
];

async function faultOf({ sql }: Expression, mapping: Mapping, session: SqlSession): Promise<Fault | null> {
  if (callsVolatile(sql) || (await bodiesCalled(sql, session)).some(callsVolatile)) return VOLATILE;
  const error = await refusalOf(sql, mapping, session);
  if (error !== null) {
    const state = sqlStateOf(error) ?? '';
    // pg_typeof takes one argument, and there is no other function of this name.
    if (state === '42883' && /\bpg_typeof\(/.test(error.message)) return NOT_ONE;
    if (state === '42601') return [`${NOT_ONE[0]} (${databaseMessage(error)})`, NOT_ONE[1]];
    const known = REFUSED[state] ?? null;
    // A store that refuses even NULL, which is certainly a value, cannot be asked this way.
    return known !== null && (await refusalOf('NULL', mapping, session)) === null ? known : null;
  }
  return (await typeOf(`(${sql}\n)`, mapping, session)) === 'record' ? RECORD : null;
}

/**
 * Why PostgreSQL does not accept an expression as a value. It is tried in two kinds of brackets: an expression that closes a
 * bracket and opens another fits one kind at most. The line breaks end a trailing comment.
 */
async function refusalOf(sql: string, mapping: Mapping, session: SqlSession): Promise<AppError | null> {
  const conditions = [`pg_typeof(${sql}\n) IS NULL`, `ARRAY[${sql}\n] IS NULL`];
  // With a parameter the text can only be one statement, whatever the expression contains.
  const text = `${fromTableSql(mapping, ['1 AS one'], [`(${conditions.join(' OR ')})`])} LIMIT $1::integer`;
  return attempt(session, () => session.query(text, [0])).then(() => null, refusalIn);
}

/** The type of an expression in brackets; null when it cannot be read. */
export async function typeOf(sql: string, mapping: Mapping, session: SqlSession): Promise<string | null> {
  const text = `SELECT pg_typeof((${fromTableSql(mapping, [`${sql} AS value`], [])} LIMIT $1::integer))::text AS type`;
  try {
    const [row] = await attempt(session, () => session.query<{ type: string }>(text, [0]));
    return row?.type ?? null;
  } catch (error) {
    refusalIn(error);
    return null;
  }
}

/** The error of a statement that the store refused. Anything else is rethrown. */
function refusalIn(error: unknown): AppError {
  if (isRefusal(error)) return error;
  throw error;
}
