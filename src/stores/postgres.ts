// An audit table in PostgreSQL or PGlite.

import { type PriceTable, priceTable } from '../model/call-prices.ts';
import { AppError, isRefusal } from '../model/errors.ts';
import type { PriceList } from '../model/price-list.ts';
import type { CellRead } from '../model/series.ts';
import type { Sql, SqlSession } from '../sql/port.ts';
import type { AuditStore, AuditStoreType, Mapping, ReadAnswers, StoreProblem } from './audit-store.ts';
import { type CellSqlRow, cellSql, cellsOf } from './cell-sql.ts';
import { createTable } from './create-table.ts';
import { openDigests } from './digests.ts';
import { futureRows } from './future-rows.ts';
import { insertCalls } from './insert-calls.ts';
import { inspectTable } from './inspect-table.ts';
import { knownTables } from './known-tables.ts';
import { openReads } from './locked-reads.ts';
import { occupiedSql } from './occupied-sql.ts';
import { mappingOf, presetOf, type TableOptions, tableOptions } from './options.ts';
import { pricedColumns } from './price-sql.ts';
import { type Probe, type ReadMeasures, readApart } from './read-apart.ts';
import { snapshotOf } from './snapshot.ts';
import { openSourceFaults } from './source-faults.ts';
import { askedBy } from './sources.ts';
import { newestOf, newestRow, sampleOf, timeTypeOf } from './time-column.ts';
import type { TimeType } from './time-sql.ts';
import { type Failing, watched } from './watched-snapshot.ts';

/** A table in PostgreSQL or PGlite with one row per call. */
export const postgres: AuditStoreType<TableOptions> = {
  type: 'postgres',
  schema: tableOptions,
  mapping: mappingOf,
  open: openStore,
};

function openStore(sql: Sql, options: TableOptions, list: PriceList | null): AuditStore {
  const prices = list === null ? null : priceTable(list);
  const mapping = { ...mappingOf(options), priced: pricedColumns(prices) };
  const preset = presetOf(options);
  const digests = openDigests(mapping);
  const reading = openReads(sql, mapping);
  const faults = openSourceFaults(mapping);
  let known: TimeType | null = null;
  /** After a statement over many sources failed, finds out which source could not be read. */
  const blame = async (failing: Failing | null, error: unknown): Promise<void> => {
    const timeType = known;
    if (failing === null || timeType === null || !isRefusal(error)) return;
    const { asked, ranges } = failing;
    await reading((session) => faults.probe(asked, ranges, timeType, session, () => true))
      // Report the failure of the statement itself, not that of this search.
      .catch(() => undefined);
  };
  return {
    read: (reads, before, withinMs) =>
      reading(async (session) => {
        await faults.check(session);
        const timeType = known ?? (await timeTypeOf(mapping, session));
        known = timeType;
        const newest = withinMs === undefined ? await newestRow(mapping, timeType, before, session) : null;
        const answers: ReadAnswers['answers'][number][] = [];
        for (const read of reads) {
          const probe: Probe = (isTried) =>
            faults.probe(askedBy(read), read.ranges, timeType, session, isTried);
          const cells = readCells(read, mapping, timeType, prices, session);
          answers.push(await readApart(read, faults, session, cells, probe));
        }
        return { newestRow: newest, answers };
      }, withinMs),
    async snapshot(work) {
      let failing: Failing | null = null;
      const open = async (session: SqlSession) => {
        await faults.check(session);
        known ??= await timeTypeOf(mapping, session);
        return snapshotOf(mapping, known, prices, digests, session);
      };
      try {
        return await reading(async (session) =>
          work(watched(await open(session), faults, (one) => (failing = one))),
        );
      } catch (error) {
        if (error instanceof AppError && error.code === 'store_lock_refused') digests.forget();
        await blame(failing, error);
        throw error;
      }
    },
    isFaulty: (query, at) => faults.isFaulty(askedBy(query), at),
    occupied: (spans) =>
      reading(async (session) => {
        known ??= await timeTypeOf(mapping, session);
        const { text, values } = occupiedSql(spans, mapping, known);
        const found = new Set((await session.query<{ n: number }>(text, values)).map(({ n }) => n));
        return spans.filter((_, i) => found.has(i + 1));
      }),
    futureRows: (now) =>
      reading(async (session) => {
        await faults.check(session);
        known ??= await timeTypeOf(mapping, session);
        return futureRows(await newestOf(mapping, known, session), now, mapping, known);
      }),
    inspect: () => inspected(sql, mapping, options),
    createTable: () => createTable(sql, mapping, preset),
    insert: (rows, reject) => insertCalls(sql, mapping, preset, rows, reject),
    close: () => sql.close(),
  };
}

/** The faults and warnings of the table. Where a file without a preset does not fit, what it may have meant is among them. */
async function inspected(
  sql: Sql,
  mapping: Mapping,
  options: TableOptions,
): Promise<readonly StoreProblem[]> {
  const problems = await inspectTable(sql, mapping, (session) => sampleOf(mapping, session));
  const isUsed = options.preset !== undefined || problems.every(({ level }) => level !== 'fault');
  return isUsed ? problems : [...problems, ...(await knownTables(sql, options.table))];
}

/** Reads some of the measures of a read. */
function readCells(
  read: CellRead,
  mapping: Mapping,
  timeType: TimeType,
  prices: PriceTable | null,
  session: SqlSession,
): ReadMeasures {
  return async (measures) => {
    const statement = cellSql({ ...read, measures }, mapping, timeType, prices);
    if (statement === null) return [];
    const rows = await session.query<CellSqlRow>(statement.text, statement.values);
    return cellsOf({ ...read, measures }, rows);
  };
}
