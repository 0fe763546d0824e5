// How sums stand: units, and parts where a measure has some.

import type { Measure } from '../../model/measure.ts';
import { ONE } from '../../model/money.ts';

/** Where a measure stands in a cell: its whole units, and its 10^-12 parts where it can have some. */
export interface Place {
  readonly units: number;
  readonly parts: number | null;
}

/** How sums stand in a cell, so many numbers wide. */
export interface Layout {
  readonly measures: readonly Measure[];
  readonly places: ReadonlyMap<Measure, Place>;
  readonly width: number;
}

/** Counts of calls have no parts. */
export function layoutOf(measures: readonly Measure[]): Layout {
  const places = new Map<Measure, Place>();
  let width = 0;
  for (const measure of measures) {
    const units = width;
    const parts = COUNTS.has(measure) || /^failed(_unpriced)?(@|$)/.test(measure) ? null : units + 1;
    width += parts === null ? 1 : 2;
    places.set(measure, { units, parts });
  }
  return { measures, places, width };
}

const COUNTS: ReadonlySet<Measure> = new Set<Measure>(['calls', 'unpriced', 'latency_count']);

const SCALE = Number(ONE);

/** Moves whole units out of the parts of all cells; both keep the sign they have. */
export function carryParts(values: Float64Array, { places, width }: Layout): void {
  for (const { units, parts } of places.values()) {
    if (parts === null) continue;
    for (let at = 0; at < values.length; at += width) {
      const part = values[at + parts] as number;
      if (part > -SCALE && part < SCALE) continue;
      const whole = Math.trunc(part / SCALE);
      values[at + units] = (values[at + units] as number) + whole;
      values[at + parts] = part - whole * SCALE;
    }
  }
}

/** A sum as a double: in parts, as units and parts may have different signs and nearly meet. */
export function estimateOf(units: number, parts: number): number {
  return (units * SCALE + parts) / SCALE;
}

/** The same of a cell's values from `at` on. */
export function estimateAt(values: Float64Array, at: number, { units, parts }: Place): number {
  const whole = values[at + units] as number;
  return parts === null ? whole : estimateOf(whole, values[at + parts] as number);
}
