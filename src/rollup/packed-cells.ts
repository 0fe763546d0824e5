import type { Cube } from '../model/cube.ts';
import { FIXED_DIGITS, type Fixed, ONE } from '../model/money.ts';
import type { GroupKey } from '../model/series.ts';
import { MINUTES } from './grid.ts';

/**
 * Cells of one hour or day in columns. A sum is two doubles, whole units and 10^-12 parts, each a whole number, so that
 * adding is exact and makes no garbage: parts stay below 2^53 for 9,000 additions between carries.
 */
export interface PackedCells {
  readonly keys: Int32Array;
  /** Cell-major: the sums of cell i are at i × measures … */
  readonly units: Float64Array;
  readonly parts: Float64Array;
  /** Where each minute's cells begin (61 ends), in cells kept by the minute; null in whole cells. */
  readonly minutes: Int32Array | null;
  /** What each minute's cells were packed as: where it is the same object, the cells are the same. */
  readonly origins: readonly object[] | null;
  /** Measures that were not read: their sums, which are 0 here, are unknown. */
  readonly lacks: readonly number[];
}

/** A cell before it is packed: `minute` of its hour, `key` a number of the cube's dictionary. */
export interface LooseCell {
  readonly minute: number;
  readonly key: number;
  readonly sums: readonly string[];
}

/** Packs cells, by the minute or (all minutes 0) whole. Cells stay as many as they are. */
export function pack(cells: readonly LooseCell[], measures: number, byMinute: boolean): PackedCells {
  const ordered = byMinute ? [...cells].sort((a, b) => a.minute - b.minute) : cells;
  const packed = empty(ordered.length, measures, byMinute);
  for (let i = 0; i < ordered.length; i += 1) {
    const { key, sums, minute } = ordered[i] as LooseCell;
    packed.keys[i] = key;
    for (let m = 0; m < sums.length; m += 1) writeDecimal(sums[m] as string, packed, i * measures + m);
    if (packed.minutes !== null) packed.minutes[minute + 1] = i + 1;
  }
  fillMinutes(packed.minutes);
  return packed;
}

/** Cells by the minute: those of `older` in the minutes (0 to 59) that are said to be, those of `newer` in the others. */
export function spliced(
  older: PackedCells,
  newer: PackedCells,
  isOlder: (minute: number) => boolean,
  measures: number,
): PackedCells {
  const parts = Array.from({ length: MINUTES }, (_, minute) => {
    const source = isOlder(minute) ? older : newer;
    return { source, from: source.minutes?.[minute] ?? 0, to: source.minutes?.[minute + 1] ?? 0 };
  });
  const size = parts.reduce((cells, { from, to }) => cells + to - from, 0);
  const packed = empty(size, measures, true);
  const origins: object[] = [];
  let end = 0;
  for (const [minute, { source, from, to }] of parts.entries()) {
    origins[minute] = source.origins?.[minute] as object;
    if (from < to) {
      packed.keys.set(source.keys.subarray(from, to), end);
      packed.units.set(source.units.subarray(from * measures, to * measures), end * measures);
      packed.parts.set(source.parts.subarray(from * measures, to * measures), end * measures);
      end += to - from;
    }
    (packed.minutes as Int32Array)[minute + 1] = end;
  }
  return { ...packed, origins };
}

/** The cells of a longer time, from those that it is made of: minutes of an hour, hours of a day. */
export function together(parts: readonly PackedCells[], measures: number): PackedCells {
  const places = new Map<number, number>();
  for (const { keys } of parts) for (const key of keys) if (!places.has(key)) places.set(key, places.size);
  const packed = empty(places.size, measures, false);
  for (const [key, place] of places) packed.keys[place] = key;
  for (const part of parts) {
    for (let i = 0; i < part.keys.length; i += 1) {
      const place = places.get(part.keys[i] as number) as number;
      for (let m = 0; m < measures; m += 1) {
        const at = place * measures + m;
        packed.units[at] = (packed.units[at] as number) + (part.units[i * measures + m] as number);
        packed.parts[at] = (packed.parts[at] as number) + (part.parts[i * measures + m] as number);
      }
    }
  }
  carry(packed.units, packed.parts);
  return { ...packed, lacks: [...new Set(parts.flatMap(({ lacks }) => lacks))] };
}

/** Numbers for group keys: a cube's cells name their key by its place here. */
export class KeyDictionary {
  readonly keys: GroupKey[] = [];
  readonly #places = new Map<string, number>();

  numberOf(key: GroupKey): number {
    // No text of a database holds a NUL. As JSON it would take half as long again, once for every cell.
    let text = '';
    for (const part of key) text += part === null ? '\0-' : `${part}\0+`;
    const known = this.#places.get(text);
    if (known !== undefined) return known;
    this.#places.set(text, this.keys.length);
    return this.keys.push(key) - 1;
  }
}

const SCALE = Number(ONE);

/** Moves whole units out of the parts; both keep the sign they have. */
export function carry(units: Float64Array, parts: Float64Array): void {
  for (let i = 0; i < parts.length; i += 1) {
    const part = parts[i] as number;
    if (part > -SCALE && part < SCALE) continue;
    const whole = Math.trunc(part / SCALE);
    units[i] = (units[i] as number) + whole;
    parts[i] = part - whole * SCALE;
  }
}

/** A sum as a Fixed. */
export function fixedOf(units: number, parts: number): Fixed {
  return parts === 0 ? BigInt(units) * ONE : BigInt(units) * ONE + BigInt(parts);
}

const MINUS = '-'.charCodeAt(0);
const POINT = '.'.charCodeAt(0);
const ZERO = '0'.charCodeAt(0);

/** Digit by digit: cutting a text in two costs more than twice as much, and every sum of every cell comes this way. */
function writeDecimal(text: string, { units, parts }: PackedCells, at: number): void {
  const isNegative = text.charCodeAt(0) === MINUS;
  let place = isNegative ? 1 : 0;
  let whole = 0;
  for (; place < text.length && text.charCodeAt(place) !== POINT; place += 1) {
    whole = whole * 10 + text.charCodeAt(place) - ZERO;
  }
  let part = 0;
  for (let digit = 1; digit <= FIXED_DIGITS; digit += 1) {
    const next = place + digit;
    part = part * 10 + (next < text.length ? text.charCodeAt(next) - ZERO : 0);
  }
  // Subtracted from 0, as a negative 0 is not the same as 0.
  units[at] = isNegative ? 0 - whole : whole;
  parts[at] = isNegative ? 0 - part : part;
}

function empty(cells: number, measures: number, byMinute: boolean): PackedCells {
  const keys = new Int32Array(cells);
  return {
    keys,
    units: new Float64Array(cells * measures),
    parts: new Float64Array(cells * measures),
    origins: byMinute ? new Array<object>(MINUTES).fill(keys) : null,
    minutes: byMinute ? new Int32Array(MINUTES + 1) : null,
    lacks: [],
  };
}

/** A minute without cells ends where the one before it ends. */
function fillMinutes(minutes: Int32Array | null): void {
  if (minutes === null) return;
  for (let minute = 1; minute <= MINUTES; minute += 1) {
    minutes[minute] = Math.max(minutes[minute] as number, minutes[minute - 1] as number);
  }
}

/** How many measures a cube's cells have. */
export function width({ measures }: Pick<Cube, 'measures'>): number {
  return measures.length;
}
