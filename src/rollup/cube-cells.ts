import type { Cube } from '../model/cube.ts';
import type { Condition, GroupKey, Where } from '../model/series.ts';
import type { Window } from '../model/window.ts';
import type { CubeCell } from '../stores/audit-store.ts';
import { HOUR, hourOf, MINUTE } from './grid.ts';
import {
  carry,
  KeyDictionary,
  type LooseCell,
  type PackedCells,
  pack,
  spliced,
  wholeHour,
  width,
} from './packed-cells.ts';

/** The cells of one cube in memory: whole hours, and hours by the minute where a window's edge falls into them. */
export interface CubeCells {
  readonly cube: Cube;
  readonly dictionary: KeyDictionary;
  /** Whole hours by their beginning (ms). */
  readonly hours: Map<number, PackedCells>;
  readonly details: Map<number, PackedCells>;
  /** Parts of minutes, by `from/to`, for edges that do not fall on a minute; of one poll. */
  readonly pieces: Map<string, PackedCells>;
  /** Raised when a whole hour changes, so that what was summed from it is summed again. */
  version: number;
  /** Raised with every look at the store. */
  looks: number;
}

export function openCubeCells(cube: Cube): CubeCells {
  return {
    cube,
    dictionary: new KeyDictionary(),
    hours: new Map(),
    details: new Map(),
    pieces: new Map(),
    version: 0,
    looks: 0,
  };
}

/** Takes cells that a store gave by the minute: `beginnings[segment]` is the instant at which a segment begins. */
export function takeDetails(
  own: CubeCells,
  cells: readonly CubeCell[],
  beginnings: readonly number[],
  hours: readonly number[],
  from: number,
): void {
  const byHour = new Map<number, LooseCell[]>(hours.map((hour) => [hour, []]));
  for (const { segment, key, sums } of cells) {
    const at = beginnings[segment] as number;
    const hour = hourOf(at);
    byHour.get(hour)?.push({ minute: (at - hour) / MINUTE, key: own.dictionary.numberOf(key), sums });
  }
  for (const [hour, loose] of byHour) {
    const packed = pack(loose, width(own.cube), true);
    const fromMinute = Math.max(0, Math.floor((from - hour) / MINUTE));
    const older = own.details.get(hour) ?? null;
    own.details.set(hour, fromMinute === 0 ? packed : spliced(older, packed, fromMinute, width(own.cube)));
  }
}

/** Takes cells that a store gave by whole hours: `beginnings[segment]` is the hour of a segment. */
export function takeHours(
  own: CubeCells,
  cells: readonly CubeCell[],
  beginnings: readonly number[],
  hours: readonly number[],
): void {
  const byHour = new Map<number, LooseCell[]>(hours.map((hour) => [hour, []]));
  for (const { segment, key, sums } of cells) {
    byHour.get(beginnings[segment] as number)?.push({ minute: 0, key: own.dictionary.numberOf(key), sums });
  }
  for (const [hour, loose] of byHour) setHour(own, hour, pack(loose, width(own.cube), false));
}

/** Makes a whole hour of the minutes that are known of it. */
export function sealHour(own: CubeCells, hour: number): void {
  const detail = own.details.get(hour);
  if (detail !== undefined) setHour(own, hour, wholeHour(detail, width(own.cube)));
}

export function setHour(own: CubeCells, hour: number, cells: PackedCells): void {
  own.hours.set(hour, cells);
  own.version += 1;
}

/** Sums by group and measure, group-major; groups are numbered by the view. */
export interface Totals {
  units: Float64Array;
  parts: Float64Array;
  /** Cells that were added since parts were carried. */
  uncarried: number;
}

/** A cube as one question sees it: filtered, and grouped by some of its dimensions. */
export interface CubeView {
  readonly own: CubeCells;
  readonly groups: GroupKey[];
  /** The sums of a window; null when hours or minutes of it are not known yet. `at` is the end of what was read. */
  totals(window: Window, at: number): Totals | null;
}

const KEPT_SPANS = 4;
/** Additions before which parts are carried, below the 9,000 that are exact. */
const CARRY_AFTER = 8_000;

export function viewOf(own: CubeCells, groupBy: readonly string[], where: Where): CubeView {
  const measures = width(own.cube);
  const names = own.cube.bucket === null ? groupBy : [...groupBy, '#bucket'];
  const places = names.map((name) =>
    name === '#bucket' ? own.cube.dimensions.length : own.cube.dimensions.indexOf(name),
  );
  const filters = Object.entries(where).map(([name, condition]) => ({
    place: own.cube.dimensions.indexOf(name),
    holds: holdsFor(condition),
  }));
  const groups = new KeyDictionary();
  let groupOf = new Int32Array(64);
  let known = 0;
  const spans = new Map<string, { totals: Totals; version: number }>();
  const recent = new Map<string, { totals: Totals | null; looks: number; version: number }>();

  /** New keys of the cube get their group, or -1 where the filter leaves them out. */
  const project = (): void => {
    const { keys } = own.dictionary;
    if (groupOf.length < keys.length) {
      const grown = new Int32Array(keys.length * 2);
      grown.set(groupOf);
      groupOf = grown;
    }
    for (; known < keys.length; known += 1) {
      const key = keys[known] as GroupKey;
      const fits = filters.every(({ place, holds }) => holds(key[place] ?? null));
      groupOf[known] = fits ? groups.numberOf(places.map((place) => key[place] ?? null)) : -1;
    }
  };

  /** Any number of cells may fall into one group, so parts are carried by the count of cells, not of hours. */
  const add = (totals: Totals, cells: PackedCells, from = 0, to = cells.keys.length): void => {
    for (let begin = from; begin < to; begin += CARRY_AFTER) {
      const end = Math.min(to, begin + CARRY_AFTER);
      if (totals.uncarried + end - begin > CARRY_AFTER) {
        carry(totals.units, totals.parts);
        totals.uncarried = 0;
      }
      addCells(totals, cells, begin, end);
      totals.uncarried += end - begin;
    }
  };

  const addCells = (totals: Totals, cells: PackedCells, from: number, to: number): void => {
    for (let i = from; i < to; i += 1) {
      const group = groupOf[cells.keys[i] as number] as number;
      if (group < 0) continue;
      for (let m = 0; m < measures; m += 1) {
        const at = group * measures + m;
        totals.units[at] = (totals.units[at] as number) + (cells.units[i * measures + m] as number);
        totals.parts[at] = (totals.parts[at] as number) + (cells.parts[i * measures + m] as number);
      }
    }
  };

  const fresh = (): Totals => {
    const size = groups.keys.length * measures;
    return { units: new Float64Array(size), parts: new Float64Array(size), uncarried: 0 };
  };

  /** Sealed hours [from, to), kept between polls: within an hour they do not move. */
  const span = (from: number, to: number): Totals | null => {
    const name = `${from}/${to}`;
    const kept = spans.get(name);
    if (kept !== undefined && kept.version === own.version) {
      spans.delete(name);
      spans.set(name, kept);
      return kept.totals;
    }
    const totals = fresh();
    for (let hour = from; hour < to; hour += HOUR) {
      const cells = own.hours.get(hour);
      if (cells === undefined) return null;
      add(totals, cells);
    }
    carry(totals.units, totals.parts);
    spans.set(name, { totals, version: own.version });
    return totals;
  };

  /** Part of one hour, by its minutes, and by pieces where an edge is within a minute. */
  const addPart = (totals: Totals, window: Window, at: number): boolean => {
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
    if (from >= to) return true;
    const detail = own.details.get(hour);
    if (detail?.minutes == null) return false;
    add(totals, detail, detail.minutes[from] as number, detail.minutes[to] as number);
    return true;
  };

  const summed = (window: Window, at: number): Totals | null => {
    const whole = wholeHours(window);
    // The newest hours are not sealed yet, and change from poll to poll.
    let sealed = Math.max(whole.from, whole.to);
    while (sealed > whole.from && !own.hours.has(sealed - HOUR)) sealed -= HOUR;
    const kept = sealed > whole.from ? span(whole.from, sealed) : null;
    if (sealed > whole.from && kept === null) return null;
    const totals = fresh();
    if (kept !== null) {
      totals.units.set(kept.units);
      totals.parts.set(kept.parts);
    }
    for (let hour = sealed; hour < whole.to; hour += HOUR) {
      const detail = own.details.get(hour);
      if (detail === undefined) return null;
      add(totals, detail);
    }
    for (const part of partsOf(window)) if (!addPart(totals, part, at)) return null;
    carry(totals.units, totals.parts);
    return totals;
  };

  return {
    own,
    groups: groups.keys,
    totals(window, at) {
      project();
      const name = `${window.from}/${window.to}`;
      const done = recent.get(name);
      if (done !== undefined && done.looks === own.looks && done.version === own.version) return done.totals;
      const totals = summed(window, at);
      if (done === undefined && recent.size > KEPT_SPANS * 64) recent.clear();
      recent.set(name, { totals, looks: own.looks, version: own.version });
      if (spans.size > KEPT_SPANS * 64) spans.delete(spans.keys().next().value as string);
      return totals;
    },
  };
}

/** The whole hours within a window; `from` is not before `to` when there are none. */
export function wholeHours({ from, to }: Window): Window {
  return { from: Math.ceil(from / HOUR) * HOUR, to: hourOf(to) };
}

/** What of a window lies in hours that it does not hold whole: at most its head and its tail. */
export function partsOf(window: Window): Window[] {
  const { from, to } = wholeHours(window);
  if (from > to) return [window];
  return [
    { from: window.from, to: from },
    { from: to, to: window.to },
  ].filter((part) => part.from < part.to);
}

/** What of a part of an hour lies in minutes that it does not hold whole. */
export function piecesOf({ from, to }: Window, at: number): Window[] {
  const head = Math.ceil(from / MINUTE) * MINUTE;
  const tail = to === at ? to : Math.floor(to / MINUTE) * MINUTE;
  if (head > tail) return from < to ? [{ from, to }] : [];
  return [
    { from, to: head },
    { from: tail, to },
  ].filter((piece) => piece.from < piece.to);
}

export function pieceName({ from, to }: Window): string {
  return `${from}/${to}`;
}

export function holdsFor(condition: Condition): (value: string | null) => boolean {
  const values = new Set('in' in condition ? condition.in : condition.notIn);
  return 'in' in condition ? (value) => values.has(value) : (value) => !values.has(value);
}
