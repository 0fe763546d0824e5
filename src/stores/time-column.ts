// Finds how the time is stored, and the time of the newest row.

import { AppError, isRefusal } from '../model/errors.ts';
import type { SqlSession } from '../sql/port.ts';
import { attempt } from './attempt.ts';
import type { Mapping } from './audit-store.ts';
import type { Sample } from './inspect-sources.ts';
import { fromTableSql, Parameters, sourceSql, tableSql, unfiltered } from './source-sql.ts';
import { storedAs, timeFault } from './time-faults.ts';
import { rowTime } from './time-sql.ts';
import { instantOf, type TimeType } from './time-types.ts';

/** The time of the newest row before an instant, ms: an index look-up, however large the table. */
export async function newestRow(
  mapping: Mapping,
  timeType: TimeType,
  before: number,
  session: SqlSession,
): Promise<number | null> {
  const parameters = new Parameters();
  const time = rowTime(mapping, timeType, parameters);
  const [row] = await session.query<{ newest: string | null }>(
    `SELECT (${time.milliseconds('newest')})::text AS newest FROM (${fromTableSql(
      mapping,
      [`max(${time.sql}) AS newest`],
      [`${time.sql} < ${time.bound(before)}`, time.isFinite()],
    )}) AS earlier`,
    parameters.values,
  );
  return row?.newest == null ? null : instantOf(Number(row.newest), timeType);
}

/** The time of the newest row of all, even ahead of the clock. */
export function newestOf(mapping: Mapping, timeType: TimeType, session: SqlSession): Promise<number | null> {
  return newestRow(mapping, timeType, LAST_INSTANT, session);
}

/** The newest hour with rows; null when the column is not a time, which the check of types reports. */
export async function sampleOf(mapping: Mapping, session: SqlSession): Promise<Sample | null> {
  try {
    return await attempt(session, async () => {
      const timeType = await timeTypeOf(asFound(mapping), session);
      const found = await newestOf(mapping, timeType, session);
      const isLeftOut = found === null && mapping.where !== undefined;
      const isFilteredOut = isLeftOut && (await newestOf(unfiltered(mapping), timeType, session)) !== null;
      const newest = found ?? 0;
      return { timeType, isFilteredOut, range: { from: newest - HOUR, to: newest + 1 } };
    });
  } catch (error) {
    if (!isRefusal(error)) throw error;
    // Some rows have values that the filter cannot take: trying it on the newest ones shows that.
    return mapping.where === undefined ? null : sampleOf(unfiltered(mapping), session);
  }
}

const HOUR = 3_600_000;
/** The last instant that a Date can hold. */
const LAST_INSTANT = 8_640_000_000_000_000;

/** The type of the time column, looked up once where the mapping does not say. The sub-select reads no row. */
export async function timeTypeOf(mapping: Mapping, session: SqlSession): Promise<TimeType> {
  const { timeKind } = mapping;
  if (typeof timeKind === 'string') return timeKind === 'timestamptz' ? 'timestamptz' : 'timestamp';
  const time = sourceSql(mapping.columns.time ?? { sql: 'NULL' });
  const [row] = await session.query<{ type: string }>(
    `SELECT pg_typeof((SELECT ${time} FROM ${tableSql(mapping.table)} LIMIT 0))::text AS type`,
  );
  const found = storedAs(row?.type ?? '', timeKind);
  if (found !== null) return found;
  const fault = timeFault(row?.type ?? '', mapping);
  const wanted = fault === null ? '' : `, and must be ${fault.wanted}`;
  throw new AppError(
    'store_time_type',
    `The time column of ${mapping.table} is of type ${row?.type}${wanted}.`,
    fault === null ? {} : { hint: fault.cure },
  );
}

/** The mapping with a time of the type that the column really has. */
function asFound(mapping: Mapping): Mapping {
  return typeof mapping.timeKind === 'string' ? { ...mapping, timeKind: null } : mapping;
}
