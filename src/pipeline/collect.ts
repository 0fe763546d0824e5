// Answers the queries of all rules together.

import { AppError, asAppError, isRefusal } from '../model/errors.ts';
import { ONE } from '../model/money.ts';
import type { CellRead, Query, SegmentCell, Series } from '../model/series.ts';
import type { AuditStore, ReadAnswers } from '../stores/audit-store.ts';
import { HourTable, hourParts, partOfHours } from '../sums/direct/hour-table.ts';
import { planReads } from '../sums/direct/plan.ts';
import { type GroupedCells, groupedCells, seriesOf } from '../sums/direct/window-sums.ts';
import { memberOf } from '../sums/series/member.ts';

type ReadAnswer = ReadAnswers['answers'][number];

/** Where queries are answered: the store, and kept sums where there are any. */
export interface Source extends Pick<AuditStore, 'read' | 'costPlace'> {
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
 * Answers the queries of all rules with few reads in one transaction, over one state of the store, and then their hours with
 * some more. Throws the store's AppError when nothing could be read.
 */
export async function collectDirectly(
  source: Pick<Source, 'read'>,
  queries: readonly Query[],
  before: number,
): Promise<Collected> {
  const { newestRow, answered, rowsRead } = await readQueries(source, queries, before);
  /** By the places of the reads: many queries share them. */
  const grouped = new Map<string, GroupedCells>();
  const windows = queries.map((query, i) => {
    const found = answered[i] as ReadCells;
    if (found instanceof Error) return found;
    try {
      const cells = memberOf(grouped, found.map(({ place }) => place).join(), () => groupedCells(found));
      return seriesOf(query, cells);
    } catch (error) {
      return asAppError(error, 'rule_failed');
    }
  });
  const hours = await collectHours(source, queries, before);
  const series = windows.map((own, i): Series | AppError => {
    const table = hours[i] ?? null;
    if (own instanceof Error || table === null) return own;
    return table instanceof Error ? table : { ...own, hours: table.sumsOf(own.keys) };
  });
  return { newestRow, rowsRead, series };
}

/** By query its hours, null where it asks for none. */
async function collectHours(
  source: Pick<Source, 'read'>,
  queries: readonly Query[],
  before: number,
): Promise<(HourTable | AppError | null)[]> {
  const tables = queries.map(({ hours }): HourTable | AppError | null =>
    hours === undefined ? null : new HourTable(hours),
  );
  for (let part = 0; part < hourParts(queries); part += 1) {
    const asked = queries.flatMap((query, place) => {
      const own = tables[place] instanceof HourTable ? partOfHours(query, part) : null;
      return own === null ? [] : [{ place, own }];
    });
    const { answered } = await readQueries(
      source,
      asked.map(({ own }) => own),
      before,
    );
    for (const [i, { place }] of asked.entries()) {
      const found = answered[i] as ReadCells;
      const table = tables[place];
      if (found instanceof Error) tables[place] = found;
      else if (table instanceof HourTable) for (const { read, cells } of found) table.add(read, cells, part);
    }
  }
  return tables;
}

/** The cells that answer a query, by reads; or why it has no answer. */
type ReadCells =
  | readonly { readonly place: number; readonly read: CellRead; readonly cells: readonly SegmentCell[] }[]
  | AppError;

async function readQueries(source: Pick<Source, 'read'>, queries: readonly Query[], before: number) {
  const { reads, readsOf } = planReads(queries);
  const { newestRow, answers } = await source.read(reads, before);
  const answered = queries.map((query, i): ReadCells => {
    const places = readsOf[i] as readonly number[];
    for (const place of places) {
      const fault = faultOf(answers[place], query);
      if (fault !== null) return fault;
    }
    return places.map((place) => ({ place, read: reads[place] as CellRead, cells: cellsIn(answers[place]) }));
  });
  return { newestRow, answered, rowsRead: answers.reduce((rows, answer) => rows + callsIn(answer), 0) };
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
