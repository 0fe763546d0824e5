import type { Window } from '../model/window.ts';
import type { CubeCells } from './cube-cells.ts';
import { dayOf, HOUR, hourOf, MINUTE, MINUTES } from './grid.ts';
import type { PackedCells } from './packed-cells.ts';
import { addCells, addTotals, bothLacks, clearTotals, emptyTotals, grown, type Totals } from './totals.ts';
import { cutAtHours, pieceName, piecesOf, wholeHours } from './window-cuts.ts';

/** What the windows of one view have in common. */
export interface WindowSource {
  readonly own: CubeCells;
  readonly measures: number;
  /** How many groups there are, and the group of each key: -1 where the filter leaves it out. */
  readonly count: number;
  readonly groupOf: Int32Array;
  /** The sums of whole hours [from, to), carried; null where one of them is not known. */
  span(from: number, to: number): Totals | null;
}

/** What a window holds of an hour that it does not take as a whole. */
interface Stretch {
  /** Null for a part that was read as it is, the next of which has nothing to do with it. */
  readonly hour: number | null;
  readonly cells: PackedCells;
  /** Minutes of the hour. */
  readonly from: number;
  readonly to: number;
}

/** What sums are made of. */
interface Content {
  /** Of the whole hours [from, to), those before `sealed` were taken whole, as of a version of the cube. */
  readonly whole: Window;
  readonly sealed: number;
  readonly version: number;
  readonly lacks: readonly number[];
  readonly stretches: readonly Stretch[];
}

/**
 * The sums of a window, moved along with it from look to look: a poll adds the minute that entered and takes away the one
 * that left. Sums are whole numbers, so that taking away is as exact as adding. A class, as there are hundreds of them.
 */
export class MovingWindow {
  readonly #source: WindowSource;
  #totals: Totals = emptyTotals(0);
  /** Null where the sums of the window are not known. */
  #held: Content | null = null;
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
   * The sums of a window; null when hours or minutes of it are not known yet. `at` is the end of what was read. They are
   * good until the cube is looked at again, and written over then.
   */
  totals(window: Window, at: number): Totals | null {
    const { looks } = this.#source.own;
    if (this.#looks !== looks || !this.#isAt(window)) {
      this.#held = this.#content(window, at);
      this.#looks = looks;
      this.#from = window.from;
      this.#to = window.to;
    }
    return this.#held === null ? null : this.#totals;
  }

  #isAt({ from, to }: Window): boolean {
    return from === this.#from && to === this.#to;
  }

  /** Makes the sums those of the window; null where something is not known. */
  #content(window: Window, at: number): Content | null {
    const { own, count, measures } = this.#source;
    const whole = wholeHours(window);
    const held = this.#held;
    const stays = held !== null && held.version === own.version && isSame(held.whole, whole) ? held : null;
    const sealed = stays?.sealed ?? sealedWithin(own, whole);
    const stretches = stretchesOf(own, window, { from: sealed, to: whole.to }, at);
    if (stretches === null) return null;
    this.#totals = grown(this.#totals, count * measures);
    const lacks = stays?.lacks ?? this.#begin(whole, sealed);
    if (lacks === null) return null;
    this.#move(stays?.stretches ?? NO_STRETCHES, stretches);
    this.#totals.lacks = lacks;
    for (const { cells } of stretches) this.#totals.lacks = bothLacks(this.#totals.lacks, cells.lacks);
    return { whole, sealed, version: own.version, lacks, stretches };
  }

  /** Makes the sums those of whole hours alone; the measures that they lack, or null where one is not known. */
  #begin(whole: Window, sealed: number): readonly number[] | null {
    clearTotals(this.#totals);
    if (sealed <= whole.from) return NO_LACKS;
    const span = this.#source.span(whole.from, sealed);
    if (span === null) return null;
    addTotals(this.#totals, span);
    return span.lacks;
  }

  #move(before: readonly Stretch[], after: readonly Stretch[]): void {
    for (const stretch of after) {
      const same = sameHour(before, stretch);
      if (same === null) this.#add(stretch.cells, stretch.from, stretch.to, 1);
      else this.#change(same, stretch);
    }
    for (const stretch of before) {
      if (sameHour(after, stretch) === null) this.#add(stretch.cells, stretch.from, stretch.to, -1);
    }
  }

  /** Makes the minutes of one hour those of `after`. */
  #change(before: Stretch, after: Stretch): void {
    if (isForward(before, after)) {
      // So do nearly all of the windows that baselines compare with.
      this.#add(after.cells, before.to, after.to, 1);
      this.#add(after.cells, before.from, after.from, -1);
      return;
    }
    const last = Math.max(before.to, after.to);
    for (let minute = Math.min(before.from, after.from); minute < last; minute += 1) {
      const was = minute >= before.from && minute < before.to;
      const is = minute >= after.from && minute < after.to;
      if (was && is && before.cells.origins?.[minute] === after.cells.origins?.[minute]) continue;
      if (is) this.#add(after.cells, minute, minute + 1, 1);
      if (was) this.#add(before.cells, minute, minute + 1, -1);
    }
  }

  #add(cells: PackedCells, begin: number, end: number, sign: 1 | -1): void {
    const { minutes, keys } = cells;
    const from = minutes === null ? 0 : (minutes[begin] as number);
    const to = minutes === null ? keys.length : (minutes[end] as number);
    if (from === to) return;
    addCells(this.#totals, cells, this.#source.groupOf, this.#source.measures, { from, to, sign });
  }
}

const NO_LACKS: readonly number[] = [];
const NO_STRETCHES: readonly Stretch[] = [];

function isSame(a: Window, b: Window): boolean {
  return a.from === b.from && a.to === b.to;
}

/** Whether the cells are the same, and both ends stayed or moved on. */
function isForward(before: Stretch, after: Stretch): boolean {
  return before.cells === after.cells && before.from <= after.from && before.to <= after.to;
}

function sameHour(stretches: readonly Stretch[], { hour }: Stretch): Stretch | null {
  if (hour !== null) for (const stretch of stretches) if (stretch.hour === hour) return stretch;
  return null;
}

/** Where the whole hours of a window end that are sealed: the newest are not yet, and change from poll to poll. */
function sealedWithin(own: CubeCells, whole: Window): number {
  let sealed = Math.max(whole.from, whole.to);
  const isSealed = (hour: number): boolean => own.hours.has(hour) || own.days.has(dayOf(hour));
  while (sealed > whole.from && !isSealed(sealed - HOUR)) sealed -= HOUR;
  return sealed;
}

/** What a window holds beside its sealed hours: the open ones and the parts at its edges. Null where it is not known. */
function stretchesOf(own: CubeCells, window: Window, open: Window, at: number): Stretch[] | null {
  const stretches: Stretch[] = [];
  for (let hour = open.from; hour < open.to; hour += HOUR) {
    const cells = own.details.get(hour);
    if (cells === undefined) return null;
    stretches.push({ hour, cells, from: 0, to: MINUTES });
  }
  const { from, to } = window;
  const { headEnd, tailBegin } = cutAtHours(window);
  if (from < headEnd && !addPart(stretches, own, { from, to: headEnd }, at)) return null;
  if (tailBegin < to && !addPart(stretches, own, { from: tailBegin, to }, at)) return null;
  return stretches;
}

/** Part of one hour: as it was read, or by its minutes, and by pieces where an edge is within a minute. */
function addPart(stretches: Stretch[], own: CubeCells, part: Window, at: number): boolean {
  if (own.pieces.size > 0 && addPiece(stretches, own, part)) return true;
  const hour = hourOf(part.from);
  const from = Math.ceil((part.from - hour) / MINUTE);
  // What is read ends at `at`, so a minute that holds it is whole as far as it is known.
  const to = part.to === at ? Math.ceil((part.to - hour) / MINUTE) : Math.floor((part.to - hour) / MINUTE);
  for (const piece of piecesOf(part, at)) if (!addPiece(stretches, own, piece)) return false;
  if (from >= to) return true;
  const cells = own.details.get(hour);
  if (cells === undefined) return false;
  stretches.push({ hour, cells, from, to });
  return true;
}

function addPiece(stretches: Stretch[], own: CubeCells, piece: Window): boolean {
  const cells = own.pieces.get(pieceName(piece));
  if (cells !== undefined) stretches.push({ hour: null, cells, from: 0, to: 0 });
  return cells !== undefined;
}
