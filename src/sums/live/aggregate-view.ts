// An aggregate as a query sees it: filtered, and grouped by fewer dimensions.

import type { Measure } from '../../model/measure.ts';
import type { GroupKey, HoursBack, Where } from '../../model/series.ts';
import type { Window } from '../../model/window.ts';
import { DAY, HOUR } from '../series/grid.ts';
import type { GroupBins } from '../series/group-index.ts';
import type { HourColumns } from '../series/hour-columns.ts';
import { memberOf } from '../series/member.ts';
import { UnpackedRows } from '../series/packed-bucket.ts';
import {
  addProjected,
  carryTotals,
  emptyTotals,
  isShortOf,
  type Projection,
  projectionOf,
  type Totals,
} from '../series/totals.ts';
import type { LiveAggregate } from './live-aggregate.ts';
import { MovingWindow } from './moving-window.ts';
import { openRecent } from './recent.ts';
import { openSharedHours } from './shared-hours.ts';
import { rowsOf } from './view-rows.ts';
import { windowName } from './window-edges.ts';

const UNPACKED = new UnpackedRows();

/** An aggregate as one query sees it: some of its measures, filtered, and grouped by some of its dimensions. */
export interface AggregateView {
  readonly projection: Projection;
  /** By number. */
  readonly groups: readonly GroupKey[];
  /** The number of a group. */
  numberOf(key: GroupKey): number;
  /** The bins of a group, in an aggregate that has bins: the sums are then numbered by them, and not by groups. */
  binsOf(group: number): GroupBins;
  /** A window as of the refresh that is under way, to be asked at this one and the next; queries with the same one share it. */
  open(window: Window): MovingWindow;
  /** Single hours as of the refresh that is under way, shared like windows; null where one of them is not known. */
  hoursOf(asked: HoursBack): HourColumns | null;
}

/** `measures` are additive ones that the aggregate has, `calls` among them. */
export function viewOf(
  aggregate: LiveAggregate,
  groupBy: readonly string[],
  where: Where,
  measures: readonly Measure[],
): AggregateView {
  const projection = projectionOf(measures, aggregate.layout);
  const rows = rowsOf(aggregate, groupBy, where);
  const spans = openRecent<Totals>();
  /** Opened in the refresh that is under way. */
  const opened = new Map<string, MovingWindow>();
  const hours = openSharedHours(aggregate, projection, rows);
  let [refreshes, version] = [aggregate.refreshes, aggregate.version];

  const turn = (): void => {
    if (version !== aggregate.version) spans.clear();
    version = aggregate.version;
    if (refreshes === aggregate.refreshes) return;
    refreshes = aggregate.refreshes;
    opened.clear();
    hours.turn();
    spans.turn();
  };

  /** Adds the closed hours of [from, to), by days where there are some; false when one of them is missing. */
  const addClosed = (totals: Totals, from: number, to: number): boolean => {
    for (let begin = from; begin < to; ) {
      const day = begin + DAY <= to ? aggregate.days.get(begin) : undefined;
      const packed = day ?? aggregate.hours.get(begin);
      if (packed === undefined) return false;
      const bucket = UNPACKED.take(packed, aggregate.layout);
      addProjected(totals, bucket, rows.groupOf, projection, { from: 0, to: packed.rows });
      totals.isShort ||= isShortOf(packed, projection);
      begin += day === undefined ? HOUR : DAY;
    }
    return true;
  };

  const source = {
    aggregate,
    projection,
    get count() {
      rows.follow();
      return rows.count;
    },
    get groupOf() {
      return rows.groupOf;
    },
    /** Kept between refreshes, as the windows of many evaluation times hold the same hours. */
    span(from: number, to: number): Totals | null {
      turn();
      const name = windowName({ from, to });
      const kept = spans.get(name);
      if (kept !== undefined) return kept;
      const totals = emptyTotals(rows.count * projection.layout.width);
      if (!addClosed(totals, from, to)) return null;
      carryTotals(totals, projection.layout);
      return spans.set(name, totals);
    },
  };

  return {
    projection,
    groups: rows.groups,
    numberOf: rows.numberOf,
    binsOf: rows.binsOf,
    open(window) {
      turn();
      return memberOf(opened, windowName(window), () => new MovingWindow(source));
    },
    hoursOf(asked) {
      turn();
      return hours.of(asked);
    },
  };
}
