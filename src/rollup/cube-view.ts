import type { Condition, GroupKey, Where } from '../model/series.ts';
import type { Window } from '../model/window.ts';
import type { CubeCells } from './cube-cells.ts';
import { DAY, dayOf, HOUR, hourOf, MINUTE, MINUTES, memberOf } from './grid.ts';
import { type MovingMinutes, openMovingMinutes } from './moving-minutes.ts';
import { KeyDictionary, type PackedCells, width } from './packed-cells.ts';
import { openRecent } from './recent.ts';
import { addCells, addTotals, carryTotals, clearTotals, emptyTotals, type Totals } from './totals.ts';
import { partsOf, pieceName, piecesOf, wholeHours } from './window-cuts.ts';

/** A cube as one question sees it: filtered, and grouped by some of its dimensions. */
export interface CubeView {
  readonly own: CubeCells;
  readonly groups: readonly GroupKey[];
  /** Of a cube that is split by bucket: of each group, the key without its bucket as text, and the bucket. */
  readonly splits: readonly { readonly name: string; readonly bucket: number }[];
  /**
   * The sums of a window; null when hours or minutes of it are not known yet. `at` is the end of what was read. They are
   * good until the cube is looked at again, and written over then.
   */
  totals(window: Window, at: number): Totals | null;
}

export function viewOf(own: CubeCells, groupBy: readonly string[], where: Where): CubeView {
  const measures = width(own.cube);
  const groups = groupsOf(own, groupBy, where);
  const spans = openRecent<Totals>();
  const moving = openRecent<MovingMinutes>();
  /** Of one look and one state of the whole cells. */
  const answers = new Map<string, Totals | null>();
  let seen = { version: own.version, looks: own.looks };
  /** Of the look before, to be used again: what is made at every poll and thrown away is work for the collector. */
  let spare: Totals[] = [];

  const fresh = (): Totals => {
    const size = groups.keys.length * measures;
    const used = spare.pop();
    if (used?.units.length !== size) return emptyTotals(size);
    clearTotals(used);
    return used;
  };
  const add = (totals: Totals, cells: PackedCells): void =>
    addCells(totals, cells, groups.groupOf, measures, { from: 0, to: cells.keys.length });

  /** Whole hours [from, to) by days where those are there; false when one of them is not known. */
  const addWhole = (totals: Totals, from: number, to: number): boolean => {
    for (let begin = from; begin < to; ) {
      const day = begin + DAY <= to ? own.days.get(begin) : undefined;
      const cells = day ?? own.hours.get(begin);
      if (cells === undefined) return false;
      add(totals, cells);
      begin += day === undefined ? HOUR : DAY;
    }
    return true;
  };

  /** Whole hours [from, to), kept between polls: within an hour they do not move. Null where one is not known. */
  const span = (from: number, to: number): Totals | null => {
    const name = `${from}/${to}`;
    const kept = spans.get(name);
    if (kept !== undefined) return kept;
    const totals = emptyTotals(groups.keys.length * measures);
    if (!addWhole(totals, from, to)) return null;
    carryTotals(totals);
    return spans.set(name, totals);
  };

  /** Minutes [from, to) of an hour. From poll to poll an edge moves on by a minute, and so does what was summed. */
  const addMinutes = (totals: Totals, hour: number, from: number, to: number): boolean => {
    const detail = own.details.get(hour);
    if (detail?.minutes == null) return false;
    const side = from === 0 ? 'tail' : to === MINUTES ? 'head' : 'middle';
    const name = `${hour}/${side}`;
    const minutes = moving.get(name) ?? moving.set(name, openMovingMinutes());
    minutes.moveTo(detail, from, to, { groupOf: groups.groupOf, measures, groups: groups.keys.length });
    addTotals(totals, minutes.totals);
    return true;
  };

  /** Part of one hour: as it was read, or by its minutes, and by pieces where an edge is within a minute. */
  const addPart = (totals: Totals, window: Window, at: number): boolean => {
    const whole = own.pieces.get(pieceName(window));
    if (whole !== undefined) {
      add(totals, whole);
      return true;
    }
    const hour = hourOf(window.from);
    const from = Math.ceil((window.from - hour) / MINUTE);
    // What is read ends at `at`, so a minute that holds it is whole as far as it is known.
    const to =
      window.to === at ? Math.ceil((window.to - hour) / MINUTE) : Math.floor((window.to - hour) / MINUTE);
    for (const piece of piecesOf(window, at)) {
      const cells = own.pieces.get(pieceName(piece));
      if (cells === undefined) return false;
      add(totals, cells);
    }
    return from >= to || addMinutes(totals, hour, from, to);
  };

  const summed = (window: Window, at: number): Totals | null => {
    const whole = wholeHours(window);
    // The newest hours are not sealed yet, and change from poll to poll.
    let sealed = Math.max(whole.from, whole.to);
    const isSealed = (hour: number): boolean => own.hours.has(hour) || own.days.has(dayOf(hour));
    while (sealed > whole.from && !isSealed(sealed - HOUR)) sealed -= HOUR;
    const kept = sealed > whole.from ? span(whole.from, sealed) : null;
    if (sealed > whole.from && kept === null) return null;
    const totals = fresh();
    if (kept !== null) addTotals(totals, kept);
    for (let hour = sealed; hour < whole.to; hour += HOUR) {
      if (!addMinutes(totals, hour, 0, MINUTES)) return null;
    }
    for (const part of partsOf(window)) if (!addPart(totals, part, at)) return null;
    carryTotals(totals);
    return totals;
  };

  return {
    own,
    groups: groups.keys,
    splits: groups.splits,
    totals(window, at) {
      groups.follow();
      if (seen.version !== own.version) spans.clear();
      if (seen.version !== own.version || seen.looks !== own.looks) {
        // Within a look, those that were given are still looked at.
        if (seen.looks !== own.looks) spare = [...answers.values()].filter((totals) => totals !== null);
        answers.clear();
        spans.turn();
        moving.turn();
        seen = { version: own.version, looks: own.looks };
      }
      return memberOf(answers, `${window.from}/${window.to}`, () => summed(window, at));
    },
  };
}

/** The groups of a view, and the group of each key of its cube: -1 where the filter leaves it out. */
interface ViewGroups {
  readonly keys: readonly GroupKey[];
  readonly splits: { readonly name: string; readonly bucket: number }[];
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
  let known = 0;
  const view: ViewGroups = {
    keys: groups.keys,
    splits: [],
    groupOf: new Int32Array(64),
    follow() {
      const { keys } = dictionary;
      if (view.groupOf.length < keys.length) {
        const grown = new Int32Array(keys.length * 2);
        grown.set(view.groupOf);
        view.groupOf = grown;
      }
      for (; known < keys.length; known += 1) {
        const key = keys[known] as GroupKey;
        const fits = filters.every(({ place, holds }) => holds(key[place] ?? null));
        view.groupOf[known] = fits ? groups.numberOf(places.map((place) => key[place] ?? null)) : -1;
      }
      if (cube.bucket === null) return;
      for (const key of groups.keys.slice(view.splits.length)) {
        view.splits.push({ name: JSON.stringify(key.slice(0, -1)), bucket: Number(key.at(-1)) });
      }
    },
  };
  return view;
}

/** Whether a dimension's value fits a condition. */
export function holdsFor(condition: Condition): (value: string | null) => boolean {
  const values = new Set('in' in condition ? condition.in : condition.notIn);
  return 'in' in condition ? (value) => values.has(value) : (value) => !values.has(value);
}
