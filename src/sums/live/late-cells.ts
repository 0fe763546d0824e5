// What is read again because rows came late (pure).

import { DAY, dayOf, HOUR, type Length } from '../series/grid.ts';
import type { CubeCells } from './cube-cells.ts';

/** What a look reads beside the young rows, by cube: hours by the minute, and whole hours and days. */
export interface CellsToRead {
  readonly byMinute: ReadonlyMap<CubeCells, ReadonlySet<number>>;
  readonly whole: Readonly<Record<Length, ReadonlyMap<CubeCells, ReadonlySet<number>>>>;
}

/**
 * All that is there of the hours into which rows came late: their minutes, their whole and their day. Hours before
 * `sealedTo` are whole.
 */
export function cellsToRead(
  owners: readonly CubeCells[],
  late: readonly number[],
  sealedTo: number,
): CellsToRead {
  const byMinute = new Map<CubeCells, Set<number>>();
  const whole = { [HOUR]: new Map<CubeCells, Set<number>>(), [DAY]: new Map<CubeCells, Set<number>>() };
  for (const own of owners) {
    const minutes = new Set(late.filter((hour) => hour >= sealedTo || own.details.has(hour)));
    byMinute.set(own, minutes);
    // What is read by the minute is put together, and not read twice.
    whole[HOUR].set(own, new Set(late.filter((hour) => own.hours.has(hour) && !minutes.has(hour))));
    whole[DAY].set(own, new Set(late.map(dayOf).filter((day) => own.days.has(day))));
  }
  return { byMinute, whole };
}
