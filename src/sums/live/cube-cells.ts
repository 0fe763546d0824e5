// A cube's days, hours, minutes and pieces in memory.

import type { Cube } from '../../model/cube.ts';
import type { CubeCell } from '../../stores/audit-store.ts';
import {
  mergedBucket,
  packBucket,
  packMinutes,
  type StoredBuckets,
  type TextRow,
} from '../series/buckets.ts';
import { DAY, HOUR, hourOf, hoursBetween, type Length, MINUTE } from '../series/grid.ts';
import { GroupIndex } from '../series/group-index.ts';
import { type Layout, layoutOf } from '../series/layout.ts';
import { spliced } from '../series/splice.ts';

/** The cells of one cube in memory: whole hours and days, and hours by the minute where a window's edge falls into them. */
export interface CubeCells {
  readonly cube: Cube;
  /** How the sums of its measures stand. */
  readonly layout: Layout;
  /** The keys of its groups; in a cube with bins the bin is the last member. */
  readonly dictionary: GroupIndex;
  /** Whole hours by their beginning (ms). */
  readonly hours: Map<number, StoredBuckets>;
  /** Whole days of UTC by their beginning (ms), where no window's edge needs their hours. */
  readonly days: Map<number, StoredBuckets>;
  readonly details: Map<number, StoredBuckets>;
  /** Parts of minutes, and of hours that are not known by the minute, by `from/to`; of one poll. */
  readonly pieces: Map<string, StoredBuckets>;
  /** Raised when a whole hour or day changes, so that what was summed from it is summed again. */
  version: number;
  /** Raised with every look at the store. */
  looks: number;
}

export function openCubeCells(cube: Cube): CubeCells {
  return {
    cube,
    layout: layoutOf(cube.measures),
    dictionary: new GroupIndex(),
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
  const byHour = new Map<number, TextRow[]>(hours.map((hour) => [hour, []]));
  for (const { segment, key, sums } of cells) {
    const at = beginnings[segment] as number;
    const hour = hourOf(at);
    byHour.get(hour)?.push({ bucket: (at - hour) / MINUTE, group: own.dictionary.numberOf(key), sums });
  }
  putDetails(own, new Map([...byHour].map(([hour, rows]) => [hour, packMinutes(rows, own.layout)])), isKept);
}

/** Hours by the minute are as these are, but for minutes (ms) that are kept as they were. */
export function putDetails(
  own: CubeCells,
  hours: ReadonlyMap<number, StoredBuckets>,
  isKept: (minute: number) => boolean,
): void {
  for (const [hour, packed] of hours) {
    const older = own.details.get(hour);
    const isOlder = (minute: number): boolean => isKept(hour + minute * MINUTE);
    own.details.set(hour, older === undefined ? packed : spliced(older, packed, isOlder, own.layout.width));
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
  const byBegin = new Map<number, TextRow[]>(begins.map((begin) => [begin, []]));
  for (const { segment, key, sums } of cells) {
    byBegin
      .get(beginnings[segment] as number)
      ?.push({ bucket: 0, group: own.dictionary.numberOf(key), sums });
  }
  for (const [begin, rows] of byBegin) {
    const merged = mergedBucket([packBucket(rows, own.layout)], own.layout);
    setWhole(own, length, begin, { ...merged, lacks });
  }
}

/** Makes a whole hour of the minutes that are known of it. */
export function sealHour(own: CubeCells, hour: number): void {
  const detail = own.details.get(hour);
  if (detail !== undefined) setWhole(own, HOUR, hour, mergedBucket([detail], own.layout));
}

/** Makes a day of its hours; false when one of them is not there. */
export function sealDay(own: CubeCells, day: number): boolean {
  const hours = hoursBetween(day, day + DAY).map((hour) => own.hours.get(hour));
  if (!hours.every((cells) => cells !== undefined)) return false;
  setWhole(own, DAY, day, mergedBucket(hours, own.layout));
  return true;
}

/** The whole cells of a length, by their beginning (ms). */
export function wholesOf(own: CubeCells, length: Length): ReadonlyMap<number, StoredBuckets> {
  return length === HOUR ? own.hours : own.days;
}

export function setWhole(own: CubeCells, length: Length, begin: number, cells: StoredBuckets): void {
  (length === HOUR ? own.hours : own.days).set(begin, cells);
  own.version += 1;
}

export function dropWhole(own: CubeCells, length: Length, begin: number): void {
  (length === HOUR ? own.hours : own.days).delete(begin);
  own.version += 1;
}
