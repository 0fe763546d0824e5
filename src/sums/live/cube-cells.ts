// A cube's days, hours, minutes and pieces in memory.

import type { Cube } from '../../model/cube.ts';
import type { CubeCell } from '../../stores/audit-store.ts';
import { DAY, HOUR, hourOf, hoursBetween, type Length, MINUTE } from '../series/grid.ts';
import {
  KeyDictionary,
  type LooseCell,
  type PackedCells,
  pack,
  spliced,
  together,
  width,
} from '../series/packed-cells.ts';

/** The cells of one cube in memory: whole hours and days, and hours by the minute where a window's edge falls into them. */
export interface CubeCells {
  readonly cube: Cube;
  readonly dictionary: KeyDictionary;
  /** Whole hours by their beginning (ms). */
  readonly hours: Map<number, PackedCells>;
  /** Whole days of UTC by their beginning (ms), where no window's edge needs their hours. */
  readonly days: Map<number, PackedCells>;
  readonly details: Map<number, PackedCells>;
  /** Parts of minutes, and of hours that are not known by the minute, by `from/to`; of one poll. */
  readonly pieces: Map<string, PackedCells>;
  /** Raised when a whole hour or day changes, so that what was summed from it is summed again. */
  version: number;
  /** Raised with every look at the store. */
  looks: number;
}

export function openCubeCells(cube: Cube): CubeCells {
  return {
    cube,
    dictionary: new KeyDictionary(),
    hours: new Map(),
    days: new Map(),
    details: new Map(),
    pieces: new Map(),
    version: 0,
    looks: 0,
  };
}

/**
 * Takes cells that a store gave by the minute: `beginnings[segment]` is the instant at which a segment begins. Minutes
 * (ms) that are kept stay as they are.
 */
export function takeDetails(
  own: CubeCells,
  cells: readonly CubeCell[],
  beginnings: readonly number[],
  hours: readonly number[],
  isKept: (minute: number) => boolean,
): void {
  const byHour = new Map<number, LooseCell[]>(hours.map((hour) => [hour, []]));
  for (const { segment, key, sums } of cells) {
    const at = beginnings[segment] as number;
    const hour = hourOf(at);
    byHour.get(hour)?.push({ minute: (at - hour) / MINUTE, key: own.dictionary.numberOf(key), sums });
  }
  putDetails(
    own,
    new Map([...byHour].map(([hour, loose]) => [hour, pack(loose, width(own.cube), true)])),
    isKept,
  );
}

/** Hours by the minute are as these are, but for minutes (ms) that are kept as they were. */
export function putDetails(
  own: CubeCells,
  hours: ReadonlyMap<number, PackedCells>,
  isKept: (minute: number) => boolean,
): void {
  for (const [hour, packed] of hours) {
    const older = own.details.get(hour);
    const isOlder = (minute: number): boolean => isKept(hour + minute * MINUTE);
    own.details.set(hour, older === undefined ? packed : spliced(older, packed, isOlder, width(own.cube)));
  }
}

/**
 * Takes cells by whole hours or days: a segment begins at `beginnings[segment]`. Cells of one key and segment are put
 * together.
 */
export function takeWhole(
  own: CubeCells,
  length: Length,
  cells: readonly CubeCell[],
  beginnings: readonly number[],
  begins: readonly number[],
  lacks: readonly number[],
): void {
  const byBegin = new Map<number, LooseCell[]>(begins.map((begin) => [begin, []]));
  for (const { segment, key, sums } of cells) {
    byBegin.get(beginnings[segment] as number)?.push({ minute: 0, key: own.dictionary.numberOf(key), sums });
  }
  for (const [begin, loose] of byBegin) {
    const packed = together([pack(loose, width(own.cube), false)], width(own.cube));
    setWhole(own, length, begin, { ...packed, lacks });
  }
}

/** Makes a whole hour of the minutes that are known of it. */
export function sealHour(own: CubeCells, hour: number): void {
  const detail = own.details.get(hour);
  if (detail !== undefined) setWhole(own, HOUR, hour, together([detail], width(own.cube)));
}

/** Makes a day of its hours; false when one of them is not there. */
export function sealDay(own: CubeCells, day: number): boolean {
  const hours = hoursBetween(day, day + DAY).map((hour) => own.hours.get(hour));
  if (!hours.every((cells) => cells !== undefined)) return false;
  setWhole(own, DAY, day, together(hours, width(own.cube)));
  return true;
}

/** The whole cells of a length, by their beginning (ms). */
export function wholesOf(own: CubeCells, length: Length): ReadonlyMap<number, PackedCells> {
  return length === HOUR ? own.hours : own.days;
}

export function setWhole(own: CubeCells, length: Length, begin: number, cells: PackedCells): void {
  (length === HOUR ? own.hours : own.days).set(begin, cells);
  own.version += 1;
}

export function dropWhole(own: CubeCells, length: Length, begin: number): void {
  (length === HOUR ? own.hours : own.days).delete(begin);
  own.version += 1;
}
