// Answers the queries of all rules together.

import { AppError, asAppError, isRefusal } from '../model/errors.ts';
import { ONE } from '../model/money.ts';
import type { Query, SegmentCell, Series } from '../model/series.ts';
import type { AuditStore, ReadAnswers } from '../stores/audit-store.ts';
import { planReads } from '../sums/direct/plan.ts';
import { seriesOf } from '../sums/direct/window-sums.ts';

/** Where queries are answered: the store, and kept sums where there are any. */
export interface Source extends Pick<AuditStore, 'read'> {
  /**
   * Brings kept sums up to date and answers from them; null for a query that the store itself must answer. `now` is the time
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
  /** Prefetches what the next refresh will need, where refreshes follow each other at once. Never rejects. */
  prepare?(): Promise<void>;
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
  const plan = planReads(queries);
  const { newestRow, answers } = await source.read(plan.reads, before);
  const series = queries.map((query, i) => {
    const index = plan.readOf[i] as number;
    const read = plan.reads[index];
    const answer = answers[index];
    if (read === undefined || answer === undefined) throw new RangeError('a read has no answer');
    if (answer instanceof AppError) return answer;
    try {
      if (!('failed' in answer)) return seriesOf(query, read, answer);
      const { cells, failed } = answer;
      const lost = query.measures.find((measure) => failed.has(measure));
      if (lost !== undefined) return failed.get(lost) as AppError;
      const measures = read.measures.filter((measure) => !failed.has(measure));
      return seriesOf(query, { ...read, measures }, cells);
    } catch (error) {
      return asAppError(error, 'rule_failed');
    }
  });
  const rowsRead = answers.reduce((rows, answer) => rows + callsIn(answer), 0);
  return { newestRow, rowsRead, series };
}

function callsIn(answer: ReadAnswers['answers'][number]): number {
  if (answer instanceof AppError) return 0;
  const cells: readonly SegmentCell[] = 'failed' in answer ? answer.cells : answer;
  return cells.reduce((calls, { cell }) => calls + Number((cell.sums.calls ?? 0n) / ONE), 0);
}
