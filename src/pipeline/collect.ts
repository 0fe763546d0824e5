// Answers the queries of all rules together.

import { AppError, asAppError, isRefusal } from '../model/errors.ts';
import { ONE } from '../model/money.ts';
import type { CellRead, Query, SegmentCell, Series } from '../model/series.ts';
import type { AuditStore, ReadAnswers } from '../stores/audit-store.ts';
import { planReads } from '../sums/direct/plan.ts';
import { type GroupedCells, groupedCells, seriesOf } from '../sums/direct/window-sums.ts';
import { memberOf } from '../sums/series/member.ts';

type ReadAnswer = ReadAnswers['answers'][number];

/** Where queries are answered: the store, and kept sums where there are any. */
export interface Source extends Pick<AuditStore, 'read'> {
  /**
   * Brings kept sums up to date and answers from them; null for a query that they cannot answer yet. `now` is the time
   * of the poll, where that is later than `before`.
   */
  refresh?(queries: readonly Query[], before: number, now?: number): Promise<Refreshed>;
  /**
   * Answers from the sums of the latest refresh, as of its end `before`; null for a query that they cannot answer. Reads and
   * changes nothing.
   */
  known?(queries: readonly Query[], before: number): (Series | null)[];
  /**
   * Up to where the sums are refreshed, ms; null before the first refresh. A refresh to an earlier time discards what is
   * later.
   */
  refreshedTo?(): number | null;
  /** Reads what the sums lack for the latest queries and for the next refresh, for `budgetMs` at most. Never rejects. */
  backfill?(budgetMs: number): Promise<void>;
}

/** The answers to some queries, as of one instant. */
export interface Collected {
  /** The time of the newest row before the instant, ms; null for a store without rows. */
  readonly newestRow: number | null;
  /** Rows that the store scanned. A row counts once for every read that held it. */
  readonly rowsRead: number;
  /** One series per query, in the order asked. A query that fails by itself fails alone. */
  readonly series: readonly (Series | AppError)[];
}

/** The same from kept sums: null for a query that they do not cover yet. */
export interface Refreshed extends Omit<Collected, 'series'> {
  readonly series: readonly (Series | AppError | null)[];
}

/** Answers the queries of all rules from kept sums where there are any, otherwise from the store. */
export async function collect(source: Source, queries: readonly Query[], before: number): Promise<Refreshed> {
  if (source.refresh === undefined) return collectDirectly(source, queries, before);
  const refreshed = await source.refresh(queries, before).catch(nullWhenRefused);
  return refreshed ?? collectDirectly(source, queries, before);
}

/**
 * After a refresh was refused, the store is read directly. A refresh reads the sums of all rules in one statement, so that
 * one dimension which the store cannot compute fails every rule; direct reads fail one by one. Where the store is
 * unreachable or too slow, the error is thrown: asking again would not help.
 */
function nullWhenRefused(error: unknown): null {
  if (isRefusal(error)) return null;
  throw error;
}

/**
 * Answers the queries of all rules with few reads in one transaction, over one state of the store. Throws the store's
 * AppError when nothing could be read.
 */
export async function collectDirectly(
  source: Pick<Source, 'read'>,
  queries: readonly Query[],
  before: number,
): Promise<Collected> {
  const { reads, readsOf } = planReads(queries);
  const { newestRow, answers } = await source.read(reads, before);
  /** By the places of the reads: many queries share them. */
  const grouped = new Map<string, GroupedCells>();
  const series = queries.map((query, i) => {
    const places = readsOf[i] as readonly number[];
    for (const place of places) {
      const fault = faultOf(answers[place], query);
      if (fault !== null) return fault;
    }
    try {
      const answered = (): GroupedCells =>
        groupedCells(
          places.map((place) => ({ read: reads[place] as CellRead, cells: cellsIn(answers[place]) })),
        );
      return seriesOf(query, memberOf(grouped, places.join(), answered));
    } catch (error) {
      return asAppError(error, 'rule_failed');
    }
  });
  const rowsRead = answers.reduce((rows, answer) => rows + callsIn(answer), 0);
  return { newestRow, rowsRead, series };
}

/** Why an answer does not tell a query; null where it does. */
function faultOf(answer: ReadAnswer | undefined, { measures }: Query): AppError | null {
  if (answer === undefined) throw new RangeError('a read has no answer');
  if (answer instanceof AppError) return answer;
  if (!('failed' in answer)) return null;
  const lost = measures.find((measure) => answer.failed.has(measure));
  return lost === undefined ? null : (answer.failed.get(lost) as AppError);
}

function cellsIn(answer: ReadAnswer | undefined): readonly SegmentCell[] {
  if (answer === undefined || answer instanceof AppError) return [];
  return 'failed' in answer ? answer.cells : answer;
}

function callsIn(answer: ReadAnswer): number {
  return cellsIn(answer).reduce((calls, { cell }) => calls + Number((cell.sums.calls ?? 0n) / ONE), 0);
}
