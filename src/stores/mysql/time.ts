// Spans of time as conditions on the time column, and its values as instants.

import { instantOfWall, skippedAt } from '../../model/wall-clock.ts';
import type { Window } from '../../model/window.ts';
import { epochMs } from '../rows/epoch.ts';
import type { RowValue } from '../rows/row-source.ts';
import { boundText, type TimeType } from '../time-types.ts';

const DAY = 86_400_000;
/** What a DATETIME can hold. */
const FIRST = Date.parse('0001-01-01T00:00:00Z');
const LAST = Date.parse('9999-12-31T23:59:59Z');

/** A condition for the rows of a span, which the column's index serves. It may let rows just outside pass. */
export function spanSql(time: string, { from, to }: Window, timeType: TimeType): string {
  const slack = isFloating(timeType) ? 1 : 0;
  const skipped = isLocal(timeType) ? skippedAt(from, timeType.zone) : null;
  const low =
    skipped === null ? boundSql(from - slack, timeType) : textSql(new Date(skipped.from).toISOString());
  return `(${time} >= ${low} AND ${time} < ${boundSql(to + slack, timeType)})`;
}

/** The same for all rows before an instant. */
export function earlierSql(time: string, before: number, timeType: TimeType): string {
  return `(${time} < ${boundSql(before + (isFloating(timeType) ? 1 : 0), timeType)})`;
}

/** Whether conditions let no other rows pass, and the order of the column is that of the instants. */
export function isExact(timeType: TimeType, at: number): boolean {
  return !isFloating(timeType) && !(isLocal(timeType) && skippedAt(at, timeType.zone) !== null);
}

/** Prepares to read the values of a column as instants (ms); null for what is none. */
export function instantsIn(timeType: TimeType): (value: RowValue) => number | null {
  if (typeof timeType !== 'string' && 'unit' in timeType) {
    const { unit } = timeType;
    return (value) => {
      if (typeof value !== 'string') return epochMs(value, unit);
      return epochMs(/^-?\d+$/.test(value) ? BigInt(value) : Number(value), unit);
    };
  }
  const local = wallReader();
  if (typeof timeType === 'string') return local;
  const { zone } = timeType;
  return (value) => {
    const wall = local(value);
    return wall === null ? null : instantOfWall(wall, zone);
  };
}

/** Rows of one day follow each other, mostly. */
function wallReader(): (value: RowValue) => number | null {
  let day = '';
  let start = Number.NaN;
  return (value) => {
    if (typeof value !== 'string' || value.length < 19) return null;
    if (!value.startsWith(day) || day === '') {
      day = value.slice(0, 10);
      // A zero date is none.
      start = Date.parse(`${day}T00:00:00Z`);
    }
    if (Number.isNaN(start)) return null;
    const seconds = two(value, 11) * 3600 + two(value, 14) * 60 + two(value, 17);
    const ms = value.length > 20 ? Number(value.slice(20, 23).padEnd(3, '0')) : 0;
    return start + seconds * 1000 + ms;
  };
}

function two(text: string, at: number): number {
  return (text.charCodeAt(at) - 48) * 10 + text.charCodeAt(at + 1) - 48;
}

function isLocal(timeType: TimeType): timeType is { readonly zone: string } {
  return typeof timeType !== 'string' && 'zone' in timeType;
}

function isFloating(timeType: TimeType): boolean {
  return typeof timeType !== 'string' && 'type' in timeType && timeType.type !== 'bigint';
}

function boundSql(ms: number, timeType: TimeType): string {
  if (typeof timeType !== 'string' && 'unit' in timeType) return boundText(ms, timeType);
  // A day away from what the type can hold, so that no zone leads out of it.
  return textSql(boundText(Math.min(Math.max(ms, FIRST + DAY), LAST - DAY), timeType));
}

/** Without the Z, which not every version reads; the session's zone is UTC. */
function textSql(iso: string): string {
  return `'${iso.slice(0, 23).replace('T', ' ')}'`;
}
