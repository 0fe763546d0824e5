// Answers a shared read without the measures of unreadable columns.

import { type AppError, asAppError, isRefusal } from '../model/errors.ts';
import type { Measure } from '../model/measure.ts';
import type { CellRead, SegmentCell } from '../model/series.ts';
import type { SqlSession } from '../sql/port.ts';
import { attempt } from './attempt.ts';
import type { PartialCells } from './audit-store.ts';
import type { SourceFaults } from './source-faults.ts';
import { askedBy } from './sources.ts';

/** Reads some measures; throws when the database refuses. */
export type ReadMeasures = (measures: readonly Measure[]) => Promise<readonly SegmentCell[]>;

/** Tries the sources of one read. Returns the errors of unreadable ones by canonical name. */
export type Probe = (isTried: (name: string) => boolean) => Promise<Map<string, AppError>>;

/**
 * Answers a read that many rules share. A column that cannot be read fails only the measures that are made of it. When all
 * can be read, it is one statement. Throws when there is no connection; a read that takes too long fails as a whole.
 */
export async function readApart(
  read: CellRead,
  faults: SourceFaults,
  session: SqlSession,
  readMeasures: ReadMeasures,
  probe: Probe,
): Promise<readonly SegmentCell[] | PartialCells | AppError> {
  try {
    const known = await faultsBefore(read, faults, probe);
    const first = await answerBut(known, read, faults, session, readMeasures);
    if (!isRefusal(first)) return first;
    const found = await probe((name) => !known.has(name));
    if (found.size === 0) return first;
    return await answerBut(new Map([...known, ...found]), read, faults, session, readMeasures);
  } catch (error) {
    const fault = asAppError(error, 'store_query_failed');
    if (fault.code === 'store_unreachable') throw fault;
    return fault;
  }
}

/** Faults that are known before the read. Runs a statement only if a source failed lately. */
async function faultsBefore(
  read: CellRead,
  faults: SourceFaults,
  probe: Probe,
): Promise<ReadonlyMap<string, AppError>> {
  return faults.isClear(askedBy(read)) ? new Map() : probe(faults.isSuspect);
}

/** The read without the measures of columns that cannot be read; an error when nothing is left. */
async function answerBut(
  failed: ReadonlyMap<string, AppError>,
  read: CellRead,
  faults: SourceFaults,
  session: SqlSession,
  readMeasures: ReadMeasures,
): Promise<readonly SegmentCell[] | PartialCells | AppError> {
  const { measures } = read;
  const { dimensions } = askedBy(read);
  const lost = dimensions.find((dimension) => failed.has(dimension));
  if (lost !== undefined) return failed.get(lost) as AppError;
  const byMeasure = new Map<Measure, AppError>();
  for (const [name, fault] of failed) {
    for (const measure of measures) if (faults.isOf(measure, name)) byMeasure.set(measure, fault);
  }
  const left = measures.filter((measure) => !byMeasure.has(measure));
  const [only] = byMeasure.values();
  if (left.length === 0 && only !== undefined) return only;
  try {
    const cells = await attempt(session, () => readMeasures(left));
    return byMeasure.size === 0 ? cells : { cells, failed: byMeasure };
  } catch (error) {
    return asAppError(error, 'store_query_failed');
  }
}
