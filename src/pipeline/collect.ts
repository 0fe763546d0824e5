// Queries of all rules, asked together.

import { AppError, asAppError, isRefusal } from '../model/errors.ts';
import { ONE } from '../model/money.ts';
import type { Query, SegmentCell, Series } from '../model/series.ts';
import type { AuditStore, Reading } from '../stores/audit-store.ts';
import { planReads } from '../sums/direct/plan.ts';
import { seriesOf } from '../sums/direct/window-sums.ts';

/** Where queries are answered from: a store, and (where it is kept) what is known of it already. */
export interface Source extends Pick<AuditStore, 'read'> {
  /**
   * Answers what it can from cells that are kept; null for a query that the store itself must answer. `now` is the instant of
   * the poll, where that is later than `before`.
   */
  refresh?(queries: readonly Query[], before: number, now?: number): Promise<Refreshed>;
  /**
   * The answers that the cells of the latest look give as of its end, `before`; null for a query that they do not. Reads
   * nothing, and changes nothing of what is kept.
   */
  known?(queries: readonly Query[], before: number): (Series | null)[];
  /** Up to where it has looked, ms: an earlier look undoes what is known since. Null before the first. */
  refreshedTo?(): number | null;
  /** Reads beforehand what the next look will need, as far as it can, where looks follow each other at once. Never rejects. */
  prepare?(): Promise<void>;
}

/** The answers to some queries, as of one instant. */
export interface Collected {
  /** The time of the newest row before the instant, ms; null for a store without rows. */
  readonly newestRow: number | null;
  /** Rows that the store went through, a row once for every read that held it. */
  readonly rowsRead: number;
  /** One series a query, in the order asked; a query that failed by itself fails alone. */
  readonly series: readonly (Series | AppError)[];
}

/** The same of a source that keeps cells: null for a query that it does not know enough for yet. */
export interface Refreshed extends Omit<Collected, 'series'> {
  readonly series: readonly (Series | AppError | null)[];
}

/** Answers the queries of all rules from cells where the source keeps some, else as the store does. */
export async function collect(source: Source, queries: readonly Query[], before: number): Promise<Refreshed> {
  if (source.refresh === undefined) return collectDirectly(source, queries, before);
  const seen = await source.refresh(queries, before).catch(passedOver);
  return seen ?? collectDirectly(source, queries, before);
}

/**
 * Cells of all rules are read by the same statement, so that a dimension which the store cannot compute would fail every
 * rule. Asked directly each read fails alone. A store that is away or too slow is not asked once more.
 */
function passedOver(error: unknown): null {
  if (isRefusal(error)) return null;
  throw error;
}

/**
 * Asks the queries of all rules together: few reads, one transaction, one state of the store. Throws the store's
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
    if (read === undefined || answer === undefined) throw new RangeError('a read was left unanswered');
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

function callsIn(answer: Reading['answers'][number]): number {
  if (answer instanceof AppError) return 0;
  const cells: readonly SegmentCell[] = 'failed' in answer ? answer.cells : answer;
  return cells.reduce((calls, { cell }) => calls + Number((cell.sums.calls ?? 0n) / ONE), 0);
}
