// Which numbers of a bucket's row are the sums of which measure.

import { isCount, type Measure } from '../../model/measure.ts';

/**
 * Where a measure's sum stands in a row: its whole units, and its 10^-12 parts where it can have some. All measures are
 * added and subtracted; one that can only be merged (a minimum, a maximum, a sketch) would say so here, and its windows
 * would be merged anew from their buckets where they now subtract what has left.
 */
export interface Column {
  readonly units: number;
  readonly parts: number | null;
}

/** How a row's numbers stand, `width` of them. */
export interface Layout {
  readonly measures: readonly Measure[];
  /** By the place of the measure. */
  readonly columns: readonly Column[];
  readonly columnOf: ReadonlyMap<Measure, Column>;
  readonly width: number;
}

/** The layout of some measures, in their order. Counts of calls have no parts. */
export function layoutOf(measures: readonly Measure[]): Layout {
  let width = 0;
  const columns = measures.map((measure): Column => {
    const units = width;
    const parts = isCount(measure) ? null : units + 1;
    width += parts === null ? 1 : 2;
    return { units, parts };
  });
  const columnOf = new Map(measures.map((measure, place) => [measure, columns[place] as Column]));
  return { measures, columns, columnOf, width };
}
