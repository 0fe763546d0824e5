// Hours become days, and what no query needs is forgotten.

import type { Measure } from '../../model/measure.ts';
import { DAY, dayOf, HOUR, hoursBetween, LENGTHS, type Length } from '../series/grid.ts';
import { type CubeCells, dropWhole, sealDay, setWhole, wholesOf } from './cube-cells.ts';
import { isMissing, type WholeNeeds } from './needs.ts';

/**
 * Makes days of hours that are not needed one by one any more, and forgets what is older than all windows. `changed`
 * is told of every cell that came or went.
 */
export function compact(
  own: CubeCells,
  needs: WholeNeeds,
  sealedTo: number,
  changed: (length: Length, begin: number) => void,
): void {
  const drop = (length: Length, begin: number): void => {
    dropWhole(own, length, begin);
    changed(length, begin);
  };
  for (const day of [...own.days.keys()]) if (day < needs.oldest) drop(DAY, day);
  for (const hour of [...own.hours.keys()]) if (hour < needs.oldest) drop(HOUR, hour);
  // A day that is needed by the hour again goes when its hours are there, so that there is one truth of it.
  for (const day of [...own.days.keys()]) {
    const isThere = (hour: number): boolean => !isMissing(own, needs, HOUR, hour);
    if (needs.isHourly(day) && hoursBetween(day, day + DAY).every(isThere)) drop(DAY, day);
  }
  const ripe = new Set([...own.hours.keys()].map(dayOf).filter((day) => !needs.isHourly(day)));
  for (const day of ripe) {
    if (day + DAY > sealedTo) continue;
    if (isMissing(own, needs, DAY, day)) {
      // Without all of its hours a day is read from the store, and those that are there serve until then.
      if (!sealDay(own, day)) continue;
      changed(DAY, day);
    }
    for (const hour of hoursBetween(day, day + DAY)) if (own.hours.has(hour)) drop(HOUR, hour);
  }
  for (const length of LENGTHS) {
    for (const [begin, cells] of wholesOf(own, length)) {
      const lacks = new Set([...cells.lacks, ...unneeded(own, needs.measuresOf(length, begin))]);
      if (lacks.size === cells.lacks.length) continue;
      setWhole(own, length, begin, { ...cells, lacks: [...lacks] });
      changed(length, begin);
    }
  }
}

/** Places of the measures that are asked of nothing so old: they are neither read nor compared there any more. */
function unneeded({ cube }: CubeCells, needed: readonly Measure[]): number[] {
  return cube.measures.flatMap((measure, place) => (needed.includes(measure) ? [] : [place]));
}
