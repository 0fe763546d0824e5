// A window whose sums move along with it.

import type { Window } from '../../model/window.ts';
import { dayOf, HOUR, hourOf, MINUTE, MINUTES } from '../series/grid.ts';
import { type PackedBucket, UnpackedRows } from '../series/packed-bucket.ts';
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
import type { LiveAggregate } from './live-aggregate.ts';
import { cutAtHours, partialMinutesOf, wholeHours, windowName } from './window-edges.ts';

const UNPACKED = new UnpackedRows();

/** What the windows of one view have in common. */
export interface WindowSource {
  readonly aggregate: LiveAggregate;
  readonly projection: Projection;
  /** How many rows the sums have, and the row of each key of the aggregate: -1 where the filter leaves it out. */
  readonly count: number;
  readonly groupOf: Int32Array;
  /** The sums of closed hours [from, to), carried; null where one of them is missing. */
  span(from: number, to: number): Totals | null;
}

/** The hours [from, to) of a window, of which those before `closed` were summed as closed buckets of a version of the aggregate. */
interface ClosedPart extends Window {
  readonly closed: number;
  readonly version: number;
  readonly isShort: boolean;
}

/** What a window holds of an hour that is not closed, or not all within it. */
interface HourPart {
  /** Null for a partial bucket, which is of this refresh alone. */
  readonly hour: number | null;
  /** One a minute of the hour, or the partial bucket. */
  buckets: readonly PackedBucket[];
  isShort: boolean;
  /** Minutes of the hour; 0 and 1 for a partial bucket. */
  from: number;
  to: number;
  /** The move that held it last. */
  move: number;
}

/**
 * The sums of a window, moved along with it from refresh to refresh: a poll adds the minute that entered and subtracts the
 * one that left. Sums are whole numbers, so subtracting is as exact as adding. A class, as there are hundreds of them.
 */
export class MovingWindow {
  readonly #source: WindowSource;
  readonly #totals: Totals = emptyTotals(0);
  /** What the sums are made of; null where they are those of no window. */
  #closedPart: ClosedPart | null = null;
  #hourParts: HourPart[] = [];
  #move = 0;
  /** When it was asked last, and for which window. */
  #refreshes = -1;
  #from = 0;
  #to = 0;

  constructor(source: WindowSource) {
    this.#source = source;
  }

  /** Whether it is at this window already, or was not asked since the latest refresh. */
  isFree(window: Window): boolean {
    return this.#refreshes !== this.#source.aggregate.refreshes || this.#isAt(window);
  }

  /**
   * The sums of a window; null when hours or minutes of it are not known yet, or not by all measures. `at` is the end of
   * what was read. They are good until the next refresh, which writes over them.
   */
  totals(window: Window, at: number): Totals | null {
    const { aggregate, count, projection } = this.#source;
    const { refreshes } = aggregate;
    // Groups may have come since it was moved.
    grow(this.#totals, count * projection.layout.width);
    if (this.#refreshes !== refreshes || !this.#isAt(window)) {
      this.#refreshes = refreshes;
      this.#from = window.from;
      this.#to = window.to;
      if (!this.#moveTo(window, at)) this.#closedPart = null;
    }
    return this.#closedPart === null || this.#totals.isShort ? null : this.#totals;
  }

  #isAt({ from, to }: Window): boolean {
    return from === this.#from && to === this.#to;
  }

  /** Makes the sums those of the window; false where something is not known, and then they are those of none. */
  #moveTo(window: Window, at: number): boolean {
    this.#move += 1;
    const whole = this.#closedPartOf(wholeHours(window));
    if (whole === null) return false;
    for (let hour = whole.closed; hour < whole.to; hour += HOUR) {
      if (!this.#holdMinutes(hour, 0, MINUTES)) return false;
    }
    const { from, to } = window;
    const { headEnd, tailBegin } = cutAtHours(window);
    if (from < headEnd && !this.#holdPart({ from, to: headEnd }, at)) return false;
    if (tailBegin < to && !this.#holdPart({ from: tailBegin, to }, at)) return false;
    this.#letGo();
    this.#totals.isShort = whole.isShort || this.#hourParts.some(({ isShort }) => isShort);
    return true;
  }

  /** What is summed already stays; else all begins anew with the sums of closed hours. */
  #closedPartOf({ from, to }: Window): ClosedPart | null {
    const { aggregate, projection } = this.#source;
    const held = this.#closedPart;
    if (held !== null && held.version === aggregate.version && held.from === from && held.to === to)
      return held;
    clearTotals(this.#totals);
    this.#hourParts = [];
    this.#closedPart = null;
    const closed = closedWithin(aggregate, from, to);
    const span = closed <= from ? null : this.#source.span(from, closed);
    if (closed > from && span === null) return null;
    if (span !== null) addTotals(this.#totals, span, projection);
    this.#closedPart = { from, to, closed, version: aggregate.version, isShort: span?.isShort ?? false };
    return this.#closedPart;
  }

  /** Part of one hour: a partial bucket of it, or its minutes and partial buckets where an edge falls into a minute. */
  #holdPart(part: Window, at: number): boolean {
    const { aggregate } = this.#source;
    if (aggregate.partials.size > 0 && this.#holdPartial(part)) return true;
    const hour = hourOf(part.from);
    const from = Math.ceil((part.from - hour) / MINUTE);
    // What is read ends at `at`, so the minute that it falls into is complete up to it.
    const to = part.to === at ? Math.ceil((part.to - hour) / MINUTE) : Math.floor((part.to - hour) / MINUTE);
    for (const partial of partialMinutesOf(part, at)) if (!this.#holdPartial(partial)) return false;
    return from >= to || this.#holdMinutes(hour, from, to);
  }

  /** Adds a partial bucket; false where it was not read. */
  #holdPartial(partial: Window): boolean {
    const { aggregate, projection } = this.#source;
    const bucket = aggregate.partials.get(windowName(partial));
    if (bucket === undefined) return false;
    const buckets = [bucket];
    this.#add(buckets, 0, 1, 1);
    const isShort = isShortOf(bucket, projection);
    this.#hourParts.push({ hour: null, buckets, isShort, from: 0, to: 1, move: this.#move });
    return true;
  }

  /** Makes the sums hold these minutes of an hour; false where they are not known. */
  #holdMinutes(hour: number, from: number, to: number): boolean {
    const { aggregate, projection } = this.#source;
    const known = aggregate.minutes.get(hour);
    if (known === undefined) return false;
    const next = {
      hour,
      buckets: known.minutes,
      isShort: isShortOf(known, projection),
      from,
      to,
      move: this.#move,
    };
    const held = this.#hourParts.find((part) => part.hour === hour);
    if (held === undefined) {
      this.#add(known.minutes, from, to, 1);
      this.#hourParts.push(next);
      return true;
    }
    this.#change(held, known.minutes, from, to);
    Object.assign(held, next);
    return true;
  }

  /** Makes the sums hold these minutes of an hour of which they held others. */
  #change(before: HourPart, buckets: readonly PackedBucket[], from: number, to: number): void {
    if (before.buckets === buckets && before.from <= from && before.to <= to) {
      // Nearly all windows of a baseline move like this.
      this.#add(buckets, before.to, to, 1);
      this.#add(buckets, before.from, from, -1);
      return;
    }
    const last = Math.max(before.to, to);
    for (let minute = Math.min(before.from, from); minute < last; minute += 1) {
      const was = minute >= before.from && minute < before.to;
      const is = minute >= from && minute < to;
      if (was && is && before.buckets[minute] === buckets[minute]) continue;
      if (is) this.#add(buckets, minute, minute + 1, 1);
      if (was) this.#add(before.buckets, minute, minute + 1, -1);
    }
  }

  /** Subtracts what this move did not hold. */
  #letGo(): void {
    const isHeld = ({ move }: HourPart): boolean => move === this.#move;
    if (this.#hourParts.every(isHeld)) return;
    for (const part of this.#hourParts) {
      if (!isHeld(part)) this.#add(part.buckets, part.from, part.to, -1);
    }
    this.#hourParts = this.#hourParts.filter(isHeld);
  }

  #add(buckets: readonly PackedBucket[], from: number, to: number, sign: 1 | -1): void {
    const { aggregate, groupOf, projection } = this.#source;
    for (let i = from; i < to; i += 1) {
      const packed = buckets[i] as PackedBucket;
      if (packed.rows === 0) continue;
      const rows = UNPACKED.take(packed, aggregate.layout);
      addProjected(this.#totals, rows, groupOf, projection, { from: 0, to: packed.rows, sign });
    }
  }
}

/** The end of the closed hours within a window. The newest hours are not closed yet, and change from poll to poll. */
function closedWithin(aggregate: LiveAggregate, from: number, to: number): number {
  let closed = Math.max(from, to);
  const isSealed = (hour: number): boolean => aggregate.hours.has(hour) || aggregate.days.has(dayOf(hour));
  while (closed > from && !isSealed(closed - HOUR)) closed -= HOUR;
  return closed;
}
