// Parses lists and arrays in PostgreSQL's text format into columns.

import type { DecimalColumn, TextColumn } from '../model/call-columns.ts';
import { FIXED_DIGITS } from '../model/money.ts';

/** SQL that writes a column of numbers as a list; `filter` is a FILTER clause. */
export function listSql(name: string, filter = ''): string {
  return `string_agg(COALESCE(${name}::text, ''), ',')${filter}`;
}

/** SQL that writes a column of texts, which may contain separators, as an array; `filter` is a FILTER clause. */
export function arraySql(name: string, filter = ''): string {
  return `(array_agg(${name})${filter})::text`;
}

/** Parses `length` integers of a list such as `1,-2,,3`. `absent` takes the place of a missing one. */
export function integersIn(text: string, length: number, absent: number): Int32Array {
  const integers = new Int32Array(length);
  for (let i = 0, at = 0; i < length; i += 1, at += 1) {
    const negative = text.charCodeAt(at) === MINUS;
    if (negative) at += 1;
    const from = at;
    let value = 0;
    for (let digit = digitAt(text, at); isDigit(digit); digit = digitAt(text, at)) {
      value = value * 10 + digit;
      at += 1;
    }
    if (at === from) {
      expectNone(text, at);
      value = absent;
    }
    integers[i] = negative ? -value : value;
  }
  return integers;
}

/** Decimals, with marks on the missing ones, which count as 0. */
export interface SomeDecimals extends DecimalColumn {
  /** 1 for a missing decimal. */
  readonly absent: Uint8Array;
}

/** Parses the decimals of a list. Throws a RangeError for one finer than 10^-12, which could not be kept exactly. */
export function decimalsIn(text: string, length: number): SomeDecimals {
  return decimals(text, length, () => {
    throw new RangeError('a decimal is finer than 10^-12');
  });
}

/** The decimals of a list; what is finer than 10^-12 is left out. */
export function truncatedDecimalsIn(text: string, length: number): SomeDecimals {
  return decimals(text, length, () => undefined);
}

/** `onFiner` is called for a digit other than 0 beyond 10^-12. */
function decimals(text: string, length: number, onFiner: () => void): SomeDecimals {
  const units = new Float64Array(length);
  const absent = new Uint8Array(length);
  let parts: Float64Array | null = null;
  for (let i = 0, at = 0; i < length; i += 1, at += 1) {
    const negative = text.charCodeAt(at) === MINUS;
    if (negative) at += 1;
    const from = at;
    let unit = 0;
    for (let digit = digitAt(text, at); isDigit(digit); digit = digitAt(text, at)) {
      unit = unit * 10 + digit;
      at += 1;
    }
    if (at === from) {
      expectNone(text, at);
      absent[i] = 1;
    }
    if (unit !== 0) units[i] = negative ? -unit : unit;
    if (text.charCodeAt(at) !== POINT) continue;
    at += 1;
    let part = 0;
    let scale = SMALLEST;
    for (let digit = digitAt(text, at); isDigit(digit); digit = digitAt(text, at)) {
      if (scale >= 1) part += digit * scale;
      else if (digit > 0) onFiner();
      scale /= 10;
      at += 1;
    }
    if (part === 0) continue;
    parts ??= new Float64Array(length);
    parts[i] = negative ? -part : part;
  }
  return { units, parts, absent };
}

/** Parses an array of texts as PostgreSQL writes it, `{a,"b c",NULL}`. */
export function textsIn(text: string, length: number): TextColumn {
  const places = new Int32Array(length);
  const values: (string | null)[] = [];
  const known = new Map<string | null, number>();
  for (let i = 0, at = 1; i < length; i += 1, at += 1) {
    let value: string | null;
    if (text.charCodeAt(at) === QUOTE) {
      const end = closingQuote(text, at + 1);
      value = text.slice(at + 1, end).replace(/\\(.)/gs, '$1');
      at = end + 1;
    } else {
      const comma = text.indexOf(',', at);
      const end = comma < 0 ? text.length - 1 : comma;
      const bare = text.slice(at, end);
      // The text "NULL" would be quoted.
      value = bare === 'NULL' ? null : bare;
      at = end;
    }
    let place = known.get(value);
    if (place === undefined) {
      // A substring would keep the whole text in memory for as long as its group is known.
      place = values.push(value === null ? null : ` ${value}`.slice(1)) - 1;
      known.set(value, place);
    }
    places[i] = place;
  }
  return { values, places };
}

/** The number of members of a list. */
export function lengthOf(text: string): number {
  if (text === '') return 0;
  let length = 1;
  for (let at = text.indexOf(','); at >= 0; at = text.indexOf(',', at + 1)) length += 1;
  return length;
}

const COMMA = 44;
const MINUS = 45;
const POINT = 46;
const ZERO = 48;
const QUOTE = 34;
const BACKSLASH = 92;
/** The value of a 1 in the first decimal place, in parts. */
const SMALLEST = 10 ** (FIXED_DIGITS - 1);

function digitAt(text: string, at: number): number {
  return text.charCodeAt(at) - ZERO;
}

function isDigit(digit: number): boolean {
  return digit >= 0 && digit <= 9;
}

/** Throws a RangeError unless a member ends here: anything else in the list is not a number. */
function expectNone(text: string, at: number): void {
  if (at === text.length || text.charCodeAt(at) === COMMA) return;
  throw new RangeError(`the store returned text that is not a number: ${text.slice(at, at + 20)}`);
}

function closingQuote(text: string, from: number): number {
  let at = from;
  while (text.charCodeAt(at) !== QUOTE) at += text.charCodeAt(at) === BACKSLASH ? 2 : 1;
  return at;
}
