// How SQLite stores the times of a table, and spans of time as conditions on them.

import { largestOf, smallestOf } from '../../model/extremes.ts';
import { instantOfWall, skippedAt, wallBound } from '../../model/wall-clock.ts';
import type { Window } from '../../model/window.ts';
import type { EpochUnit } from '../audit-store.ts';
import { epochMs, epochOf } from '../rows/epoch.ts';
import type { RowValue } from '../rows/row-source.ts';
import type { SqliteValue } from './driver.ts';

const DAY = 86_400_000;

/** Numbers since 1970; or texts, in UTC, of a zone, or each with its offset. */
export type StoredTime =
  | { readonly unit: EpochUnit }
  | {
      readonly zone: string | null;
      /** The offsets that texts name, ms; 0 for those in UTC. Null where all are of the zone. */
      readonly offsets: Offsets | null;
      /** Whether some texts have a T between day and time and others a space. */
      readonly isMixed: boolean;
    };

export interface Offsets {
  readonly least: number;
  readonly most: number;
}

export interface TimeCondition {
  readonly sql: string;
  readonly values: readonly SqliteValue[];
}

/**
 * A condition for the rows of a span, which the index of the column serves. It lets rows just outside pass, which `instantIn`
 * tells. Texts are compared as texts, so their day and time may be separated by a space or a T.
 */
export function spanCondition(time: string, { from, to }: Window, stored: StoredTime): TimeCondition {
  if ('unit' in stored) {
    const [low, high] = [epochOf(from - 1, stored.unit), epochOf(to, stored.unit) + 1n];
    return { sql: `(${time} >= ? AND ${time} <= ?)`, values: [low, high] };
  }
  const { zone, offsets } = stored;
  const ofOffsets = offsets === null ? [] : [[from + offsets.least, to + offsets.most] as const];
  const ofZone = zone === null ? [] : [[firstWall(from, zone), wallBound(to, zone)] as const];
  const bounds = [...ofOffsets, ...ofZone];
  const low = textOf(Math.floor(smallestOf(bounds.map(([first]) => first)) / 1000) * 1000);
  const high = textOf((Math.floor(largestOf(bounds.map(([, last]) => last)) / 1000) + 1) * 1000);
  const arm = `(${time} >= ? AND ${time} < ?)`;
  const withT = (text: string): string => text.replace(' ', 'T');
  return { sql: `(${arm} OR ${arm})`, values: [low, high, withT(low), withT(high)] };
}

/** The first local time that may be read as an instant or later: skipped ones are read as later than they say. */
function firstWall(at: number, zone: string): number {
  return Math.min(wallBound(at, zone), skippedAt(at, zone)?.from ?? Number.POSITIVE_INFINITY);
}

/** The same for all rows before an instant, for which one look-up in the index finds the last. */
export function earlierCondition(time: string, before: number, stored: StoredTime): TimeCondition {
  if ('unit' in stored) return { sql: `${time} <= ?`, values: [epochOf(before, stored.unit)] };
  return { sql: `${time} < ?`, values: [textOf(before + DAY).slice(0, 10)] };
}

/** Whether texts sort by their instants. */
export function isSorted(stored: StoredTime): boolean {
  if ('unit' in stored) return true;
  const { zone, offsets, isMixed } = stored;
  return zone === null && offsets?.least === offsets?.most && !isMixed;
}

const TEXT =
  /^(\d{4})-(\d\d)-(\d\d)[ T](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d+))?)?\s*(Z|UTC|[+-]\d\d(?::?\d\d)?)?(?: .*)?$/;

/** The instant (ms) of a value; null where it is none. */
export function instantIn(value: RowValue, stored: StoredTime): number | null {
  if ('unit' in stored) return epochMs(value, stored.unit);
  if (typeof value !== 'string') return null;
  const match = TEXT.exec(value);
  if (match === null) return null;
  const [, year, month, day, hour, minute, second = 0, fraction = '', offset] = match;
  const ms = Number(fraction.slice(0, 3).padEnd(3, '0'));
  const utc = Date.UTC(
    Number(year),
    Number(month) - 1,
    Number(day),
    Number(hour),
    Number(minute),
    Number(second),
    ms,
  );
  if (offset !== undefined) return utc - offsetMs(offset);
  return stored.zone === null ? utc : instantOfWall(utc, stored.zone);
}

/** Whether some texts have a T between day and time and others a space. */
export function areMixed(values: readonly RowValue[]): boolean {
  return new Set(values.map((value) => String(value).charAt(10))).size > 1;
}

/** The offset that a text names in digits, ms; null where it names none. */
export function offsetIn(value: RowValue): number | null {
  const offset = typeof value === 'string' ? TEXT.exec(value)?.[8] : undefined;
  return offset === undefined || !/^[+-]/.test(offset) ? null : offsetMs(offset);
}

export function isTimeText(value: RowValue): boolean {
  return typeof value === 'string' && TEXT.test(value);
}

function offsetMs(offset: string): number {
  const [, sign, hours, minutes = '0'] = /^([+-])(\d\d):?(\d\d)?$/.exec(offset) ?? [];
  if (sign === undefined) return 0;
  return (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes)) * 60_000;
}

function textOf(ms: number): string {
  const first = Date.UTC(0, 0, 1) - 1900 * 365.2425 * DAY;
  const kept = Math.min(Math.max(ms, first), Date.UTC(9999, 11, 31, 23, 59, 59));
  return new Date(kept).toISOString().slice(0, 19).replace('T', ' ');
}
