// Inserts calls, for import and demo.

import { AppError } from '../model/errors.ts';
import type { Sql } from '../sql/port.ts';
import { sqlStateOf } from '../sql/sql-error.ts';
import type { CallRow, ColumnSource, Mapping } from './audit-store.ts';
import { noColumn, noTable } from './missing-table.ts';
import type { Preset } from './presets/preset.ts';
import { literal, quoted, tableSql } from './source-sql.ts';
import { EPOCH_DIGITS } from './time-types.ts';

const BATCH = 1_000;

/** The column and type to which a canonical name is written. */
interface Target {
  readonly name: string;
  readonly column: string;
  readonly type: string;
  readonly filled: string | null;
  /** How a time is written into its column; null for what is no time, and for one that takes an instant. */
  readonly time: Mapping['timeKind'];
}

/** A row with its index in the caller's list. */
interface Placed {
  readonly index: number;
  readonly row: CallRow;
}

/** Inserts calls in batches; see AuditStore.insert. */
export async function insertCalls(
  sql: Sql,
  mapping: Mapping,
  preset: Preset | null,
  rows: readonly CallRow[],
  reject?: (index: number, reason: string) => void,
): Promise<number> {
  if (rows.length === 0) return 0;
  const targets = await targetsOf(sql, mapping, preset, rows);
  const key = targets.find((target) => target.name === 'request_id') ?? null;
  const insert = async (batch: readonly Placed[]): Promise<number> => {
    try {
      return await insertBatch(sql, mapping, targets, key, batch);
    } catch (error) {
      if (reject === undefined || !isRowFault(error)) throw error;
      const [only] = batch;
      if (batch.length === 1 && only !== undefined) {
        reject(only.index, (error as AppError).message.replace(/^.*?: /, ''));
        return 0;
      }
      // Halving finds the rows at fault in a few statements, and loses no good row.
      const middle = batch.length >> 1;
      return (await insert(batch.slice(0, middle))) + (await insert(batch.slice(middle)));
    }
  };
  let inserted = 0;
  const fresh = key === null ? rows.map((row, index) => ({ index, row })) : firstOfEach(rows, key);
  for (let i = 0; i < fresh.length; i += BATCH) inserted += await insert(fresh.slice(i, i + BATCH));
  return inserted;
}

/** Data exceptions and violated constraints are faults of the row; any other error would hit the next row too. */
function isRowFault(error: unknown): boolean {
  return /^2[23]/.test(sqlStateOf(error) ?? '');
}

function firstOfEach(rows: readonly CallRow[], key: Target): Placed[] {
  const seen = new Set<string>();
  return rows.flatMap((row, index) => {
    const id = row.request_id;
    if (id === undefined || id === null) return [{ index, row }];
    const text = key.type === 'uuid' ? String(id).toLowerCase() : String(id);
    if (seen.has(text)) return [];
    seen.add(text);
    return [{ index, row }];
  });
}

async function insertBatch(
  sql: Sql,
  mapping: Mapping,
  targets: readonly Target[],
  key: Target | null,
  batch: readonly Placed[],
): Promise<number> {
  const table = tableSql(mapping.table);
  // Cast to the column's type without its length: the assignment then refuses values that are too long, where a cast would
  // truncate them.
  const values = targets.map((target, i) => valueSql(target, `call.v${i}`));
  const arrays = targets.map((_, i) => `$${i + 1}::text[]`).join(', ');
  const names = targets.map((_, i) => `v${i}`).join(', ');
  const i = key === null ? -1 : targets.indexOf(key);
  const unknown =
    key === null
      ? ''
      : ` WHERE NOT EXISTS (SELECT FROM ${table} AS there WHERE there.${quoted(key.column)} = call.v${i}::${key.type})`;
  const [row] = await sql.query<{ n: string }>(
    `WITH inserted AS (INSERT INTO ${table} (${targets.map((target) => quoted(target.column)).join(', ')})
     SELECT ${values.join(', ')} FROM unnest(${arrays}) WITH ORDINALITY AS call(${names}, place)${unknown}
     ORDER BY call.place RETURNING 1)
     SELECT count(*) AS n FROM inserted`,
    targets.map((target) => batch.map(({ row: call }) => textOf(call[target.name]))),
  );
  return Number(row?.n ?? 0);
}

function valueSql(target: Target, value: string): string {
  const cast = `${timeSql(target.time, value)}::${target.type}`;
  if (target.filled !== null) return `COALESCE(${cast}, '${target.filled}')`;
  return target.name === 'request_id' && target.type === 'uuid'
    ? `COALESCE(${cast}, gen_random_uuid())`
    : cast;
}

/** An instant in the words of a column that holds numbers or local times. */
function timeSql(kind: Mapping['timeKind'], value: string): string {
  if (kind === null || typeof kind === 'string') return value;
  const at = `${value}::timestamptz`;
  if ('zone' in kind) return `(${at} AT TIME ZONE ${literal(kind.zone)})`;
  return `trunc(extract(epoch FROM ${at})::numeric * 1e${EPOCH_DIGITS[kind.unit]})`;
}

function textOf(value: string | number | null | undefined): string | null {
  return value === undefined || value === null ? null : String(value);
}

/** The columns that the rows have values for, and those that the table does not allow to be NULL. */
async function targetsOf(
  sql: Sql,
  mapping: Mapping,
  preset: Preset | null,
  rows: readonly CallRow[],
): Promise<Target[]> {
  const sources: Record<string, ColumnSource> = { ...mapping.dimensions, ...mapping.columns };
  const filled: Readonly<Record<string, string>> = preset?.filled ?? {};
  const names = new Set<string>([
    ...Object.keys(filled),
    ...(sources.request_id === undefined ? [] : ['request_id']),
  ]);
  for (const row of rows) for (const name of Object.keys(row)) if (row[name] !== undefined) names.add(name);
  const types = await columnTypes(sql, mapping);
  return [...names]
    .filter((name) => sources[name] !== undefined || !(name in filled))
    .map((name) => {
      const column = writtenColumn(name, sources[name], mapping, preset);
      const type = types.get(column);
      if (type === undefined) {
        throw new AppError('store_column_missing', noColumn(mapping.table, column, name), {
          hint: isLater(column, preset)
            ? 'The table was made by an earlier version: `spendwatch init --create-table` adds the column.'
            : 'Check `columns` and `dimensions` against the columns of the table.',
        });
      }
      return {
        name,
        column,
        type,
        filled: filled[name] ?? null,
        time: name === 'time' ? mapping.timeKind : null,
      };
    });
}

function isLater(column: string, preset: Preset | null): boolean {
  return preset?.own?.later.some(({ name }) => name === column) === true;
}

function writtenColumn(
  name: string,
  source: ColumnSource | undefined,
  mapping: Mapping,
  preset: Preset | null,
): string {
  if (typeof source === 'string') return source;
  const written: Readonly<Record<string, string>> = preset?.written ?? {};
  const own = (preset?.mapping.columns as Readonly<Record<string, ColumnSource>> | undefined)?.[name];
  if (source !== undefined && source === own && written[name] !== undefined) return written[name];
  throw new AppError('column_not_writable', `${mapping.table} has no plain column to write ${name} to.`, {
    hint:
      source === undefined
        ? `Map ${name} under audit.columns.`
        : `${name} is an expression: calls cannot be imported into this table.`,
  });
}

async function columnTypes(sql: Sql, mapping: Mapping): Promise<Map<string, string>> {
  const rows = await sql.query<{ name: string; type: string }>(
    `SELECT attname::text AS name, format_type(atttypid, NULL) AS type FROM pg_attribute
     WHERE attrelid = to_regclass($1) AND attnum > 0 AND NOT attisdropped`,
    [tableSql(mapping.table)],
  );
  if (rows.length === 0) {
    throw new AppError('store_table_missing', noTable(mapping.table), {
      hint: 'Create it with `spendwatch init --create-table`, or check `table` and `preset`.',
    });
  }
  return new Map(rows.map((row) => [row.name, row.type]));
}
