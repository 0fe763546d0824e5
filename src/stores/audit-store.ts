// The contract: read, inspect, createTable, insert.

import type { z } from 'zod';
import type { CallColumns, CallRead } from '../model/call-columns.ts';
import type { Column } from '../model/columns.ts';
import type { Cube } from '../model/cube.ts';
import type { AppError } from '../model/errors.ts';
import type { Measure } from '../model/measure.ts';
import type { CellRead, Dimension, GroupKey, Query, SegmentCell } from '../model/series.ts';
import type { Window } from '../model/window.ts';
import type { Sql } from '../sql/port.ts';

/** A column name, or a trusted SQL expression over the table's columns. */
export type ColumnSource = string | { readonly sql: string };

/** Where the canonical columns are found in a table. What is absent cannot be asked for. */
export interface Mapping {
  /** `table` or `schema.table`, unquoted; every part is quoted in SQL. */
  readonly table: string;
  readonly columns: Readonly<Partial<Record<Column, ColumnSource>>>;
  /** Further names to group and filter by. */
  readonly dimensions: Readonly<Record<Dimension, ColumnSource>>;
  /**
   * How the raw time column stores instants; decides how a window's bounds are converted (never the column). Null:
   * the store looks at the column's type, and takes one without a zone for UTC.
   */
  readonly timeKind: 'timestamptz' | 'timestamp_utc' | null;
  /** Raw columns that older versions of the table lack, with their SQL type: there they read as NULL. */
  readonly optional?: Readonly<Record<string, string>>;
}

/** USD per million tokens, as decimal text; keys are model names or patterns with `*`. */
export type PriceList = Readonly<Record<string, { readonly input: string; readonly output: string }>>;

/** One instant's view of a store: every read of a poll sees the same rows. */
export interface Reading {
  /** The time of the newest row before `before`, ms; null for a store without rows. */
  readonly newestRow: number | null;
  /** One answer a read, in the order asked; a read that failed by itself fails alone. */
  readonly answers: readonly (readonly SegmentCell[] | PartialCells | AppError)[];
}

/** The answer to a read when some measures could not be read: the sums of the others, and by measure why it failed. */
export interface PartialCells {
  readonly cells: readonly SegmentCell[];
  readonly failed: ReadonlyMap<Measure, AppError>;
}

/** A cell of a cube: `sums` are exact decimals as text, in the order of the cube's measures. */
export interface CubeCell {
  readonly segment: number;
  readonly key: GroupKey;
  readonly sums: readonly string[];
}

/** The rows of a segment in short: another digest where anything differs that the cells of the cubes asked are made of. */
export interface SegmentDigest {
  readonly segment: number;
  readonly calls: number;
  /** Says nothing but whether it is the same, and only beside digests of the same cubes. */
  readonly digest: string;
  /** The time of the newest row, ms. */
  readonly newestRow: number;
}

/** Ids that were not there when ids around them were: from `from` to `to`, both included. */
export interface IdGap {
  readonly from: string;
  readonly to: string;
}

/** Rows that came since the last look, by insert id. */
export interface Arrivals {
  /** The highest id there is. */
  readonly newest: string;
  /**
   * Whether the highest id is below the last one seen. The table was emptied, or another one has taken its place, and nothing
   * known about its ids is true any more.
   */
  readonly startAgain: boolean;
  /** Ids that are missing below `newest`, in what was looked at. */
  readonly gaps: readonly IdGap[];
  /** Beginnings (ms) of the hours that rows older than the young ones fell in. */
  readonly hours: readonly number[];
}

/** One state of a store: all questions are answered from the same rows, in one read-only transaction. */
export interface AuditSnapshot {
  /** The time of the newest row before `before`, ms; null for none. */
  newestRow(before: number): Promise<number | null>;
  /** The cells of all cubes in one grouped read; `edges` and `ranges` as in a CellRead. */
  cells(cubes: readonly Cube[], edges: readonly number[], ranges: readonly Window[]): Promise<CubeCell[][]>;
  /** The calls of a stretch of time in columns, for one who wants most of them: one answer, however many there are. */
  calls(read: CallRead): Promise<CallColumns>;
  /**
   * What changed since an earlier snapshot; null for a store that cannot tell. Kept sums then read all rows within the
   * lateness at every poll, and find older changes when they are reconciled.
   */
  readonly changes: RollupSource | null;
}

/** Tells what changed in a table, so that kept sums read only that. Part of a snapshot. */
export interface RollupSource {
  /**
   * One digest for each segment between `edges` that has rows, ascending, in whatever order the rows are. It goes through
   * them all, but sends none: far cheaper than cells, of which only those need to be asked for whose digest differs.
   */
  digests(cubes: readonly Cube[], edges: readonly number[]): Promise<SegmentDigest[]>;
  /** The highest insert id, 0 for a table without rows; null where the mapping has no id. */
  newestId(): Promise<string | null>;
  /** What came after `after` and into `gaps`; rows at or after `openFrom` (ms) name no hour. */
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
  /** For a title: what is so, without a capital and a full stop. */
  readonly summary: string;
  readonly message: string;
  readonly hint: string;
}

/** A call to be written by `import` and the demo, in canonical names; absent is NULL. Numbers may be decimal text. */
export type CallRow = Readonly<Partial<Record<Column | Dimension, string | number | null>>>;

/**
 * A place where AI calls are recorded. Reads happen in one read-only transaction with a statement timeout and the
 * session zone UTC. `read` throws an AppError `store_unreachable` or `store_timeout` when nothing could be read.
 */
export interface AuditStore {
  /**
   * All reads of a poll together, so that an implementation can serve many with one scan. A column or expression that cannot
   * be read, or that is not one value of its own row, fails only the measures and dimensions that are made of it. With `withinMs`,
   * the database cancels statements that run for longer, and the newest row is not looked up.
   */
  read(reads: readonly CellRead[], before: number, withinMs?: number): Promise<Reading>;
  /**
   * Whether a source of a query could not be read lately, as of an instant (ms). Such a query must not share a statement with
   * others; `read` finds out when the source can be read again. Reads nothing.
   */
  isFaulty(query: Pick<Query, 'measures' | 'groupBy' | 'where'>, at: number): boolean;
  /** The newest row if it is further ahead of `now` (ms) than clocks differ; else null. A look-up in the index. */
  futureRows(now: number): Promise<FutureRows | null>;
  /** Those of the spans (ascending) that have a row; costs the store the same however many rows they have. */
  occupied(spans: readonly Window[]): Promise<readonly Window[]>;
  /** Several questions over one state of the store. Throws as `read` does. */
  snapshot<T>(work: (snapshot: AuditSnapshot) => Promise<T>): Promise<T>;
  /** Table, columns, permissions and indexes, for `validate --connect`. */
  inspect(): Promise<readonly StoreProblem[]>;
  /** Creates the default table and its indexes if they are not there; returns what was created. */
  createTable(): Promise<readonly string[]>;
  /**
   * Inserts calls, skipping those whose request_id is there; returns how many were inserted. A row that the table
   * refuses (too long, out of range) is told to `reject` with its place in `rows`, and the others go in; without
   * `reject` the first such row ends it.
   */
  insert(rows: readonly CallRow[], reject?: (index: number, reason: string) => void): Promise<number>;
  close(): Promise<void>;
}

/** A member of the registry. `preset` fills in the mapping where alerts.yaml names no table. */
export interface AuditStoreType<Options = unknown> {
  readonly type: string;
  readonly schema: z.ZodType<Options>;
  /** Column mapping that results from the options: what rules may ask for, known without opening anything. */
  mapping(options: Options): Mapping;
  open(sql: Sql, options: Options, prices: PriceList | null): AuditStore;
}
