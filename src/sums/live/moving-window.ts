// The sums of a window, which move along with it.

import type { Window } from '../../model/window.ts';
import type { StoredBuckets } from '../series/buckets.ts';
import { dayOf, HOUR, hourOf, MINUTE, MINUTES } from '../series/grid.ts';
import {
  addProjected,
  addTotals,
  clearTotals,
  emptyTotals,
  grow,
  isShortOf,
  type Projection,
  type Totals,
} from '../series/totals.ts';
import type { CubeCells } from './cube-cells.ts';
import { cutAtHours, pieceName, piecesOf, wholeHours } from './window-cuts.ts';

/** What the windows of one view have in common. */
export interface WindowSource {
  readonly own: CubeCells;
  readonly projection: Projection;
  /** How many rows the sums have, and the row of each key of the cube: -1 where the filter leaves it out. */
  readonly count: number;
  readonly groupOf: Int32Array;
  /** The sums of whole hours [from, to), carried; null where one of them is not known. */
  span(from: number, to: number): Totals | null;
}

/** Of the whole hours [from, to), those before `sealed` were taken whole, as of a version of the cube. */
interface Whole extends Window {
  readonly sealed: number;
  readonly version: number;
  readonly isShort: boolean;
}

/** What a window holds of an hour that it does not take as a whole. */
interface Stretch {
  /** Null for a part that was read as it is, the next of which has nothing to do with it. */
  readonly hour: number | null;
  cells: StoredBuckets;
  /** Minutes of the hour; 0 and 1 for a part that was read as it is. */
  from: number;
  to: number;
  /** The move that held it last. */
  move: number;
}

/**
 * The sums of a window, moved along with it from look to look: a poll adds the minute that entered and takes away the one
 * that left. Sums are whole numbers, so that taking away is as exact as adding. A class, as there are hundreds of them.
 */
export class MovingWindow {
  readonly #source: WindowSource;
  readonly #totals: Totals = emptyTotals(0);
  /** What the sums are made of; null where they are those of no window. */
  #whole: Whole | null = null;
  #stretches: Stretch[] = [];
  #move = 0;
  /** When it was asked last, and for which window. */
  #looks = -1;
  #from = 0;
  #to = 0;

  constructor(source: WindowSource) {
    this.#source = source;
  }

  /** Whether it is at this window already, or was not asked since the cube was looked at last. */
  isFree(window: Window): boolean {
    return this.#looks !== this.#source.own.looks || this.#isAt(window);
  }

  /**
   * The sums of a window; null when hours or minutes of it are not known yet, or not by all measures. `at` is the end of
   * what was read. They are good until the cube is looked at again, and written over then.
   */
  totals(window: Window, at: number): Totals | null {
    const { own, count, projection } = this.#source;
    const { looks } = own;
    // Groups may have come since it was moved.
    grow(this.#totals, count * projection.layout.width);
    if (this.#looks !== looks || !this.#isAt(window)) {
      this.#looks = looks;
      this.#from = window.from;
      this.#to = window.to;
      if (!this.#moveTo(window, at)) this.#whole = null;
    }
    return this.#whole === null || this.#totals.isShort ? null : this.#totals;
  }

  #isAt({ from, to }: Window): boolean {
    return from === this.#from && to === this.#to;
  }

  /** Makes the sums those of the window; false where something is not known, and then they are those of none. */
  #moveTo(window: Window, at: number): boolean {
    const { own, projection } = this.#source;
    this.#move += 1;
    const whole = this.#wholeOf(wholeHours(window));
    if (whole === null) return false;
    for (let hour = whole.sealed; hour < whole.to; hour += HOUR) {
      if (!this.#hold(own.details.get(hour), hour, 0, MINUTES)) return false;
    }
    const { from, to } = window;
    const { headEnd, tailBegin } = cutAtHours(window);
    if (from < headEnd && !this.#holdPart({ from, to: headEnd }, at)) return false;
    if (tailBegin < to && !this.#holdPart({ from: tailBegin, to }, at)) return false;
    this.#letGo();
    this.#totals.isShort = whole.isShort || this.#stretches.some(({ cells }) => isShortOf(cells, projection));
    return true;
  }

  /** Those that are held already stay; else all begins anew with the sums of whole hours. */
  #wholeOf({ from, to }: Window): Whole | null {
    const { own, projection } = this.#source;
    const held = this.#whole;
    if (held !== null && held.version === own.version && held.from === from && held.to === to) return held;
    clearTotals(this.#totals);
    this.#stretches = [];
    this.#whole = null;
    const sealed = sealedWithin(own, from, to);
    const span = sealed <= from ? null : this.#source.span(from, sealed);
    if (sealed > from && span === null) return null;
    if (span !== null) addTotals(this.#totals, span, projection);
    this.#whole = { from, to, sealed, version: own.version, isShort: span?.isShort ?? false };
    return this.#whole;
  }

  /** Part of one hour: as it was read, or by its minutes, and by pieces where an edge is within a minute. */
  #holdPart(part: Window, at: number): boolean {
    const { own } = this.#source;
    if (own.pieces.size > 0 && this.#holdPiece(part)) return true;
    const hour = hourOf(part.from);
    const from = Math.ceil((part.from - hour) / MINUTE);
    // What is read ends at `at`, so a minute that holds it is whole as far as it is known.
    const to = part.to === at ? Math.ceil((part.to - hour) / MINUTE) : Math.floor((part.to - hour) / MINUTE);
    for (const piece of piecesOf(part, at)) if (!this.#holdPiece(piece)) return false;
    return from >= to || this.#hold(own.details.get(hour), hour, from, to);
  }

  #holdPiece(piece: Window): boolean {
    return this.#hold(this.#source.own.pieces.get(pieceName(piece)), null, 0, 1);
  }

  /** Has the sums hold these minutes of an hour; false where they are not known. */
  #hold(cells: StoredBuckets | undefined, hour: number | null, from: number, to: number): boolean {
    if (cells === undefined) return false;
    const held = this.#held(hour);
    if (held === null) {
      this.#add(cells, from, to, 1);
      this.#stretches.push({ hour, cells, from, to, move: this.#move });
      return true;
    }
    this.#change(held, cells, from, to);
    held.cells = cells;
    held.from = from;
    held.to = to;
    held.move = this.#move;
    return true;
  }

  #held(hour: number | null): Stretch | null {
    if (hour !== null) for (const stretch of this.#stretches) if (stretch.hour === hour) return stretch;
    return null;
  }

  /** Has the sums hold these minutes of an hour of which they held others. */
  #change(before: Stretch, cells: StoredBuckets, from: number, to: number): void {
    if (before.cells === cells && before.from <= from && before.to <= to) {
      // So do nearly all of the windows that baselines compare with.
      this.#add(cells, before.to, to, 1);
      this.#add(cells, before.from, from, -1);
      return;
    }
    const last = Math.max(before.to, to);
    for (let minute = Math.min(before.from, from); minute < last; minute += 1) {
      const was = minute >= before.from && minute < before.to;
      const is = minute >= from && minute < to;
      if (was && is && before.cells.origins?.[minute] === cells.origins?.[minute]) continue;
      if (is) this.#add(cells, minute, minute + 1, 1);
      if (was) this.#add(before.cells, minute, minute + 1, -1);
    }
  }

  /** Takes away what this move did not hold. */
  #letGo(): void {
    const isHeld = ({ move }: Stretch): boolean => move === this.#move;
    if (this.#stretches.every(isHeld)) return;
    for (const stretch of this.#stretches) {
      if (!isHeld(stretch)) this.#add(stretch.cells, stretch.from, stretch.to, -1);
    }
    this.#stretches = this.#stretches.filter(isHeld);
  }

  #add(cells: StoredBuckets, begin: number, end: number, sign: 1 | -1): void {
    const from = cells.starts[begin] as number;
    const to = cells.starts[end] as number;
    if (from === to) return;
    addProjected(this.#totals, cells, this.#source.groupOf, this.#source.projection, { from, to, sign });
  }
}

/** Where the whole hours of a window end that are sealed: the newest are not yet, and change from poll to poll. */
function sealedWithin(own: CubeCells, from: number, to: number): number {
  let sealed = Math.max(from, to);
  const isSealed = (hour: number): boolean => own.hours.has(hour) || own.days.has(dayOf(hour));
  while (sealed > from && !isSealed(sealed - HOUR)) sealed -= HOUR;
  return sealed;
}
