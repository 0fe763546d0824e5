// The contract: read, inspect, createTable, insert.

import type { z } from 'zod';
import type { Aggregate } from '../model/aggregate.ts';
import type { CallColumns, CallRead } from '../model/call-columns.ts';
import type { Column } from '../model/columns.ts';
import type { UrlFault } from '../model/database-url.ts';
import type { AppError } from '../model/errors.ts';
import type { Measure } from '../model/measure.ts';
import type { PriceList } from '../model/price-list.ts';
import type { CellRead, Condition, Dimension, Query, SegmentCell } from '../model/series.ts';
import type { Window } from '../model/window.ts';
import type { Sql } from '../sql/port.ts';

/** A column name, or a trusted SQL expression over the table's columns. */
export type ColumnSource = string | { readonly sql: string };

/** What a row must meet to be read: a column has, or has not, one of some values; or a trusted SQL expression is true. */
export type RowFilter = { readonly sql: string } | { readonly column: string; readonly values: Condition };

export type EpochUnit = 's' | 'ms' | 'us' | 'ns';

/** Where the canonical columns are in a table. A column that is absent cannot be queried. */
export interface Mapping {
  /** `table` or `schema.table`, unquoted; every part is quoted in SQL. */
  readonly table: string;
  readonly columns: Readonly<Partial<Record<Column, ColumnSource>>>;
  /** Further names to group and filter by. */
  readonly dimensions: Readonly<Record<Dimension, ColumnSource>>;
  /** What is measured besides the canonical columns, by name. */
  readonly measures?: Readonly<Record<string, ColumnSource>>;
  /**
   * How the time column stores instants, which decides how a window's bounds are converted (never the column). Null: the
   * store reads the column's type, and treats one without a zone as UTC. `unit`: numbers since 1970. `zone`: the local time of
   * that zone, of which an hour that comes twice is the first one.
   */
  readonly timeKind:
    | 'timestamptz'
    | 'timestamp_utc'
    | { readonly unit: EpochUnit }
    | { readonly zone: string }
    | null;
  /** Which rows of the table are calls: those that meet every condition. Absent for all. */
  readonly where?: readonly RowFilter[];
  /** Columns that older versions of the table lack, with their SQL type. Where missing they read as NULL. */
  readonly optional?: Readonly<Record<string, string>>;
  /** The columns on which the prices of the list in use depend, besides the model and the tokens of input and output. */
  readonly priced?: readonly Column[];
}

/** The answers to the reads of a poll, all from one snapshot of the store. */
export interface ReadAnswers {
  /** The time of the newest row before `before`, ms; null for a store without rows. */
  readonly newestRow: number | null;
  /** One answer per read, in the order asked. A read that fails by itself fails alone. */
  readonly answers: readonly (readonly SegmentCell[] | PartialCells | AppError)[];
}

/**
 * The answer to a read when some measures could not be read: the sums of the others, and the error of each failed measure.
 */
export interface PartialCells {
  readonly cells: readonly SegmentCell[];
  readonly failed: ReadonlyMap<Measure, AppError>;
}

/** A digest of a segment's rows. It changes when anything changes from which the sums of the given aggregates are computed. */
export interface SegmentDigest {
  readonly segment: number;
  readonly calls: number;
  /** Meaningful only in comparison with digests of the same aggregates. */
  readonly digest: string;
  /** The time of the newest row, ms. */
  readonly newestRow: number;
}

/** A gap in the insert ids: missing ids from `from` to `to`, both included. */
export interface IdGap {
  readonly from: string;
  readonly to: string;
}

/** Rows inserted since the last refresh, by insert id. */
export interface Arrivals {
  /** The highest id in the table. */
  readonly newest: string;
  /**
   * Whether the highest id is below the last known one: the table was emptied or replaced, and everything known about its
   * ids is void.
   */
  readonly startAgain: boolean;
  /** Ids that are missing below `newest`, within the searched spans. */
  readonly gaps: readonly IdGap[];
  /** The beginnings (ms) of the hours of the arrived rows that are older than the lateness. */
  readonly hours: readonly number[];
}

/** One snapshot of a store: all questions are answered from the same rows, in one read-only transaction. */
export interface AuditSnapshot {
  /** The time of the newest row before `before`, ms; null for none. */
  newestRow(before: number): Promise<number | null>;
  /**
   * The sums of all aggregates in one grouped read, in columns: calls that agree in segment and in an aggregate's dimensions
   * are one line. `edges` and `ranges` as in a CellRead. Decimals finer than 10^-12 are truncated.
   */
  buckets(
    aggregates: readonly Aggregate[],
    edges: readonly number[],
    ranges: readonly Window[],
  ): Promise<CallColumns[]>;
  /** The calls in a span of time as columns, for a caller who needs most of them: one answer, however many there are. */
  calls(read: CallRead): Promise<CallColumns>;
  /**
   * Tells what changed since an earlier snapshot; null for a store that cannot. Kept sums then read all rows within the
   * lateness at every poll, and find older changes when they are reconciled.
   */
  readonly changes: RollupSource | null;
}

/** Tells what changed in a table, so that kept sums read only that. Part of a snapshot. */
export interface RollupSource {
  /**
   * One digest for each segment between `edges` that has rows, ascending; independent of the order of rows. The store scans
   * all rows but sends none, which is far cheaper than sums: only those whose digest differs are then read.
   */
  digests(aggregates: readonly Aggregate[], edges: readonly number[]): Promise<SegmentDigest[]>;
  /** The highest insert id, 0 for a table without rows; null where the mapping has no id. */
  newestId(): Promise<string | null>;
  /** The rows that arrived above `after` and in `gaps`. Rows at or after `openFrom` (ms) add no hour. */
  arrivals(after: string, gaps: readonly IdGap[], openFrom: number): Promise<Arrivals>;
}

/** A fault or a warning that `validate --connect` found in a store. */
export interface StoreProblem {
  readonly level: 'fault' | 'warning';
  readonly message: string;
  readonly hint: string;
}

/** The newest row of a store when it is ahead of the clock, with a message for people and what to do. */
export interface FutureRows {
  /** Its time, and how far ahead that is, ms. */
  readonly newestRow: number;
  readonly aheadMs: number;
  /** For a title: a clause without capital and full stop. */
  readonly summary: string;
  readonly message: string;
  readonly hint: string;
}

/** A call to be written by `import` and the demo, by canonical names; absent means NULL. Numbers may be decimal text. */
export type CallRow = Readonly<Partial<Record<Column | Dimension, string | number | null>>>;

/**
 * A table in which AI calls are recorded. Reads happen in one read-only transaction with a statement timeout and the session
 * zone UTC. `read` throws an AppError `store_unreachable` or `store_timeout` when nothing could be read.
 */
export interface AuditStore {
  /**
   * Answers all reads of a poll together, so that an implementation can serve many with one scan. A column or expression
   * that cannot be read, or that is not one value of its own row, fails only the measures and dimensions that are made of
   * it. With `withinMs`, the database cancels statements that run for longer, and the newest row is not looked up.
   */
  read(reads: readonly CellRead[], before: number, withinMs?: number): Promise<ReadAnswers>;
  /**
   * Where the cost is mapped, as errors name it, for a store that takes a cost which is no number for an unknown one and counts
   * such (`unreadable`). Other stores refuse to read it.
   */
  readonly costPlace?: string;
  /**
   * Whether a source of a query could not be read lately, as of an instant (ms). Such a query must not share a statement
   * with others; `read` detects when the source is readable again. Runs no statement.
   */
  isFaulty(query: Pick<Query, 'measures' | 'groupBy' | 'where'>, at: number): boolean;
  /** The newest row if it is further ahead of `now` (ms) than clocks differ; else null. An index look-up. */
  futureRows(now: number): Promise<FutureRows | null>;
  /** Those of the spans (ascending) that have a row. The cost does not depend on how many rows they have. */
  occupied(spans: readonly Window[]): Promise<readonly Window[]>;
  /** Answers several questions from one snapshot of the store. Throws as `read` does. */
  snapshot<T>(work: (snapshot: AuditSnapshot) => Promise<T>): Promise<T>;
  /** Checks table, columns, permissions and indexes, for `validate --connect`. */
  inspect(): Promise<readonly StoreProblem[]>;
  /** Creates the default table and its indexes if they are missing; returns the names of what was created. */
  createTable(): Promise<readonly string[]>;
  /**
   * Inserts calls, skipping those whose request_id is there; returns how many were inserted. A row that the table refuses
   * (too long, out of range) is passed to `reject` with its index in `rows`, and the others are inserted; without `reject`
   * the first such row fails the call.
   */
  insert(rows: readonly CallRow[], reject?: (index: number, reason: string) => void): Promise<number>;
  close(): Promise<void>;
}

/** A kind of store in the registry. `preset` fills in the mapping where alerts.yaml names no table. */
export interface AuditStoreType<Options = unknown> {
  readonly type: string;
  readonly schema: z.ZodType<Options>;
  /** The column mapping that the options give: what rules may query, known without opening a connection. */
  mapping(options: Options): Mapping;
  open(sql: Sql, options: Options, prices: PriceList | null): AuditStore;
}

/** Where an engine with a driver of its own finds its data. */
export interface EnginePlace {
  /** The folder to which a path in the URL is relative. */
  readonly baseDir: string;
  readonly statementTimeoutMs: number;
}

/** The schemes of engines with a driver of their own. */
export type EngineScheme = 'sqlite' | 'mysql' | 'clickhouse';

/** A kind of store that does not go through the SQL port. The scheme of `audit.url` chooses it; its driver loads when it is first asked. */
export interface AuditEngine<Options = unknown> {
  readonly scheme: EngineScheme;
  /** How such a URL is written, for errors. */
  readonly shape: string;
  /** What a URL names, for people, without a password. With `dir`, the folder of the file, a path is absolute. */
  placeOf(url: string, dir?: string): string;
  /** What is wrong with a URL, without quoting a part of it; absent where any text will do. */
  urlFault?(url: string): UrlFault | null;
  mapping(options: Options): Mapping;
  open(url: string, place: EnginePlace, options: Options, prices: PriceList | null): AuditStore;
}
