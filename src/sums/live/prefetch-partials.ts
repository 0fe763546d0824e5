// What of old hours a first look needs, read by two at once.

import type { Measure } from '../../model/measure.ts';
import type { Window } from '../../model/window.ts';
import type { AuditStore } from '../../stores/audit-store.ts';
import { ascending, hourOf } from '../series/grid.ts';
import type { CubeCells } from './cube-cells.ts';
import { readParts } from './read-cells.ts';

/** Parts of hours that windows hold, by their names. */
type Parts = ReadonlyMap<CubeCells, ReadonlyMap<string, Window>>;

/** Parts of fewer hours are read along with the rest of a look. */
const MANY_HOURS = 24;
/** Transactions at once: a store has another processor to spare where it must be ready soon. */
const AT_ONCE = 2;

/**
 * Reads parts of many hours beforehand, in several transactions at once: they are most of what a restart waits for. Returns
 * how many rows were read; none where the hours are few.
 */
export async function readPartsAhead(
  store: AuditStore,
  parts: Parts,
  measuresOf: (own: CubeCells, hour: number) => readonly Measure[],
): Promise<number> {
  const hours = ascending(
    new Set([...parts.values()].flatMap((own) => [...own.values()].map(({ from }) => hourOf(from)))),
  );
  if (hours.length < MANY_HOURS) return 0;
  const rows = await Promise.all(
    Array.from({ length: AT_ONCE }, (_, turn) => {
      const own = new Set(hours.filter((_hour, i) => i % AT_ONCE === turn));
      const share = partsThat(parts, (_own, _name, { from }) => own.has(hourOf(from)));
      return store.snapshot((snapshot) => readParts(snapshot, share, measuresOf));
    }),
  );
  return rows.reduce((sum, some) => sum + some, 0);
}

/** Those that are not there yet, or lie in hours in which rows have come since. */
export function partsLeft(parts: Parts, late: readonly number[]): Parts {
  return partsThat(parts, (own, name, { from }) => !own.pieces.has(name) || late.includes(hourOf(from)));
}

function partsThat(parts: Parts, holds: (own: CubeCells, name: string, part: Window) => boolean): Parts {
  const some = new Map<CubeCells, ReadonlyMap<string, Window>>();
  for (const [own, named] of parts) {
    const left = new Map([...named].filter(([name, part]) => holds(own, name, part)));
    if (left.size > 0) some.set(own, left);
  }
  return some;
}
