import type { Cube } from '../model/cube.ts';
import type { CubeCell } from '../stores/audit-store.ts';
import { hourOf, MINUTE } from './grid.ts';
import {
  KeyDictionary,
  type LooseCell,
  type PackedCells,
  pack,
  spliced,
  wholeHour,
  width,
} from './packed-cells.ts';

/** The cells of one cube in memory: whole hours, and hours by the minute where a window's edge falls into them. */
export interface CubeCells {
  readonly cube: Cube;
  readonly dictionary: KeyDictionary;
  /** Whole hours by their beginning (ms). */
  readonly hours: Map<number, PackedCells>;
  readonly details: Map<number, PackedCells>;
  /** Parts of minutes, by `from/to`, for edges that do not fall on a minute; of one poll. */
  readonly pieces: Map<string, PackedCells>;
  /** Raised when a whole hour changes, so that what was summed from it is summed again. */
  version: number;
  /** Raised with every look at the store. */
  looks: number;
}

export function openCubeCells(cube: Cube): CubeCells {
  return {
    cube,
    dictionary: new KeyDictionary(),
    hours: new Map(),
    details: new Map(),
    pieces: new Map(),
    version: 0,
    looks: 0,
  };
}

/** Takes cells that a store gave by the minute: `beginnings[segment]` is the instant at which a segment begins. */
export function takeDetails(
  own: CubeCells,
  cells: readonly CubeCell[],
  beginnings: readonly number[],
  hours: readonly number[],
  from: number,
): void {
  const byHour = new Map<number, LooseCell[]>(hours.map((hour) => [hour, []]));
  for (const { segment, key, sums } of cells) {
    const at = beginnings[segment] as number;
    const hour = hourOf(at);
    byHour.get(hour)?.push({ minute: (at - hour) / MINUTE, key: own.dictionary.numberOf(key), sums });
  }
  for (const [hour, loose] of byHour) {
    const packed = pack(loose, width(own.cube), true);
    const fromMinute = Math.max(0, Math.floor((from - hour) / MINUTE));
    const older = own.details.get(hour) ?? null;
    own.details.set(hour, fromMinute === 0 ? packed : spliced(older, packed, fromMinute, width(own.cube)));
  }
}

/** Takes cells that a store gave by whole hours: `beginnings[segment]` is the hour of a segment. */
export function takeHours(
  own: CubeCells,
  cells: readonly CubeCell[],
  beginnings: readonly number[],
  hours: readonly number[],
): void {
  const byHour = new Map<number, LooseCell[]>(hours.map((hour) => [hour, []]));
  for (const { segment, key, sums } of cells) {
    byHour.get(beginnings[segment] as number)?.push({ minute: 0, key: own.dictionary.numberOf(key), sums });
  }
  for (const [hour, loose] of byHour) setHour(own, hour, pack(loose, width(own.cube), false));
}

/** Makes a whole hour of the minutes that are known of it. */
export function sealHour(own: CubeCells, hour: number): void {
  const detail = own.details.get(hour);
  if (detail !== undefined) setHour(own, hour, wholeHour(detail, width(own.cube)));
}

export function setHour(own: CubeCells, hour: number, cells: PackedCells): void {
  own.hours.set(hour, cells);
  own.version += 1;
}
