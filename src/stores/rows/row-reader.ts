// The questions of a snapshot, answered by adding up the rows of a source.

import type { Aggregate } from '../../model/aggregate.ts';
import type { CallColumns, CallRead } from '../../model/call-columns.ts';
import { type AppError, isRefusal } from '../../model/errors.ts';
import type { CellRead, SegmentCell } from '../../model/series.ts';
import type { Window } from '../../model/window.ts';
import type { RollupSource } from '../audit-store.ts';
import { addUpRows, bucketsOf, callsOf, cellsOf, type ReadLines, type RowPricing } from './answers.ts';
import { arrivalsOf, digestsOf } from './changes.ts';
import type { RowSource } from './row-source.ts';

/** Questions and answers are plain values, so that another process can answer. */
export interface RowReader extends RollupSource {
  newestRow(before: number): Promise<number | null>;
  hasRow(span: Window): Promise<boolean>;
  cells(read: CellRead): Promise<SegmentCell[]>;
  buckets(
    aggregates: readonly Aggregate[],
    edges: readonly number[],
    ranges: readonly Window[],
  ): Promise<CallColumns[]>;
  calls(read: CallRead): Promise<CallColumns>;
  /** Those of the sources that cannot be read in the ranges, and why. */
  unreadable(names: readonly string[], ranges: readonly Window[]): Promise<(readonly [string, AppError])[]>;
}

/** `faultOf` turns the driver's errors into AppErrors. `linesOf` is another way to add up calls than by their rows. */
export function rowReader(
  source: RowSource,
  pricing: RowPricing,
  faultOf: (error: unknown) => AppError,
  linesOf: ReadLines = (asked, rows) => addUpRows(source, asked, rows, pricing),
): RowReader {
  return {
    newestRow: (before) => source.newestRow(before),
    hasRow: (span) => source.hasRow(span),
    cells: (read) => cellsOf(linesOf, read),
    buckets: (aggregates, edges, ranges) => bucketsOf(linesOf, aggregates, { edges, ranges }),
    calls: (read) => callsOf(linesOf, read),
    digests: (aggregates, edges) => digestsOf(source, aggregates, edges, pricing),
    newestId: () => source.highestId(),
    arrivals: (after, gaps, openFrom) => arrivalsOf(source, after, gaps, openFrom),
    async unreadable(names, ranges) {
      const found: (readonly [string, AppError])[] = [];
      for (const name of names) {
        try {
          for (const range of ranges) for await (const _ of source.rows([name], range));
        } catch (error) {
          const fault = faultOf(error);
          if (!isRefusal(fault)) throw fault;
          found.push([name, fault]);
        }
      }
      return found;
    },
  };
}
