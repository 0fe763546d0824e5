// Reports how far the newest row is ahead of the clock, with a cure.

import { durationText } from '../model/display-time.ts';
import type { FutureRows, Mapping } from './audit-store.ts';
import { nameSql, sourceSql, tableSql } from './source-sql.ts';
import type { TimeType } from './time-sql.ts';

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
    hint: isLocal ? localCure(mapping, aheadMs) : WRITER_CURE,
  };
}

const WRITER_CURE =
  'Check the clock of what writes the rows, and that it writes UTC; then correct or delete the rows that are ahead.';

/** Suggests to name the zone of the times, with an index on that expression. */
function localCure({ table, columns }: Mapping, aheadMs: number): string {
  const { time } = columns;
  const column = typeof time === 'string' ? nameSql(time) : sourceSql(time ?? '');
  const hours = Math.round((aheadMs / HOUR) * 2) / 2;
  const zone = ZONES.find(([ahead]) => ahead === hours)?.[1] ?? 'Asia/Shanghai';
  const sql = `${column.replace(/\s+/g, ' ')} AT TIME ZONE '${zone}'`;
  const index = `CREATE INDEX CONCURRENTLY ON ${tableSql(table)} ((${sql}))`;
  return `Write UTC, or name the zone: audit.columns.time: { sql: ${JSON.stringify(sql)} }, with its index: ${index}`;
}
