// Adds up the cells of disjoint rows.

import type { Measure } from './measure.ts';
import type { Fixed } from './money.ts';
import type { Cell } from './series.ts';
import type { Sketch } from './sketch.ts';

/** The cell of all rows of several cells that share none. */
export function mergedCell(cells: readonly Cell[]): Cell {
  const sums: Partial<Record<Measure, Fixed>> = {};
  const sketches: Partial<Record<Measure, Sketch>> = {};
  for (const cell of cells) {
    for (const [measure, sum] of Object.entries(cell.sums) as [Measure, Fixed][])
      sums[measure] = (sums[measure] ?? 0n) + sum;
    for (const [measure, sketch] of Object.entries(cell.sketches) as [Measure, Sketch][])
      sketches[measure] = mergedSketch(sketches[measure], sketch);
  }
  return { sums, sketches };
}

function mergedSketch(one: Sketch | undefined, other: Sketch): Sketch {
  const merged = new Map(one ?? []);
  for (const [bucket, count] of other) merged.set(bucket, (merged.get(bucket) ?? 0) + count);
  return merged;
}
