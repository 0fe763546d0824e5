// Turns a row of a file into a call, or says why it is not one.

import { Temporal } from 'temporal-polyfill';
import { COLUMNS, describeColumn } from '../model/columns.ts';
import { FIXED_DIGITS, formatFixed, ONE, parseFixed } from '../model/money.ts';
import type { CallRow } from '../stores/audit-store.ts';
import { type ImportColumn, type ImportColumns, looksLikeMoney, type ReadAs } from './column-names.ts';

const REQUIRED = COLUMNS.filter((column) => describeColumn(column).isRequired === true);

/**
 * A file's row as a call, with normalised values (so that equal rows are equal text), or the reason why it is not a call. An
 * empty cell is NULL; unknown columns are dropped.
 */
export function callRowOf(
  cells: Readonly<Record<string, unknown>>,
  columns: ImportColumns,
): CallRow | string {
  const row: Record<string, string> = {};
  for (const [heading, value] of Object.entries(cells)) {
    const column = columns.find(heading);
    if (column === undefined || value === null || value === undefined || value === '') continue;
    const text = read(value, column.readAs);
    if (text === null)
      return `${heading} is not ${WANTED[column.readAs]}: ${shown(value)}${cureOf(value, column)}`;
    const { name } = column;
    if (row[name] !== undefined && row[name] !== text)
      return `two columns stand for ${name}, with different values`;
    row[name] = text;
  }
  const missing = REQUIRED.filter((name) => row[name] === undefined);
  return missing.length === 0 ? row : `${missing.join(', ')} ${missing.length === 1 ? 'is' : 'are'} missing`;
}

/** An unknown column that holds amounts, in a row without a cost. Dropping it would make the call free. */
export function droppedMoney(
  cells: Readonly<Record<string, unknown>>,
  columns: ImportColumns,
): string | null {
  const headings = Object.keys(cells);
  if (headings.some((heading) => columns.find(heading)?.name === 'cost')) return null;
  const isAmount = (value: unknown) =>
    parseFixed(
      String(value)
        .replace(/^\s*[$€¥]\s*/, '')
        .trim(),
    ) !== null;
  const holdsMoney = (heading: string) => looksLikeMoney(heading) && isAmount(cells[heading]);
  return headings.find((heading) => columns.find(heading) === undefined && holdsMoney(heading)) ?? null;
}

const WANTED: Readonly<Record<ReadAs, string>> = {
  time: 'a time (ISO 8601, or seconds or milliseconds since 1970)',
  text: 'a text',
  decimal: 'a number',
  whole: 'a whole number',
  boolean: 'true or false',
};

/** Hints for amounts from spreadsheets, and for gateways that record only success or failure. */
function cureOf(value: unknown, { name, readAs }: ImportColumn): string {
  if (readAs === 'decimal' && /^[^\d-]{0,3}-?\d[\d.,' ]*[^\d]{0,4}$/.test(String(value))) {
    return ' (write it as 1234.56: a decimal point, no other separators, no currency)';
  }
  if (name !== 'status' || !/^[a-z]/i.test(String(value))) return '';
  return ' (an HTTP status such as 200; without one, leave the cell empty and put a text into the column "error" of calls that failed)';
}

function read(value: unknown, as: ReadAs): string | null {
  if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean') return null;
  const text = String(value);
  if (as === 'text') return text;
  if (as === 'boolean') return booleanOf(text.trim());
  if (typeof value === 'boolean') return null;
  if (as === 'time') return instantOf(text.trim());
  const fixed = parseFixed(text);
  if (fixed === null || (as === 'whole' && fixed % ONE !== 0n)) return null;
  return formatFixed(fixed, FIXED_DIGITS);
}

/** The spellings of databases and spreadsheets. */
function booleanOf(text: string): string | null {
  if (/^(true|t|yes|1)$/i.test(text)) return 'true';
  return /^(false|f|no|0)$/i.test(text) ? 'false' : null;
}

const EPOCH = /^\d+(\.\d+)?$/;
const ZONED = /([zZ]|[+-]\d{2}(:?\d{2})?)$/;
const DATE_TIME = /^\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}/;

/**
 * An instant with microseconds, as the database stores it. Further digits are cut, which never moves a call past the end of
 * a window. Without a zone it is UTC.
 */
function instantOf(text: string): string | null {
  if (EPOCH.test(text)) return epochOf(text);
  if (!DATE_TIME.test(text)) return null;
  // Temporal rejects more than nine digits. .NET writes seven.
  const iso = text.replace(/([.,]\d{6})\d+/, '$1').replace(/ (?=[+-]\d{2}:?\d{2}$|[zZ]$)/, '');
  try {
    return Temporal.Instant.from(ZONED.test(iso.slice(16)) ? iso : `${iso}Z`).toString();
  } catch {
    return null;
  }
}

/** Seconds from 2001 to 5138, or milliseconds from 1973 to 5138; the ranges do not overlap. */
function epochOf(text: string): string | null {
  const fixed = parseFixed(text) as bigint;
  const whole = fixed / ONE;
  if (whole < 10n ** 9n || whole >= 10n ** 14n) return null;
  const nanoseconds = whole < 10n ** 11n ? fixed / 1_000n : fixed / 1_000_000n;
  return Temporal.Instant.fromEpochNanoseconds(nanoseconds - (nanoseconds % 1_000n)).toString();
}

/** A value for people: short, on one line. */
function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}
