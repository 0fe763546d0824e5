// The process that has a SQLite file open: its driver cannot be interrupted, so the process is ended instead.

import { priceTable } from '../../model/call-prices.ts';
import { AppError } from '../../model/errors.ts';
import type { PriceList } from '../../model/price-list.ts';
import type { Mapping, StoreProblem } from '../audit-store.ts';
import { type RowReader, rowReader } from '../rows/row-reader.ts';
import { tableArrivals } from './arrivals.ts';
import { loadDriver, type SqliteDatabase } from './driver.ts';
import { inspectFile } from './inspect.ts';
import { pathFault, sqliteError } from './sqlite-error.ts';
import { rowsOf, tableRows } from './table.ts';

/** What the process is started for. */
export interface ReaderOptions {
  readonly path: string;
  /** The path for errors, as written in the file. */
  readonly shown: string;
  readonly mapping: Mapping;
  /** Whether the file names a preset. */
  readonly hasPreset: boolean;
  readonly prices: PriceList | null;
  /** How long to wait for a lock. */
  readonly busyMs: number;
}

/** What can be asked: a snapshot is begun and ended around questions. */
export type ReaderQuestion = keyof RowReader | 'begin' | 'end' | 'inspect';

export interface ReaderRequest {
  readonly id: number;
  readonly question: ReaderQuestion;
  readonly values: readonly unknown[];
}

export interface ReaderReply {
  readonly id: number;
  readonly answer?: unknown;
  readonly fault?: { readonly code: string; readonly message: string; readonly hint: string | null };
}

/** Answers questions one after the other. The file is opened anew for each snapshot, because it may have been replaced. */
export function openReader(options: ReaderOptions): (request: ReaderRequest) => Promise<ReaderReply> {
  let open: { readonly database: SqliteDatabase; readonly reader: RowReader } | null = null;
  const end = (): void => {
    open?.database.close();
    open = null;
  };
  const answerTo = async ({ question, values }: ReaderRequest): Promise<unknown> => {
    if (question === 'end') return end();
    if (question === 'begin') {
      end();
      const { database, isWal } = await openFile(options);
      const { mapping, prices, shown } = options;
      const faultIn = (error: unknown): AppError => sqliteError(error, shown);
      const pricing = { prices: prices === null ? null : priceTable(prices), priced: mapping.priced ?? [] };
      // In WAL mode readers and writers do not wait for each other, so a snapshot may last.
      if (isWal) database.exec('BEGIN');
      open = {
        database,
        reader: lazyReader(() =>
          rowReader(
            { ...tableRows(database, mapping, isWal), ...tableArrivals(database, mapping) },
            pricing,
            faultIn,
          ),
        ),
      };
      return undefined;
    }
    if (question === 'inspect') return inspect(options);
    if (open === null) throw new AppError('store_query_failed', 'no snapshot has begun');
    const answer = await Reflect.apply(open.reader[question], open.reader, values);
    if (question !== 'unreadable') return answer;
    return (answer as (readonly [string, AppError])[]).map(([name, fault]) => [name, faultOf(fault)]);
  };
  return async (request) => {
    try {
      return { id: request.id, answer: await answerTo(request) };
    } catch (error) {
      return { id: request.id, fault: faultOf(sqliteError(error, options.shown)) };
    }
  };
}

function faultOf({ code, message, hint }: AppError): NonNullable<ReaderReply['fault']> {
  return { code, message, hint };
}

async function openFile({
  path,
  shown,
  busyMs,
}: ReaderOptions): Promise<{ database: SqliteDatabase; isWal: boolean }> {
  const { DatabaseSync } = await loadDriver();
  const fault = await pathFault(path, shown);
  if (fault !== null) throw fault;
  const database = new DatabaseSync(path, { readOnly: true });
  try {
    database.exec(
      `PRAGMA busy_timeout = ${Math.trunc(busyMs)}; PRAGMA query_only = 1; PRAGMA trusted_schema = 0`,
    );
    const [[mode] = ['']] = rowsOf(database.prepare('PRAGMA journal_mode'), []);
    return { database, isWal: mode === 'wal' };
  } catch (error) {
    database.close();
    throw error;
  }
}

/** The table is looked up by the first question, so that a missing one is the fault of a question. */
function lazyReader(make: () => RowReader): RowReader {
  let made: RowReader | null = null;
  const reader = (): RowReader => {
    made ??= make();
    return made;
  };
  return {
    newestRow: async (before) => reader().newestRow(before),
    hasRow: async (span) => reader().hasRow(span),
    cells: async (read) => reader().cells(read),
    buckets: async (aggregates, edges, ranges) => reader().buckets(aggregates, edges, ranges),
    calls: async (read) => reader().calls(read),
    digests: async (aggregates, edges) => reader().digests(aggregates, edges),
    newestId: async () => reader().newestId(),
    arrivals: async (after, gaps, openFrom) => reader().arrivals(after, gaps, openFrom),
    unreadable: async (names, ranges) => reader().unreadable(names, ranges),
  };
}

async function inspect(options: ReaderOptions): Promise<StoreProblem[]> {
  const { database, isWal } = await openFile(options);
  try {
    const { mapping, hasPreset } = options;
    return await inspectFile(database, mapping, {
      hasPreset,
      open: () => tableRows(database, mapping, isWal),
    });
  } finally {
    database.close();
  }
}
