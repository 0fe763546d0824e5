// The aggregates' sums of a query's windows -> the answer to the query.

import type { Measure } from '../../model/measure.ts';
import type { GroupKey, Query, Series } from '../../model/series.ts';
import type { Window } from '../../model/window.ts';
import { ColumnSeries } from '../series/column-series.ts';
import type { GroupBins } from '../series/group-index.ts';
import type { Totals } from '../series/totals.ts';
import type { AggregateView } from './aggregate-view.ts';
import type { MovingWindow } from './moving-window.ts';

/** The views of the aggregates that answer a query. */
export interface QueryViews {
  readonly sums: AggregateView;
  readonly sketches: readonly { readonly measure: Measure; readonly view: AggregateView }[];
}

/**
 * Answers a query from aggregates at one refresh after the other, as seriesOf would from the store: null when a bucket that it
 * needs is missing. Only its windows may differ from refresh to refresh, and they should move by little. The series is the
 * same object each time: it then answers for the latest windows.
 */
export interface Answer {
  to(query: Pick<Query, 'windows' | 'hours'>, at: number): Series | null;
}

export function openAnswer({ measures }: Pick<Query, 'measures'>, { sums, sketches }: QueryViews): Answer {
  const columns = openColumns(sums);
  const counted = sketches.map(({ measure, view }) => ({
    measure,
    binsOf: openBins(sums.groups, view),
    columns: openColumns(view),
  }));
  const series = new ColumnSeries({
    measures,
    layout: sums.projection.layout,
    windows: columns.totals,
    sketches: counted.map(({ measure, binsOf, columns: own }) => ({ measure, binsOf, windows: own.totals })),
  });
  const all = [columns, ...counted.map(({ columns: own }) => own)];
  return {
    to({ windows, hours: span }, at) {
      for (const own of all) if (!own.moveTo(windows, at)) return null;
      const hours = span === undefined ? null : sums.hoursOf(span);
      if (span !== undefined && hours === null) return null;
      series.moved(sums.groups, hours);
      return series;
    },
  };
}

/** The sums of a query's windows in one view. */
interface Columns {
  /** By window, as of the latest move. */
  readonly totals: readonly Totals[];
  /** False where one of the windows is not known, or without a measure. */
  moveTo(windows: readonly Window[], at: number): boolean;
}

function openColumns(view: AggregateView): Columns {
  const moving: MovingWindow[] = [];
  const totals: Totals[] = [];
  const movingTo = (window: Window, i: number): MovingWindow => {
    const known = moving[i];
    // Two windows may have been the same for a while: `today` and a rolling day at midnight.
    if (known?.isFree(window) === true) return known;
    const opened = view.open(window);
    moving[i] = opened;
    return opened;
  };
  return {
    totals,
    moveTo(windows, at) {
      for (let i = 0; i < windows.length; i += 1) {
        const window = windows[i] as Window;
        const moved = movingTo(window, i).totals(window, at);
        if (moved === null) return false;
        totals[i] = moved;
      }
      return true;
    },
  };
}

/** The bins, in the view of a sketch's aggregate, of the groups of another view, which numbers them otherwise. */
function openBins(groups: readonly GroupKey[], view: AggregateView): (group: number) => GroupBins {
  const numbers: number[] = [];
  return (group) => {
    numbers[group] ??= view.numberOf(groups[group] as GroupKey);
    return view.binsOf(numbers[group]);
  };
}
