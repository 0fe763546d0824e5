import type { Window } from '../model/window.ts';
import type { AuditSnapshot, CubeCell } from '../stores/audit-store.ts';
import { type CubeCells, takeDetails, takeHours } from './cube-cells.ts';
import { ascending, HOUR, hourEdges, memberOf, minuteEdges } from './grid.ts';
import { pack, width } from './packed-cells.ts';
import { unionOf } from './plan.ts';

/**
 * Reads hours by the minute, each cube the ones it wants, in a statement for every set of hours that some cubes share.
 * Nothing at or after `end` is read.
 */
export async function readHoursByMinute(
  snapshot: AuditSnapshot,
  wanted: ReadonlyMap<CubeCells, ReadonlySet<number>>,
  end: number,
): Promise<number> {
  let rows = 0;
  for (const { owners, hours } of sharedHours(wanted)) {
    const ranges = unionOf(hours.map((hour) => ({ from: hour, to: Math.min(hour + HOUR, end) })));
    const edges = ascending(new Set(ranges.flatMap(({ from, to }) => minuteEdges(from, to))));
    const cells = await snapshot.cells(cubesOf(owners), edges, ranges);
    for (const [i, own] of owners.entries())
      takeDetails(own, cells[i] as CubeCell[], edges, hours, () => false);
    rows += rowsIn(owners, cells);
  }
  return rows;
}

/** Reads whole hours into all cubes, in one statement. */
export async function readHours(
  snapshot: AuditSnapshot,
  owners: readonly CubeCells[],
  hours: readonly number[],
): Promise<void> {
  const edges = hourEdges(hours);
  const ranges = unionOf(hours.map((hour) => ({ from: hour, to: hour + HOUR })));
  const cells = await snapshot.cells(cubesOf(owners), edges, ranges);
  for (const [i, own] of owners.entries()) takeHours(own, cells[i] as CubeCell[], edges, hours);
}

/** Reads parts of minutes, by their names, for edges that do not fall on a minute. */
export async function readPieces(
  snapshot: AuditSnapshot,
  wanted: ReadonlyMap<CubeCells, ReadonlyMap<string, Window>>,
): Promise<number> {
  if (wanted.size === 0) return 0;
  const owners = [...wanted.keys()];
  const pieces = [...wanted.values()].flatMap((own) => [...own.values()]);
  const edges = ascending(new Set(pieces.flatMap(({ from, to }) => [from, to])));
  const cells = await snapshot.cells(cubesOf(owners), edges, unionOf(pieces));
  for (const [i, own] of owners.entries()) {
    for (const [name, piece] of wanted.get(own) ?? []) {
      const within = (cells[i] as CubeCell[]).filter(({ segment }) => {
        const begin = edges[segment] as number;
        return begin >= piece.from && begin < piece.to;
      });
      // Another piece's edges may cut this one; its cells are kept as they come, and add up all the same.
      const loose = within.map(({ key, sums }) => ({ minute: 0, key: own.dictionary.numberOf(key), sums }));
      own.pieces.set(name, pack(loose, width(own.cube), false));
    }
  }
  return rowsIn(owners, cells);
}

function sharedHours(
  wanted: ReadonlyMap<CubeCells, ReadonlySet<number>>,
): { owners: CubeCells[]; hours: number[] }[] {
  const groups = new Map<string, { owners: CubeCells[]; hours: number[] }>();
  for (const [own, set] of wanted) {
    const hours = ascending(set);
    if (hours.length > 0) memberOf(groups, hours.join(), () => ({ owners: [], hours })).owners.push(own);
  }
  return [...groups.values()];
}

function cubesOf(owners: readonly CubeCells[]) {
  return owners.map((own) => own.cube);
}

/** Rows read: the calls of the coarsest cube, whose cells are the fewest. */
function rowsIn(owners: readonly CubeCells[], cells: readonly (readonly CubeCell[])[]): number {
  const coarsest = owners.reduce(
    (best, own, i) =>
      own.cube.bucket === null && own.cube.dimensions.length < (owners[best]?.cube.dimensions.length ?? 99)
        ? i
        : best,
    0,
  );
  const calls = owners[coarsest]?.cube.measures.indexOf('calls') ?? -1;
  return (cells[coarsest] ?? []).reduce((rows, { sums }) => rows + Number(sums[calls]), 0);
}
