// Reports which statement of a snapshot failed, and skips refused expressions.

import type { Aggregate } from '../model/aggregate.ts';
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
    buckets: (aggregates, edges, ranges) =>
      watch({ asked: askedByAggregates(aggregates), ranges }, () =>
        snapshot.buckets(aggregates, edges, ranges),
      ),
    calls: (read) => {
      const { dimensions, measures, sketches, edges } = read;
      const asked = { dimensions, measures: [...measures, ...sketches] };
      return watch({ asked, ranges: [spanOf(edges)] }, () => snapshot.calls(read));
    },
    changes: changes && {
      ...changes,
      digests: (aggregates, edges) =>
        watch({ asked: askedByAggregates(aggregates), ranges: [spanOf(edges)] }, () =>
          changes.digests(aggregates, edges),
        ),
    },
  };
}

function askedByAggregates(aggregates: readonly Aggregate[]): Asked {
  return {
    dimensions: [...new Set(aggregates.flatMap(({ dimensions }) => dimensions))],
    measures: [...new Set(aggregates.flatMap(({ measures, sketch }) => [...measures, sketch ?? []].flat()))],
  };
}

function spanOf(edges: readonly number[]): Window {
  return { from: edges[0] ?? 0, to: edges.at(-1) ?? 0 };
}
