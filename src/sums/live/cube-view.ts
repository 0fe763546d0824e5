// A cube filtered and grouped for a question.

import type { Measure } from '../../model/measure.ts';
import type { GroupKey, Where } from '../../model/series.ts';
import type { Window } from '../../model/window.ts';
import { type BucketIndex, openBucketIndex } from '../series/bucket-index.ts';
import { holdsFor } from '../series/filter.ts';
import { DAY, HOUR, memberOf } from '../series/grid.ts';
import { KeyDictionary } from '../series/packed-cells.ts';
import {
  addCells,
  carryTotals,
  emptyTotals,
  isShortOf,
  type Shape,
  shapeOf,
  type Totals,
} from '../series/totals.ts';
import type { CubeCells } from './cube-cells.ts';
import { MovingWindow } from './moving-window.ts';
import { openRecent } from './recent.ts';
import { pieceName } from './window-cuts.ts';

/** A cube as one question sees it: some of its measures, filtered, and grouped by some of its dimensions. */
export interface CubeView {
  readonly own: CubeCells;
  readonly shape: Shape;
  readonly groups: readonly GroupKey[];
  /** Of a cube that is split by bucket. */
  readonly split: Split;
  /** A window as of the look that is under way, to be asked at this one and the next; askers of the same one share it. */
  open(window: Window): MovingWindow;
}

/** Groups without their buckets, and which group of the view is which bucket of them. */
export interface Split {
  /** The number of a key without its bucket. */
  numberOf(key: GroupKey): number;
  readonly buckets: BucketIndex;
}

/** `measures` are additive ones that the cube has, `calls` among them. */
export function viewOf(
  own: CubeCells,
  groupBy: readonly string[],
  where: Where,
  measures: readonly Measure[],
): CubeView {
  const shape = shapeOf(measures, own.cube.measures);
  const groups = groupsOf(own, groupBy, where);
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
      addCells(totals, cells, groups.groupOf, shape, { from: 0, to: cells.keys.length });
      totals.isShort ||= isShortOf(cells, shape);
      begin += day === undefined ? HOUR : DAY;
    }
    return true;
  };

  const source = {
    own,
    shape,
    get count() {
      groups.follow();
      return groups.keys.length;
    },
    get groupOf() {
      return groups.groupOf;
    },
    /** Kept between looks: many instants that are made up for have the same hours. */
    span(from: number, to: number): Totals | null {
      turn();
      const name = pieceName({ from, to });
      const kept = spans.get(name);
      if (kept !== undefined) return kept;
      const totals = emptyTotals(groups.keys.length * shape.layout.width);
      if (!addWhole(totals, from, to)) return null;
      carryTotals(totals, shape.layout);
      return spans.set(name, totals);
    },
  };

  return {
    own,
    shape,
    groups: groups.keys,
    split: groups.split,
    open(window) {
      turn();
      return memberOf(opened, pieceName(window), () => new MovingWindow(source));
    },
  };
}

/** The groups of a view, and the group of each key of its cube: -1 where the filter leaves it out. */
interface ViewGroups {
  readonly keys: readonly GroupKey[];
  readonly split: Split;
  groupOf: Int32Array;
  /** Takes up keys that came to the cube. */
  follow(): void;
}

function groupsOf({ cube, dictionary }: CubeCells, groupBy: readonly string[], where: Where): ViewGroups {
  const places = groupBy.map((name) => cube.dimensions.indexOf(name));
  // The bucket is the last member of a cube's key, and of a group's.
  if (cube.bucket !== null) places.push(cube.dimensions.length);
  const filters = Object.entries(where).map(([name, condition]) => ({
    place: cube.dimensions.indexOf(name),
    holds: holdsFor(condition),
  }));
  const groups = new KeyDictionary();
  const unsplit = new KeyDictionary();
  const buckets = openBucketIndex();
  let known = 0;
  const groupOfKey = (key: GroupKey): number => {
    if (!filters.every(({ place, holds }) => holds(key[place] ?? null))) return -1;
    const before = groups.keys.length;
    const group = groups.numberOf(places.map((place) => key[place] ?? null));
    if (cube.bucket !== null && group === before) {
      const own = groups.keys[group] as GroupKey;
      buckets.set(unsplit.numberOf(own.slice(0, -1)), Number(own.at(-1)), group);
    }
    return group;
  };
  const view: ViewGroups = {
    keys: groups.keys,
    split: { numberOf: (key) => unsplit.numberOf(key), buckets },
    groupOf: new Int32Array(64),
    follow() {
      const { keys } = dictionary;
      if (view.groupOf.length < keys.length) {
        const grown = new Int32Array(keys.length * 2);
        grown.set(view.groupOf);
        view.groupOf = grown;
      }
      for (; known < keys.length; known += 1) view.groupOf[known] = groupOfKey(keys[known] as GroupKey);
    },
  };
  return view;
}
