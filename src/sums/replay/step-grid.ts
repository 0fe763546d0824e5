// Divides time into steps, some of which are split where days begin.

import { firstNotBelow } from '../../model/ascending.ts';

/** Time in steps of one length, some of which are split in two. */
export interface StepGrid {
  readonly stepMs: number;
  /** The last edge of whole steps at or before an instant. */
  floor(instant: number): number;
  /** The number of the step that begins at an instant, ascending with time; null for an instant within a step. */
  stepAt(instant: number): number | null;
  /** The edge `from` and the edges of the steps after it: at most `steps` steps, none of which ends after `end`. */
  edgesFrom(from: number, steps: number, end: number): number[];
}

/** Steps of `stepMs` that meet at `anchor`, split at those of the instants (ascending, ms) that are not edges already. */
export function openStepGrid(anchor: number, stepMs: number, instants: readonly number[]): StepGrid {
  const splits = instants.filter((instant) => (instant - anchor) % stepMs !== 0);
  const floor = (instant: number): number => anchor + Math.floor((instant - anchor) / stepMs) * stepMs;
  return {
    stepMs,
    floor,
    stepAt(instant) {
      const whole = (instant - anchor) / stepMs;
      const before = splits.length === 0 ? 0 : firstNotBelow(splits, instant);
      if (Number.isInteger(whole)) return whole + before;
      return splits[before] === instant ? Math.floor(whole) + 1 + before : null;
    },
    edgesFrom(from, steps, end) {
      const edges = [from];
      for (let edge = from; edges.length <= steps; ) {
        edge = Math.min(
          floor(edge) + stepMs,
          splits[firstNotBelow(splits, edge + 1)] ?? Number.POSITIVE_INFINITY,
        );
        if (edge > end) break;
        edges.push(edge);
      }
      return edges;
    },
  };
}
