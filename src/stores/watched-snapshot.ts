// Reports which statement of a snapshot failed, and skips refused expressions.

import type { Cube } from '../model/cube.ts';
import type { Window } from '../model/window.ts';
import type { AuditSnapshot } from './audit-store.ts';
import type { SourceFaults } from './source-faults.ts';
import type { Asked } from './sources.ts';

/** A statement that failed: what it read, and from which rows. */
export interface Failing {
  readonly asked: Asked;
  readonly ranges: readonly Window[];
}

/** A snapshot that never uses refused expressions, and reports which statement failed. */
export function watched(
  snapshot: AuditSnapshot,
  faults: Pick<SourceFaults, 'refuse'>,
  failed: (failing: Failing) => void,
): AuditSnapshot {
  const watch = async <T>(failing: Failing, ask: () => Promise<T>): Promise<T> => {
    faults.refuse(failing.asked);
    try {
      return await ask();
    } catch (error) {
      failed(failing);
      throw error;
    }
  };
  const { changes } = snapshot;
  return {
    ...snapshot,
    cells: (cubes, edges, ranges) =>
      watch({ asked: askedByCubes(cubes), ranges }, () => snapshot.cells(cubes, edges, ranges)),
    calls: (read) => {
      const { dimensions, measures, sketches, edges } = read;
      const asked = { dimensions, measures: [...measures, ...sketches] };
      return watch({ asked, ranges: [spanOf(edges)] }, () => snapshot.calls(read));
    },
    changes: changes && {
      ...changes,
      digests: (cubes, edges) =>
        watch({ asked: askedByCubes(cubes), ranges: [spanOf(edges)] }, () => changes.digests(cubes, edges)),
    },
  };
}

function askedByCubes(cubes: readonly Cube[]): Asked {
  return {
    dimensions: [...new Set(cubes.flatMap(({ dimensions }) => dimensions))],
    measures: [...new Set(cubes.flatMap(({ measures, bucket }) => [...measures, bucket ?? []].flat()))],
  };
}

function spanOf(edges: readonly number[]): Window {
  return { from: edges[0] ?? 0, to: edges.at(-1) ?? 0 };
}
