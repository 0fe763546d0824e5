// An aggregate as a query sees it: filtered, and grouped by fewer dimensions.

import type { Measure } from '../../model/measure.ts';
import type { GroupKey, Where } from '../../model/series.ts';
import type { Window } from '../../model/window.ts';
import { holdsFor } from '../series/filter.ts';
import { DAY, HOUR } from '../series/grid.ts';
import { type GroupBins, GroupIndex, openBinIndex } from '../series/group-index.ts';
import { HourColumns, type HourSource } from '../series/hour-columns.ts';
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
  /** Single hours of some of the measures. */
  openHours(measures: readonly Measure[]): HourColumns;
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
  let [refreshes, version] = [aggregate.refreshes, aggregate.version];

  const turn = (): void => {
    if (version !== aggregate.version) spans.clear();
    version = aggregate.version;
    if (refreshes === aggregate.refreshes) return;
    refreshes = aggregate.refreshes;
    opened.clear();
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
    openHours: (measures) => new HourColumns(hourSource(aggregate, projection, rows), measures),
  };
}

function hourSource(aggregate: LiveAggregate, projection: Projection, rows: ViewRows): HourSource {
  const { layout, rowWidth } = { layout: aggregate.layout, rowWidth: aggregate.layout.width };
  return {
    layout,
    groupCount() {
      rows.follow();
      return rows.count;
    },
    partsOf(hour) {
      const closed = aggregate.hours.get(hour);
      const known = closed ?? aggregate.minutes.get(hour);
      if (known === undefined || isShortOf(known, projection)) return null;
      return closed ?? aggregate.minutes.get(hour)?.minutes ?? null;
    },
    rowsOf: (hour) => ({
      forEach(take) {
        const closed = aggregate.hours.get(hour);
        const buckets = closed === undefined ? (aggregate.minutes.get(hour)?.minutes ?? []) : [closed];
        for (const packed of buckets) {
          const { groups, values } = UNPACKED.take(packed, layout);
          for (let row = 0; row < packed.rows; row += 1) {
            const group = rows.groupOf[groups[row] as number] as number;
            if (group >= 0) take(group, values, row * rowWidth);
          }
        }
      },
    }),
  };
}

/** Numbers the rows of a view: one for each group, or for each bin of each group. */
interface ViewRows {
  readonly groups: readonly GroupKey[];
  /** How many rows there are. */
  readonly count: number;
  /** The row of each key of the aggregate, -1 where the filter leaves it out. */
  groupOf: Int32Array;
  /** Numbers the groups that are new in the aggregate. */
  follow(): void;
  numberOf(key: GroupKey): number;
  binsOf(group: number): GroupBins;
}

function rowsOf(aggregate: LiveAggregate, groupBy: readonly string[], where: Where): ViewRows {
  const places = groupBy.map((name) => aggregate.dimensions.indexOf(name));
  const filters = Object.entries(where).map(([name, condition]) => ({
    place: aggregate.dimensions.indexOf(name),
    holds: holdsFor(condition),
  }));
  const groups = new GroupIndex();
  const bins = openBinIndex();
  const rowOfKey = (key: GroupKey): number => {
    if (!filters.every(({ place, holds }) => holds(key[place] ?? null))) return -1;
    const group = groups.numberOf(places.map((place) => key[place] ?? null));
    // The bin is the last member of the key of an aggregate that has bins.
    return aggregate.sketch === null ? group : bins.numberOf(group, Number(key.at(-1)));
  };
  let known = 0;
  const rows: ViewRows = {
    groups: groups.keys,
    get count() {
      return aggregate.sketch === null ? groups.keys.length : bins.count();
    },
    groupOf: new Int32Array(64),
    follow() {
      const { keys } = aggregate.groups;
      if (rows.groupOf.length < keys.length) {
        const grown = new Int32Array(keys.length * 2);
        grown.set(rows.groupOf);
        rows.groupOf = grown;
      }
      for (; known < keys.length; known += 1) rows.groupOf[known] = rowOfKey(keys[known] as GroupKey);
    },
    numberOf: (key) => groups.numberOf(key),
    binsOf: (group) => bins.ofGroup(group),
  };
  return rows;
}
