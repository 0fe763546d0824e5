// Time in steps, some of which are cut where days begin.

import { firstNotBelow } from '../../model/ascending.ts';

/** Time in steps: of one length, save where an instant of its own cuts one in two. */
export interface StepGrid {
  readonly stepMs: number;
  /** The last edge that is not behind an instant, cuts aside. */
  floor(instant: number): number;
  /** The number of the step that begins at an instant, ascending with time; null for one within a step. */
  stepAt(instant: number): number | null;
  /** The edge `from` and those of the steps after it: so many steps, and none that ends behind `end`. */
  edgesFrom(from: number, steps: number, end: number): number[];
}

/** Steps of `stepMs` that meet at `anchor`, and the cuts (ascending, ms) that do not fall on them. */
export function openStepGrid(anchor: number, stepMs: number, instants: readonly number[]): StepGrid {
  const cuts = instants.filter((instant) => (instant - anchor) % stepMs !== 0);
  const floor = (instant: number): number => anchor + Math.floor((instant - anchor) / stepMs) * stepMs;
  return {
    stepMs,
    floor,
    stepAt(instant) {
      const whole = (instant - anchor) / stepMs;
      const before = cuts.length === 0 ? 0 : firstNotBelow(cuts, instant);
      if (Number.isInteger(whole)) return whole + before;
      return cuts[before] === instant ? Math.floor(whole) + 1 + before : null;
    },
    edgesFrom(from, steps, end) {
      const edges = [from];
      for (let edge = from; edges.length <= steps; ) {
        edge = Math.min(
          floor(edge) + stepMs,
          cuts[firstNotBelow(cuts, edge + 1)] ?? Number.POSITIVE_INFINITY,
        );
        if (edge > end) break;
        edges.push(edge);
      }
      return edges;
    },
  };
}
