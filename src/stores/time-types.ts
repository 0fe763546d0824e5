// How time columns store instants, and instants as values of their types.

import { instantOfWall, wallBound } from '../model/wall-clock.ts';
import type { EpochUnit } from './audit-store.ts';

/**
 * How a column stores time: instants, UTC without a zone, numbers since 1970, or the local time of a zone. Whole numbers of
 * any size compare as bigint, and floating ones as doubles, without losing their index.
 */
export type TimeType = 'timestamptz' | 'timestamp' | EpochTime | LocalTime;

export interface EpochTime {
  readonly unit: EpochUnit;
  readonly type: 'bigint' | 'numeric' | 'double precision';
}

export interface LocalTime {
  readonly zone: string;
}

/** Units in a second, as powers of ten. */
export const EPOCH_DIGITS: Readonly<Record<EpochUnit, number>> = { s: 0, ms: 3, us: 6, ns: 9 };

const BIGINT_LIMIT = 2n ** 63n - 1n;

/** The SQL type of the bounds of a column. */
export function boundType(timeType: TimeType): string {
  if (typeof timeType === 'string') return timeType;
  return 'zone' in timeType ? 'timestamp' : timeType.type;
}

/**
 * An instant (ms) as a value with which the column is compared. Whole numbers are rounded up, because a row of that number or
 * a higher one is the first that is not before the instant; what the type cannot hold is its lowest or highest value.
 */
export function boundText(ms: number, timeType: TimeType): string {
  if (typeof timeType === 'string') return instantText(ms);
  if ('zone' in timeType) return instantText(wallBound(ms, timeType.zone));
  const shift = EPOCH_DIGITS[timeType.unit] - 3;
  if (timeType.type !== 'bigint') return `${ms}e${shift}`;
  const whole = shift < 0 ? BigInt(Math.ceil(ms / 1000)) : BigInt(Math.ceil(ms)) * 10n ** BigInt(shift);
  if (whole > BIGINT_LIMIT) return String(BIGINT_LIMIT);
  return String(whole < -BIGINT_LIMIT ? -BIGINT_LIMIT : whole);
}

/** An instant as text that both types read as the same instant: a `timestamp` takes the digits and drops the Z. */
export function instantText(ms: number): string {
  return new Date(ms).toISOString().replace(/^\+0*(?=\d{5})/, '');
}

/** A column's value as ms since 1970, as a number of any type; of a local time as if it were UTC. */
export function millisecondsSql(expression: string, timeType: TimeType): string {
  if (typeof timeType === 'string' || 'zone' in timeType) return `extract(epoch FROM ${expression}) * 1000`;
  return `${expression}::numeric * 1e${3 - EPOCH_DIGITS[timeType.unit]}`;
}

/** The instant (ms) of what `millisecondsSql` gives. */
export function instantOf(milliseconds: number, timeType: TimeType): number {
  const whole = Math.floor(milliseconds);
  return typeof timeType !== 'string' && 'zone' in timeType ? instantOfWall(whole, timeType.zone) : whole;
}
