import { AppError, asAppError } from '../model/errors.ts';
import type { CellRead, SegmentCell } from '../model/series.ts';
import type { Sql, SqlSession } from '../sql/port.ts';
import { type ArrivalRow, arrivalsOf, arrivalsSql } from './arrivals-sql.ts';
import type {
  AuditSnapshot,
  AuditStore,
  AuditStoreType,
  Mapping,
  PriceList,
  YoungQuestions,
} from './audit-store.ts';
import { type CallColumnsRow, callColumnsOf, callColumnsSql } from './call-columns-sql.ts';
import { type CellSqlRow, cellSql, cellsOf, instantText, type TimeType } from './cell-sql.ts';
import { createTable } from './create-table.ts';
import { cubeCellsOf, cubeSql } from './cube-sql.ts';
import { type DigestRow, digestsOf } from './digest-sql.ts';
import { type Digests, openDigests } from './digests.ts';
import { insertCalls } from './insert-calls.ts';
import { inspectTable } from './inspect-table.ts';
import { openReads } from './locked-reads.ts';
import { occupiedSql } from './occupied-sql.ts';
import { mappingOf, presetOf, type TableOptions, tableOptions } from './options.ts';
import { columnSql, Parameters, sourceSql, tableSql } from './source-sql.ts';
import { askTogether } from './together-sql.ts';

/** A table in PostgreSQL or PGlite with a row per call. */
export const postgres: AuditStoreType<TableOptions> = {
  type: 'postgres',
  schema: tableOptions,
  mapping: mappingOf,
  open: openStore,
};

function openStore(sql: Sql, options: TableOptions, prices: PriceList | null): AuditStore {
  const mapping = mappingOf(options);
  const preset = presetOf(options);
  const digests = openDigests(mapping);
  const reading = openReads(sql, mapping);
  let known: TimeType | null = null;
  return {
    read: (reads, before) =>
      reading(async (session) => {
        const timeType = known ?? (await timeTypeOf(mapping, session));
        known = timeType;
        const newest = await newestRow(mapping, timeType, before, session);
        const answers: (readonly SegmentCell[] | AppError)[] = [];
        for (const read of reads) answers.push(await answer(read, mapping, timeType, prices, session));
        return { newestRow: newest, answers };
      }),
    snapshot: (work) =>
      reading(async (session) => {
        known ??= await timeTypeOf(mapping, session);
        return work(snapshotOf(mapping, known, prices, digests, session));
      }),
    occupied: (spans) =>
      reading(async (session) => {
        known ??= await timeTypeOf(mapping, session);
        const { text, values } = occupiedSql(spans, mapping, known);
        const found = new Set((await session.query<{ n: number }>(text, values)).map(({ n }) => n));
        return spans.filter((_, i) => found.has(i + 1));
      }),
    inspect: () => inspectTable(sql, mapping),
    createTable: () => createTable(sql, mapping, preset),
    insert: (rows, reject) => insertCalls(sql, mapping, preset, rows, reject),
    close: () => sql.close(),
  };
}

const INTEGERS = ['bigint', 'integer', 'smallint'];

function snapshotOf(
  mapping: Mapping,
  timeType: TimeType,
  prices: PriceList | null,
  digests: Digests,
  session: SqlSession,
): AuditSnapshot {
  /** What the store said to what was asked together. */
  let foreseen: Foreseen | null = null;
  return {
    async foresee(asked) {
      const { cubes, edges, calls } = asked;
      const { after, gaps, youngFrom } = asked.arrivals;
      if (mapping.columns.id === undefined) return;
      const parameters = new Parameters();
      const digest = digests.part(cubes, edges, timeType, parameters);
      if (digest === null) return;
      const parts = [
        digest,
        callColumnsSql(calls, mapping, timeType, prices, parameters).text,
        arrivalsSql(mapping, timeType, after, gaps, youngFrom, parameters).text,
      ];
      try {
        const [short = [], columns = [], arrived = []] = await askTogether(parts, parameters, session);
        foreseen = {
          asked,
          digests: short as DigestRow[],
          calls: (columns[0] ?? {}) as CallColumnsRow,
          arrivals: arrived as ArrivalRow[],
        };
      } catch (error) {
        digests.failed(error);
        throw error;
      }
    },
    newestRow: (before) => newestRow(mapping, timeType, before, session),
    async digests(cubes, edges) {
      if (foreseen?.asked.cubes === cubes && foreseen.asked.edges === edges)
        return digestsOf(foreseen.digests);
      return digests.ask(cubes, edges, timeType, session);
    },
    async cells(cubes, edges, ranges) {
      const statement = cubeSql(cubes, edges, ranges, mapping, timeType, prices);
      if (statement === null) return cubes.map(() => []);
      return cubeCellsOf(cubes, await session.query<CellSqlRow>(statement.text, statement.values));
    },
    async calls(read) {
      if (foreseen?.asked.calls === read) return callColumnsOf(read, foreseen.calls);
      const { text, values } = callColumnsSql(read, mapping, timeType, prices);
      const [row = {}] = await session.query<CallColumnsRow>(text, values);
      return callColumnsOf(read, row);
    },
    async newestId() {
      if (mapping.columns.id === undefined) return null;
      const id = sourceSql(mapping.columns.id);
      const table = tableSql(mapping.table);
      // Only whole numbers have an order in which something can be missing; a UUID is no insert order.
      const [column] = await session.query<{ type: string }>(
        `SELECT pg_typeof((SELECT ${id} FROM ${table} LIMIT 0))::text AS type`,
      );
      if (!INTEGERS.includes(column?.type ?? '')) return null;
      const [row] = await session.query<{ newest: string }>(
        `SELECT COALESCE(max(${id}), 0)::text AS newest FROM ${table}`,
      );
      return row?.newest ?? null;
    },
    async arrivals(after, gaps, youngFrom) {
      const known = foreseen?.asked.arrivals;
      if (
        foreseen !== null &&
        known?.after === after &&
        known.gaps === gaps &&
        known.youngFrom === youngFrom
      ) {
        return arrivalsOf(foreseen.arrivals, after, gaps);
      }
      const { text, values } = arrivalsSql(mapping, timeType, after, gaps, youngFrom);
      return arrivalsOf(await session.query<ArrivalRow>(text, values), after, gaps);
    },
  };
}

interface Foreseen {
  readonly asked: YoungQuestions;
  readonly digests: readonly DigestRow[];
  readonly calls: CallColumnsRow;
  readonly arrivals: readonly ArrivalRow[];
}

/** A read that the database refuses is undone to its savepoint and fails alone; without a connection all of them do. */
async function answer(
  read: CellRead,
  mapping: Mapping,
  timeType: TimeType,
  prices: PriceList | null,
  session: SqlSession,
): Promise<readonly SegmentCell[] | AppError> {
  let inSavepoint = false;
  try {
    const statement = cellSql(read, mapping, timeType, prices);
    if (statement === null) return [];
    await session.query('SAVEPOINT cell_read');
    inSavepoint = true;
    const cells = cellsOf(read, await session.query<CellSqlRow>(statement.text, statement.values));
    await session.query('RELEASE SAVEPOINT cell_read');
    return cells;
  } catch (error) {
    const fault = asAppError(error, 'store_query_failed');
    if (fault.code === 'store_unreachable') throw fault;
    if (inSavepoint) await session.query('ROLLBACK TO SAVEPOINT cell_read; RELEASE SAVEPOINT cell_read');
    return fault;
  }
}

/** The time of the newest row before an instant, ms; by the index, however large the table. */
async function newestRow(
  mapping: Mapping,
  timeType: TimeType,
  before: number,
  session: SqlSession,
): Promise<number | null> {
  const time = columnSql(mapping, 'time', 'NULL');
  const [row] = await session.query<{ newest: string | null }>(
    `SELECT (extract(epoch FROM newest) * 1000)::text AS newest FROM (SELECT max(${time}) AS newest
     FROM ${tableSql(mapping.table)} WHERE ${time} < $1::${timeType} AND ${time} > '-infinity') AS seen`,
    [instantText(before)],
  );
  return row?.newest == null ? null : Math.floor(Number(row.newest));
}

/** What the time column holds: looked up once where the mapping does not say. The sub-select reads no row. */
async function timeTypeOf(mapping: Mapping, session: SqlSession): Promise<TimeType> {
  if (mapping.timeKind !== null) return mapping.timeKind === 'timestamptz' ? 'timestamptz' : 'timestamp';
  const time = sourceSql(mapping.columns.time ?? { sql: 'NULL' });
  const [row] = await session.query<{ type: string }>(
    `SELECT pg_typeof((SELECT ${time} FROM ${tableSql(mapping.table)} LIMIT 0))::text AS type`,
  );
  if (row?.type === 'timestamp with time zone') return 'timestamptz';
  if (row?.type === 'timestamp without time zone') return 'timestamp';
  throw new AppError(
    'store_time_type',
    `The time column of ${mapping.table} is of type ${row?.type}, not a time.`,
    {
      hint: 'Map `time` to a timestamptz or timestamp (UTC) column, or to an expression such as { sql: "to_timestamp(created)" }.',
    },
  );
}
