import { type Fixed, formatFixed } from './money.ts';

/** JSON whose bigints are Fixed decimals; a member that is undefined is left out. */
export type JsonValue =
  | null
  | boolean
  | number
  | string
  | Fixed
  | RawJson
  | readonly JsonValue[]
  | { readonly [key: string]: JsonValue | undefined };

/** JSON text that stands in other JSON as it is, so that its numbers are not read and rounded on the way. */
export class RawJson {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** Digits after the point of an exact amount: the micro-dollar that is printed. */
const PLACES = 6;

/**
 * JSON text in which Fixed amounts are exact decimals of at most six places, rounded half away from zero and never
 * a double in between. Numbers that JSON has no word for are null. `indent` is a count of spaces, 0 for one line.
 */
export function jsonText(value: JsonValue, indent = 0): string {
  return written(value, indent, '\n');
}

function written(value: JsonValue, indent: number, newline: string): string {
  if (typeof value === 'bigint') return formatFixed(value, PLACES);
  if (value instanceof RawJson) return value.text;
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
