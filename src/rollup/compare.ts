import type { Measure } from '../model/measure.ts';
import type { Window } from '../model/window.ts';
import type { AuditStore } from '../stores/audit-store.ts';
import { type CubeCells, openCubeCells, setWhole, wholesOf } from './cube-cells.ts';
import { LENGTHS, type Length } from './grid.ts';
import { fixedOf, type PackedCells, width } from './packed-cells.ts';
import { readWhole } from './read-cells.ts';

/**
 * Reads hours and days that begin within a span anew and takes over those that differ, of which `changed` is told; returns
 * how many did.
 */
export async function takeOverChanges(
  store: AuditStore,
  owners: readonly CubeCells[],
  { from, to }: Window,
  measuresOf: (own: CubeCells, length: Length, newest: number) => readonly Measure[],
  changed: (own: CubeCells, length: Length, begin: number) => void,
): Promise<number> {
  // All cubes are compared: a row that went from one group to another leaves the sums of all rows as they were.
  const originals = new Map(
    owners.map((own) => [{ ...openCubeCells(own.cube), dictionary: own.dictionary }, own]),
  );
  await store.snapshot(async (snapshot) => {
    for (const length of LENGTHS) {
      const wanted = [...originals].map(([fresh, own]) => {
        const begins = [...wholesOf(own, length).keys()];
        return [fresh, new Set(begins.filter((begin) => begin >= from && begin < to))] as const;
      });
      await readWhole(snapshot, length, new Map(wanted), (fresh, newest) =>
        measuresOf(originals.get(fresh) as CubeCells, length, newest),
      );
    }
  });
  let differing = 0;
  for (const [fresh, own] of originals) {
    for (const length of LENGTHS) {
      for (const [begin, now] of wholesOf(fresh, length)) {
        const before = wholesOf(own, length).get(begin);
        if (before !== undefined && isSame(before, now, width(own.cube))) continue;
        setWhole(own, length, begin, now);
        changed(own, length, begin);
        differing += 1;
      }
    }
  }
  return differing;
}

/** Whether two readings of a cube's cell have the same sums in the same groups, as far as both know the measures. */
function isSame(a: PackedCells, b: PackedCells, measures: number): boolean {
  if (a.keys.length !== b.keys.length) return false;
  const compared = Array.from({ length: measures }, (_, m) => m).filter(
    (m) => !a.lacks.includes(m) && !b.lacks.includes(m),
  );
  const places = new Map<number, number>();
  for (const [place, key] of a.keys.entries()) places.set(key, place);
  return b.keys.every((key, i) => {
    const place = places.get(key);
    if (place === undefined) return false;
    return compared.every((m) => sumAt(a, place * measures + m) === sumAt(b, i * measures + m));
  });
}

function sumAt({ units, parts }: PackedCells, at: number): bigint {
  return fixedOf(units[at] as number, parts[at] as number);
}
