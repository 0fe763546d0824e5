// The cells of an hour or a day in columns, exact.

import type { DecimalColumn } from '../../model/call-columns.ts';
import type { Cube } from '../../model/cube.ts';
import { FIXED_DIGITS, type Fixed, ONE } from '../../model/money.ts';
import type { GroupKey } from '../../model/series.ts';
import { MINUTES } from './grid.ts';
import { addColumn } from './step-cells.ts';

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

/** Places of some calls in their columns, ascending by the minute of the hour that each is of. */
export interface MinuteLines {
  readonly lines: Int32Array;
  readonly minutes: Int32Array;
}

/**
 * Packs calls, at most 9,000 as they are added up before parts are carried, by the minute. `keyOf` is the number of each
 * line's key, -1 for one that is left out; those of a minute that have the same key are one cell.
 */
export function packCalls(
  { lines, minutes }: MinuteLines,
  keyOf: Int32Array,
  sums: readonly DecimalColumn[],
): PackedCells {
  const keys: number[] = [];
  const ends = new Int32Array(MINUTES + 1);
  // Calls of other hours are in none.
  const cellOf = new Int32Array(keyOf.length).fill(-1);
  const known = new Map<number, number>();
  for (let i = 0; i < lines.length; i += 1) {
    const minute = minutes[i] as number;
    if (minute !== minutes[i - 1]) known.clear();
    const line = lines[i] as number;
    const key = keyOf[line] as number;
    let cell = key < 0 ? -1 : known.get(key);
    if (cell === undefined) {
      cell = keys.push(key) - 1;
      known.set(key, cell);
    }
    cellOf[line] = cell;
    ends[minute + 1] = keys.length;
  }
  const packed = empty(keys.length, sums.length, true);
  packed.keys.set(keys);
  packed.minutes?.set(ends);
  for (const [m, { units, parts }] of sums.entries()) {
    addColumn(packed.units, units, cellOf, sums.length, m);
    if (parts !== null) addColumn(packed.parts, parts, cellOf, sums.length, m);
  }
  carry(packed.units, packed.parts);
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
  // Most minutes stay, so that runs of them are copied at once.
  const runs: { readonly source: PackedCells; readonly from: number; to: number }[] = [];
  for (let minute = 0; minute < MINUTES; minute += 1) {
    const source = isOlder(minute) ? older : newer;
    const last = runs.at(-1);
    if (last?.source === source) last.to = minute + 1;
    else runs.push({ source, from: minute, to: minute + 1 });
  }
  const placeOf = ({ minutes }: PackedCells, minute: number): number => minutes?.[minute] ?? 0;
  const size = runs.reduce(
    (cells, { source, from, to }) => cells + placeOf(source, to) - placeOf(source, from),
    0,
  );
  const packed = empty(size, measures, true);
  const origins: object[] = [];
  let end = 0;
  for (const { source, from, to } of runs) {
    const [first, last] = [placeOf(source, from), placeOf(source, to)];
    if (first < last) {
      packed.keys.set(source.keys.subarray(first, last), end);
      packed.units.set(source.units.subarray(first * measures, last * measures), end * measures);
      packed.parts.set(source.parts.subarray(first * measures, last * measures), end * measures);
    }
    for (let minute = from; minute < to; minute += 1) {
      origins[minute] = source.origins?.[minute] as object;
      (packed.minutes as Int32Array)[minute + 1] = end + placeOf(source, minute + 1) - first;
    }
    end += last - first;
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
  readonly #places: Branch = new Map();

  /** All keys have as many parts. They are looked up part by part: joined to one text, each would cost half as much again. */
  numberOf(key: GroupKey): number {
    const last = key.length - 1;
    let branch = this.#places;
    for (let i = 0; i < last; i += 1) {
      const part = key[i] as string | null;
      let next = branch.get(part) as Branch | undefined;
      if (next === undefined) {
        next = new Map();
        branch.set(part, next);
      }
      branch = next;
    }
    // A key without parts has its place where one of NULL would be.
    const end = key[last] ?? null;
    const known = branch.get(end) as number | undefined;
    if (known !== undefined) return known;
    const number = this.keys.push(key) - 1;
    branch.set(end, number);
    return number;
  }
}

/** By a key's part: what follows it, and at the last one the key's number. */
type Branch = Map<string | null, Branch | number>;

const SCALE = Number(ONE);

/** Moves whole units out of the parts; both keep the sign they have. */
function carry(units: Float64Array, parts: Float64Array): void {
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
