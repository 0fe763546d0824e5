// JSON with exact decimals.

import { type Fixed, formatFixed } from './money.ts';

/** JSON whose bigints are Fixed decimals. An undefined member is left out. */
export type JsonValue =
  | null
  | boolean
  | number
  | string
  | Fixed
  | RawJson
  | JsonItems
  | readonly JsonValue[]
  | { readonly [key: string]: JsonValue | undefined };

/** JSON text that is inserted into other JSON as it is, so that its numbers are not parsed and rounded. */
export class RawJson {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** A list whose members are made while it is written. */
export class JsonItems<T extends JsonValue = JsonValue> {
  readonly items: Iterable<T>;

  constructor(items: Iterable<T>) {
    this.items = items;
  }
}

/** Digits after the point of an exact amount: the micro-dollar that is printed. */
const PLACES = 6;

/**
 * JSON text in which Fixed amounts are exact decimals of at most six places, rounded half away from zero, without a detour
 * through doubles. Numbers that JSON cannot express are null. `indent` is a count of spaces, 0 for one line.
 */
export function jsonText(value: JsonValue, indent = 0): string {
  return written(value, indent, '\n');
}

/**
 * The same in pieces, for output longer than the longest string: one for each member of its objects and lists, down to
 * `depth` levels.
 */
export function* jsonPieces(
  value: JsonValue,
  indent: number,
  depth: number,
  newline = '\n',
): Generator<string> {
  if (depth === 0 || value === null || typeof value !== 'object' || value instanceof RawJson) {
    yield written(value, indent, newline);
    return;
  }
  const isOfItems = value instanceof JsonItems || isList(value);
  const [open, close] = isOfItems ? ['[', ']'] : ['{', '}'];
  const inner = newline + ' '.repeat(indent);
  let before = open;
  for (const [name, item] of isOfItems ? unnamed(value) : named(value, indent)) {
    yield `${before}${indent === 0 ? '' : inner}${name}`;
    yield* jsonPieces(item, indent, depth - 1, inner);
    before = ',';
  }
  yield before === open ? open + close : `${indent === 0 ? '' : newline}${close}`;
}

function* unnamed(list: JsonItems | readonly JsonValue[]): Generator<[string, JsonValue]> {
  for (const item of list instanceof JsonItems ? list.items : list) yield ['', item];
}

function* named(
  value: { readonly [key: string]: JsonValue | undefined },
  indent: number,
): Generator<[string, JsonValue]> {
  const colon = indent === 0 ? ':' : ': ';
  for (const [key, item] of Object.entries(value))
    if (item !== undefined) yield [`${JSON.stringify(key)}${colon}`, item];
}

function written(value: JsonValue, indent: number, newline: string): string {
  if (typeof value === 'bigint') return formatFixed(value, PLACES);
  if (value instanceof RawJson) return value.text;
  if (value instanceof JsonItems) return written([...value.items], indent, newline);
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  const inner = newline + ' '.repeat(indent);
  const colon = indent === 0 ? ':' : ': ';
  const members = isList(value)
    ? value.map((item) => written(item, indent, inner))
    : Object.entries(value).flatMap(([key, item]) =>
        item === undefined ? [] : `${JSON.stringify(key)}${colon}${written(item, indent, inner)}`,
      );
  const [open, close] = isList(value) ? ['[', ']'] : ['{', '}'];
  if (members.length === 0) return open + close;
  return indent === 0
    ? open + members.join(',') + close
    : `${open}${inner}${members.join(`,${inner}`)}${newline}${close}`;
}

function isList(value: JsonValue): value is readonly JsonValue[] {
  return Array.isArray(value);
}
