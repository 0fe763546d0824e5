// The contract of an engine that gives rows: the process adds them up.

import type { Window } from '../../model/window.ts';
import type { IdGap } from '../audit-store.ts';

/** A value as a driver returns it. Booleans of engines that have none are 0 and 1. */
export type RowValue = string | number | bigint | boolean | Uint8Array | null;

/** The time of a call, ms; and its values, one for each source that was asked for, in that order. */
export interface Row {
  readonly at: number;
  readonly values: readonly RowValue[];
}

/** Why a row's time could not be read counts for nothing: such rows are in no span. */
export interface RowSource {
  /**
   * The rows in a span of time, once each, in any order, in batches. `names` are canonical names of columns, dimensions and
   * measures of the file; a name that the mapping lacks reads as NULL. All reads of one source see the same snapshot. Throws an
   * AppError `store_query_failed` or `store_column_missing` when a source cannot be read.
   */
  rows(names: readonly string[], span: Window): AsyncIterable<readonly Row[]>;
  /** The time of the newest row before an instant, ms; null for none. */
  newestRow(before: number): Promise<number | null>;
  /** Whether a span has a row. The cost does not depend on how many. */
  hasRow(span: Window): Promise<boolean>;
  /** The highest insert id, 0 for a table without rows; null where ids are not whole numbers, or there are none. */
  highestId(): Promise<string | null>;
  /** The rows whose insert id is above `after` or in a gap. */
  arrived(after: string, gaps: readonly IdGap[]): AsyncIterable<Arrived>;
}

/** A row by its insert id; its time is null where the row is not read. */
export interface Arrived {
  readonly id: bigint;
  readonly at: number | null;
}
