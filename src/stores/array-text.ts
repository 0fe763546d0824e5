// Lists and arrays as PostgreSQL writes them -> columns.

import type { DecimalColumn, TextColumn } from '../model/call-columns.ts';
import { FIXED_DIGITS } from '../model/money.ts';

/** The integers of a list, `1,-2,,3`, so many of them; `absent` stands for one that is left out. */
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

/** Decimals, and which of them were left out: they count as 0. */
export interface SomeDecimals extends DecimalColumn {
  /** 1 for one that was left out. */
  readonly absent: Uint8Array;
}

/** The decimals of a list. Throws a RangeError for one that is finer than 10^-12: it could not be told exactly. */
export function decimalsIn(text: string, length: number): SomeDecimals {
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
      if (scale < 1 && digit > 0) throw new RangeError('a decimal is finer than 10^-12');
      part += digit * scale;
      scale /= 10;
      at += 1;
    }
    if (part === 0) continue;
    parts ??= new Float64Array(length);
    parts[i] = negative ? -part : part;
  }
  return { units, parts, absent };
}

/** The texts of an array as PostgreSQL writes it, `{a,"b c",NULL}`. */
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
      // A text that reads NULL stands in quotes.
      value = bare === 'NULL' ? null : bare;
      at = end;
    }
    let place = known.get(value);
    if (place === undefined) {
      // A part of the text would keep all of it in memory for as long as a group is known.
      place = values.push(value === null ? null : ` ${value}`.slice(1)) - 1;
      known.set(value, place);
    }
    places[i] = place;
  }
  return { values, places };
}

/** How many numbers a list has, the first of which is there. */
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
/** Parts in the first place after the point. */
const SMALLEST = 10 ** (FIXED_DIGITS - 1);

function digitAt(text: string, at: number): number {
  return text.charCodeAt(at) - ZERO;
}

function isDigit(digit: number): boolean {
  return digit >= 0 && digit <= 9;
}

/** Throws a RangeError for anything but the end of a member: a list holds nothing else that is no number. */
function expectNone(text: string, at: number): void {
  if (at === text.length || text.charCodeAt(at) === COMMA) return;
  throw new RangeError(`the store gave a number that is none: ${text.slice(at, at + 20)}`);
}

function closingQuote(text: string, from: number): number {
  let at = from;
  while (text.charCodeAt(at) !== QUOTE) at += text.charCodeAt(at) === BACKSLASH ? 2 : 1;
  return at;
}
