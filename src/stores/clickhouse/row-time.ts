// The time of a row in ClickHouse's SQL: in ms, and bounds that the table's own order serves.

import { AppError } from '../../model/errors.ts';
import type { Window } from '../../model/window.ts';
import type { EpochUnit, Mapping } from '../audit-store.ts';
import { EPOCH_DIGITS } from '../time-types.ts';
import { type Parameters, sourceSql } from './names.ts';
import type { ValueType } from './types.ts';

/** How the time column stores instants. */
export type StoredTime =
  | { readonly unit: EpochUnit; readonly isFloating: boolean }
  | { readonly places: number };

/** Beyond these years DateTime64 has no value. */
const [FIRST, LAST] = [Date.UTC(1900, 0, 2), Date.UTC(2262, 0, 1)];

/** Throws `store_time_type` for a column whose values are no instants. */
export function storedTime(
  { table, timeKind }: Pick<Mapping, 'table' | 'timeKind'>,
  type: ValueType,
): StoredTime {
  const fault = (what: string, hint: string): AppError =>
    new AppError('store_time_type', `The time column of ${table} holds ${what}.`, { hint });
  if (timeKind !== null && typeof timeKind === 'object' && 'zone' in timeKind)
    throw fault('instants: ClickHouse has no local times', localHint(timeKind.zone));
  const unit = timeKind !== null && typeof timeKind === 'object' ? timeKind.unit : null;
  switch (type.kind) {
    case 'time':
      if (unit === null) return { places: type.places };
      throw fault('times', 'Write `time` without `unit`.');
    case 'integer':
    case 'float64':
      if (unit !== null) return { unit, isFloating: type.kind === 'float64' };
      throw fault(
        'numbers',
        'Write time: { column: …, unit: s } (seconds have 10 digits, ms 13, us 16, ns 19).',
      );
    case 'text':
      throw fault(
        'texts',
        'Write time: { sql: "parseDateTime64BestEffort(…, 3, \'UTC\')" }; a column of type DateTime is read faster.',
      );
    default:
      throw fault('no times', 'Map a column of type DateTime or DateTime64.');
  }
}

function localHint(zone: string): string {
  return `Write \`time\` without \`zone\`. Where the program stored local times as if they were UTC: { sql: "toDateTime64(toString(…), 3, '${zone}')" }.`;
}

/** The time of a row in ms, rounded down; NULL for a row without one. */
export function millisecondsSql(time: string, stored: StoredTime): string {
  if ('places' in stored)
    return stored.places > 0 ? `toUnixTimestamp64Milli(${time})` : `toInt64(toUnixTimestamp(${time})) * 1000`;
  const { unit, isFloating } = stored;
  const shift = EPOCH_DIGITS[unit] - 3;
  // By way of the decimal that the double stands for: 0.123 s are 123 ms.
  if (isFloating) return `toInt64(floor(round(${time} * 1e${-shift}, 3)))`;
  return shift < 0 ? `toInt64(${time}) * 1000` : `intDiv(toInt64(${time}), ${10 ** shift})`;
}

/** Conditions for the rows of a span. The bounds have the column's type, so that its order tells where they are. */
export function withinSql(
  mapping: Mapping,
  stored: StoredTime,
  { from, to }: Window,
  parameters: Parameters,
): string {
  const time = sourceSql(mapping.columns.time ?? '');
  const bound = (ms: number): string => boundSql(ms, stored, parameters);
  return `(${time} >= ${bound(from)} AND ${time} < ${bound(to)})`;
}

function boundSql(ms: number, stored: StoredTime, parameters: Parameters): string {
  const kept = Math.min(Math.max(ms, FIRST), LAST);
  if ('places' in stored) {
    const text = new Date(kept).toISOString().slice(0, 23).replace('T', ' ');
    return parameters.add(text, `DateTime64(${Math.max(3, stored.places)}, 'UTC')`);
  }
  const shift = EPOCH_DIGITS[stored.unit] - 3;
  if (stored.isFloating) return parameters.add(kept * 10 ** shift, 'Float64');
  const number = shift < 0 ? BigInt(Math.ceil(kept / 1000)) : BigInt(Math.ceil(kept)) * 10n ** BigInt(shift);
  return parameters.add(String(number), 'Int64');
}
