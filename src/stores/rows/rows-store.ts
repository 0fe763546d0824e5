// An audit store over an engine whose rows the process adds up.

import { AppError, asAppError, isRefusal } from '../../model/errors.ts';
import { type Measure, originOf } from '../../model/measure.ts';
import type { CellRead, Dimension } from '../../model/series.ts';
import type { Window } from '../../model/window.ts';
import type {
  AuditSnapshot,
  AuditStore,
  FutureRows,
  Mapping,
  ReadAnswers,
  StoreProblem,
} from '../audit-store.ts';
import { askedBy, sourceNamesOf } from '../sources.ts';
import type { RowReader } from './row-reader.ts';

/** What such an engine gives. */
export interface RowEngine {
  /** How the engine is called in errors, such as SQLite. */
  readonly name: string;
  /** Asks questions of one snapshot. With `withinMs`, a question that takes longer is given up. */
  reading<T>(work: (reader: RowReader) => Promise<T>, withinMs?: number): Promise<T>;
  /** As in AuditStore, where one question for all spans costs less. */
  occupied?(spans: readonly Window[]): Promise<readonly Window[]>;
  futureRows(newestRow: number | null, now: number): FutureRows | null;
  inspect(): Promise<readonly StoreProblem[]>;
  close(): Promise<void>;
}

/** Sources that failed are read apart for as long, by the time of the rows. */
const APART_MS = 2 * 3_600_000;
const LAST_INSTANT = 8_640_000_000_000_000;

export function rowsStore(engine: RowEngine, mapping: Mapping): AuditStore {
  /** By canonical name, the end of the last range in which a source could not be read. */
  const failedAt = new Map<string, number>();
  const readOnly = async (): Promise<never> => {
    throw new AppError(
      'store_read_only',
      `${engine.name} is only read: nothing is created or inserted there.`,
      {
        hint: 'Import into PostgreSQL or an embedded store (pglite:FOLDER).',
      },
    );
  };
  const answer = async (read: CellRead, reader: RowReader): Promise<ReadAnswers['answers'][number]> => {
    try {
      refuseUnknown([...read.groupBy, ...Object.keys(read.where)], read.measures, mapping);
      return await reader.cells(read);
    } catch (error) {
      if (!isRefusal(error)) throw error;
      return answerApart(read, reader, asAppError(error, 'store_query_failed'));
    }
  };
  /** The sums of the measures that can be read. */
  const answerApart = async (
    read: CellRead,
    reader: RowReader,
    fault: AppError,
  ): Promise<ReadAnswers['answers'][number]> => {
    const { dimensions } = askedBy(read);
    const names = [...dimensions, ...read.measures.flatMap((one) => sourceNamesOf(one, mapping))];
    const failed = new Map(await reader.unreadable([...new Set(names)], read.ranges));
    const end = read.ranges.at(-1)?.to ?? 0;
    for (const name of failed.keys()) failedAt.set(name, end);
    if (failed.size === 0 || dimensions.some((one) => failed.has(one))) {
      return dimensions.flatMap((one) => failed.get(one) ?? [])[0] ?? fault;
    }
    const byMeasure = new Map<Measure, AppError>();
    for (const measure of read.measures) {
      const found = sourceNamesOf(measure, mapping).flatMap((name) => failed.get(name) ?? [])[0];
      if (found !== undefined) byMeasure.set(measure, found);
    }
    const measures = read.measures.filter((measure) => !byMeasure.has(measure));
    if (measures.length === 0) return fault;
    return { cells: await reader.cells({ ...read, measures }), failed: byMeasure };
  };
  return {
    ...costPlaceOf(mapping),
    read: (reads, before, withinMs) =>
      engine.reading(async (reader) => {
        const newestRow = withinMs === undefined ? await reader.newestRow(before) : null;
        const answers: ReadAnswers['answers'][number][] = [];
        for (const read of reads) answers.push(await answer(read, reader));
        return { newestRow, answers };
      }, withinMs),
    snapshot: (work) => engine.reading((reader) => work(snapshotOf(reader, mapping))),
    isFaulty(query, at) {
      if (failedAt.size === 0) return false;
      const { measures, dimensions } = askedBy(query);
      const names = [...dimensions, ...measures.flatMap((one) => sourceNamesOf(one, mapping))];
      return names.some((name) => at - (failedAt.get(name) ?? Number.NEGATIVE_INFINITY) < APART_MS);
    },
    futureRows: (now) =>
      engine.reading(async (reader) => engine.futureRows(await reader.newestRow(LAST_INSTANT), now)),
    occupied: (spans) =>
      engine.occupied?.(spans) ??
      engine.reading(async (reader) => {
        const found = [];
        for (const span of spans) if (await reader.hasRow(span)) found.push(span);
        return found;
      }),
    inspect: () => engine.inspect(),
    createTable: readOnly,
    insert: readOnly,
    close: () => engine.close(),
  };
}

function costPlaceOf({ columns: { cost } }: Mapping): Pick<AuditStore, 'costPlace'> {
  if (cost === undefined) return {};
  return { costPlace: typeof cost === 'string' ? `audit.columns.cost (column "${cost}")` : COST_SQL };
}

const COST_SQL = 'audit.columns.cost.sql';

function snapshotOf(reader: RowReader, mapping: Mapping): AuditSnapshot {
  return {
    newestRow: (before) => reader.newestRow(before),
    buckets: async (aggregates, edges, ranges) => {
      for (const { dimensions, measures, sketch } of aggregates)
        refuseUnknown(dimensions, sketch === null ? measures : [...measures, sketch], mapping);
      return reader.buckets(aggregates, edges, ranges);
    },
    calls: async (read) => {
      refuseUnknown(read.dimensions, [...read.measures, ...read.sketches], mapping);
      return reader.calls(read);
    },
    changes: {
      digests: async (aggregates, edges) => reader.digests(aggregates, edges),
      newestId: () => reader.newestId(),
      arrivals: (after, gaps, openFrom) => reader.arrivals(after, gaps, openFrom),
    },
  };
}

/** Throws for a dimension or a measure that the mapping does not have. */
function refuseUnknown(
  dimensions: readonly Dimension[],
  measures: readonly Measure[],
  { columns, dimensions: declared, measures: own = {} }: Mapping,
): void {
  const lost = dimensions.find((name) => !(name in declared) && !(name in columns));
  if (lost !== undefined) {
    throw new AppError('dimension_unknown', `The audit store has no dimension "${lost}".`, {
      hint: 'Map it under audit.columns or declare it under audit.dimensions.',
    });
  }
  for (const measure of measures) {
    const origin = originOf(measure);
    if (origin?.of !== 'own' || origin.name in own) continue;
    throw new AppError('measure_unknown', `The audit store does not know the measure "${origin.name}".`, {
      hint: 'Declare it under audit.measures.',
    });
  }
}
