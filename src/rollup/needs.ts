import type { Query } from '../model/series.ts';
import type { Window } from '../model/window.ts';
import type { CubeCells } from './cube-cells.ts';
import { type CubePlan, cubeNamesOf, ROOT } from './cube-plan.ts';
import { hourOf, hoursBetween, memberOf } from './grid.ts';
import { unionOf } from './plan.ts';
import { partsOf, pieceName, piecesOf, wholeHours } from './window-cuts.ts';

/** What the edges of windows need beside whole hours, by cube: hours by the minute, and parts of minutes. */
export interface EdgeNeeds {
  readonly hours: ReadonlyMap<CubeCells, ReadonlySet<number>>;
  readonly pieces: ReadonlyMap<CubeCells, ReadonlyMap<string, Window>>;
}

/** `at` is the end of what is read: a minute that it cuts is whole as far as it is known. */
export function edgeNeeds(
  queries: readonly Query[],
  { uses }: CubePlan,
  cubes: ReadonlyMap<string, CubeCells>,
  at: number,
): EdgeNeeds {
  const hours = new Map<CubeCells, Set<number>>();
  const pieces = new Map<CubeCells, Map<string, Window>>();
  for (const [i, query] of queries.entries()) {
    const owners = cubeNamesOf(uses[i]).map((name) => cubes.get(name) as CubeCells);
    for (const part of query.windows.flatMap(partsOf)) {
      const cut = piecesOf(part, at);
      for (const own of owners) {
        memberOf(hours, own, () => new Set<number>()).add(hourOf(part.from));
        for (const piece of cut) {
          memberOf(pieces, own, () => new Map<string, Window>()).set(pieceName(piece), piece);
        }
      }
    }
  }
  return { hours, pieces };
}

/** By cube, the whole hours before `sealedTo` that the queries need and that are not there. */
export function missingHours(
  queries: readonly Query[],
  { uses }: CubePlan,
  cubes: ReadonlyMap<string, CubeCells>,
  sealedTo: number,
): Map<CubeCells, Set<number>> {
  const missing = new Map<CubeCells, Set<number>>();
  for (const [i, query] of queries.entries()) {
    const spans = unionOf(query.windows.map(wholeHours));
    // What is compared with the store must be known of every hour that anything is known of.
    for (const name of [ROOT, ...cubeNamesOf(uses[i])]) {
      const own = cubes.get(name) as CubeCells;
      for (const { from, to } of spans) {
        for (const hour of hoursBetween(from, Math.min(to, sealedTo))) {
          if (!own.hours.has(hour)) memberOf(missing, own, () => new Set<number>()).add(hour);
        }
      }
    }
  }
  return missing;
}

/** By cube, the beginning of the oldest hour that the queries look at, ms: what is older need not be kept. */
export function oldestNeeded(
  queries: readonly Query[],
  { uses }: CubePlan,
  cubes: ReadonlyMap<string, CubeCells>,
): Map<CubeCells, number> {
  const oldest = new Map<CubeCells, number>();
  for (const [i, query] of queries.entries()) {
    const from = hourOf(Math.min(...query.windows.map((window) => window.from)));
    for (const name of [ROOT, ...cubeNamesOf(uses[i])]) {
      const own = cubes.get(name) as CubeCells;
      oldest.set(own, Math.min(from, oldest.get(own) ?? from));
    }
  }
  return oldest;
}
