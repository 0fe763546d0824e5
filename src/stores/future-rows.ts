// Reports how far the newest row is ahead of the clock, with a cure.

import { durationText } from '../model/display-time.ts';
import type { FutureRows, Mapping } from './audit-store.ts';
import { sourceSql, tableSql } from './source-sql.ts';
import type { TimeType } from './time-types.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
/** Clocks of servers differ by seconds, so rows further ahead than this have another cause. */
const SAME_CLOCK_MS = 5 * MINUTE;
/** No zone is further from UTC. */
const FURTHEST_ZONE_MS = 14 * HOUR;

/** An example zone for each number of hours ahead of UTC; people know their own. */
const ZONES: readonly (readonly [hours: number, zone: string])[] = [
  [1, 'Europe/Berlin'],
  [2, 'Europe/Berlin'],
  [3, 'Europe/Istanbul'],
  [5.5, 'Asia/Kolkata'],
  [7, 'Asia/Bangkok'],
  [8, 'Asia/Shanghai'],
  [9, 'Asia/Tokyo'],
  [10, 'Australia/Sydney'],
  [11, 'Australia/Sydney'],
];

/** The message about a newest row that is ahead of the clock; null when it is not. */
export function futureRows(
  newest: number | null,
  now: number,
  mapping: Mapping,
  timeType: TimeType,
): FutureRows | null {
  if (newest === null || newest - now <= SAME_CLOCK_MS) return null;
  const aheadMs = newest - now;
  const isLocal = timeType === 'timestamp' && aheadMs <= FURTHEST_ZONE_MS;
  const summary = `the newest row is ${durationText(aheadMs)} ahead of the clock${isLocal ? ': local time?' : ''}`;
  return {
    newestRow: newest,
    aheadMs,
    summary,
    message: `T${summary.slice(1)}${isLocal ? '' : '.'} Rows in the future are not counted until their time comes.`,
    hint: isLocal ? localCure(mapping, aheadMs) : (mappedCure(timeType) ?? WRITER_CURE),
  };
}

const WRITER_CURE =
  'Check the clock of what writes the rows, and that it writes UTC; then correct or delete the rows that are ahead.';

/** What the file says of the times may be wrong. */
function mappedCure(timeType: TimeType): string | null {
  if (typeof timeType === 'string') return null;
  const key = 'zone' in timeType ? `zone: ${timeType.zone}` : `unit: ${timeType.unit}`;
  return `Check \`${key}\` of audit.columns.time. ${WRITER_CURE}`;
}

/** Suggests to name the zone of the times; of an expression, with an index on it. */
function localCure({ table, columns }: Mapping, aheadMs: number): string {
  const { time } = columns;
  const hours = Math.round((aheadMs / HOUR) * 2) / 2;
  const zone = ZONES.find(([ahead]) => ahead === hours)?.[1] ?? 'Asia/Shanghai';
  if (typeof time === 'string')
    return `Write UTC, or name the zone: audit.columns.time: { column: ${JSON.stringify(time)}, zone: ${zone} }`;
  const sql = `${sourceSql(time ?? '').replace(/\s+/g, ' ')} AT TIME ZONE '${zone}'`;
  const index = `CREATE INDEX CONCURRENTLY ON ${tableSql(table)} ((${sql}))`;
  return `Write UTC, or name the zone: audit.columns.time: { sql: ${JSON.stringify(sql)} }, with its index: ${index}`;
}
