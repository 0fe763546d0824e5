// A cube filtered and grouped for a query.

import type { Measure } from '../../model/measure.ts';
import type { GroupKey, Where } from '../../model/series.ts';
import type { Window } from '../../model/window.ts';
import { holdsFor } from '../series/filter.ts';
import { DAY, HOUR } from '../series/grid.ts';
import { type GroupBins, GroupIndex, openBinIndex } from '../series/group-index.ts';
import { memberOf } from '../series/member.ts';
import {
  addProjected,
  carryTotals,
  emptyTotals,
  isShortOf,
  type Projection,
  projectionOf,
  type Totals,
} from '../series/totals.ts';
import type { CubeCells } from './cube-cells.ts';
import { MovingWindow } from './moving-window.ts';
import { openRecent } from './recent.ts';
import { pieceName } from './window-cuts.ts';

/** A cube as one query sees it: some of its measures, filtered, and grouped by some of its dimensions. */
export interface CubeView {
  readonly projection: Projection;
  /** By number. */
  readonly groups: readonly GroupKey[];
  /** The number of a group. */
  numberOf(key: GroupKey): number;
  /** The bins of a group, in a cube that has bins: the sums are then numbered by them, and not by groups. */
  binsOf(group: number): GroupBins;
  /** A window as of the refresh that is under way, to be asked at this one and the next; queries with the same one share it. */
  open(window: Window): MovingWindow;
}

/** `measures` are additive ones that the cube has, `calls` among them. */
export function viewOf(
  own: CubeCells,
  groupBy: readonly string[],
  where: Where,
  measures: readonly Measure[],
): CubeView {
  const projection = projectionOf(measures, own.layout);
  const rows = rowsOf(own, groupBy, where);
  const spans = openRecent<Totals>();
  /** Opened in the look that is under way. */
  const opened = new Map<string, MovingWindow>();
  let [looks, version] = [own.looks, own.version];

  const turn = (): void => {
    if (version !== own.version) spans.clear();
    version = own.version;
    if (looks === own.looks) return;
    looks = own.looks;
    opened.clear();
    spans.turn();
  };

  /** Whole hours [from, to) by days where those are there; false when one of them is not known. */
  const addWhole = (totals: Totals, from: number, to: number): boolean => {
    for (let begin = from; begin < to; ) {
      const day = begin + DAY <= to ? own.days.get(begin) : undefined;
      const cells = day ?? own.hours.get(begin);
      if (cells === undefined) return false;
      addProjected(totals, cells, rows.groupOf, projection, { from: 0, to: cells.groups.length });
      totals.isShort ||= isShortOf(cells, projection);
      begin += day === undefined ? HOUR : DAY;
    }
    return true;
  };

  const source = {
    own,
    projection,
    get count() {
      rows.follow();
      return rows.count;
    },
    get groupOf() {
      return rows.groupOf;
    },
    /** Kept between looks: many instants that are made up for have the same hours. */
    span(from: number, to: number): Totals | null {
      turn();
      const name = pieceName({ from, to });
      const kept = spans.get(name);
      if (kept !== undefined) return kept;
      const totals = emptyTotals(rows.count * projection.layout.width);
      if (!addWhole(totals, from, to)) return null;
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
      return memberOf(opened, pieceName(window), () => new MovingWindow(source));
    },
  };
}

/** The rows of a view: a number for each group, or for each bin of each group. */
interface ViewRows {
  readonly groups: readonly GroupKey[];
  /** How many rows there are. */
  readonly count: number;
  /** The row of each key of the cube, -1 where the filter leaves it out. */
  groupOf: Int32Array;
  /** Takes up keys that came to the cube. */
  follow(): void;
  numberOf(key: GroupKey): number;
  binsOf(group: number): GroupBins;
}

function rowsOf({ cube, dictionary }: CubeCells, groupBy: readonly string[], where: Where): ViewRows {
  const places = groupBy.map((name) => cube.dimensions.indexOf(name));
  const filters = Object.entries(where).map(([name, condition]) => ({
    place: cube.dimensions.indexOf(name),
    holds: holdsFor(condition),
  }));
  const groups = new GroupIndex();
  const bins = openBinIndex();
  const rowOfKey = (key: GroupKey): number => {
    if (!filters.every(({ place, holds }) => holds(key[place] ?? null))) return -1;
    const group = groups.numberOf(places.map((place) => key[place] ?? null));
    // The bin is the last member of the key of a cube that has bins.
    return cube.bucket === null ? group : bins.numberOf(group, Number(key.at(-1)));
  };
  let known = 0;
  const rows: ViewRows = {
    groups: groups.keys,
    get count() {
      return cube.bucket === null ? groups.keys.length : bins.count();
    },
    groupOf: new Int32Array(64),
    follow() {
      const { keys } = dictionary;
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
