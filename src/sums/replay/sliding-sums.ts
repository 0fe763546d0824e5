// The sums of one window, which slides over the steps of a log.

import { CARRY_AFTER } from '../series/exact.ts';
import { carryTotals, clearTotals, emptyTotals, grow, type Totals } from '../series/totals.ts';
import type { StepLog, StepRange } from './step-log.ts';

const EMPTY: StepRange = { from: 0, to: 0 };

/**
 * The sums of one window. Moving it adds the steps that enter and subtracts those that leave, however long it is. Sums are
 * integers, so subtraction is exact. A class, because there are hundreds of these, which move a million times.
 */
export class SlidingSums {
  readonly totals: Totals = emptyTotals(0);
  readonly #log: StepLog;
  /** The steps that are in the totals. */
  #held: StepRange = EMPTY;
  /** The beginning of the window that it moved to last. */
  #from: number;
  #hasMoved = false;
  /** Whether it has not moved since the last `needed`. */
  #isIdle = false;

  /** `begin` is where the log begins. */
  constructor(log: StepLog, begin: number) {
    this.#log = log;
    this.#from = begin;
  }

  /** Moves to other steps. Returns false, and stays as it is, where the log does not hold them all. */
  moveTo(range: StepRange): boolean {
    const { from, to } = range;
    this.#from = from;
    this.#hasMoved = true;
    this.#isIdle = false;
    grow(this.totals, this.#log.groupCount * this.#log.layout.width);
    if (from >= to) return this.#restart(EMPTY);
    if (!this.#log.holds(range)) return false;
    const { from: heldFrom, to: heldTo } = this.#held;
    const changed = Math.abs(from - heldFrom) + Math.abs(to - heldTo);
    const slides = changed < to - from && this.#log.holds({ from: Math.min(from, heldFrom), to });
    if (!slides) return this.#restart(range);
    this.#add(heldTo, to);
    this.#add(from, heldFrom);
    this.#held = range;
    return true;
  }

  /** The first step that it needs from now on; infinity where it has not moved since the last call. */
  needed(): number {
    if (this.#isIdle) return Number.POSITIVE_INFINITY;
    // Before its first move it needs the beginning of the log.
    this.#isIdle = this.#hasMoved;
    return this.#from;
  }

  #restart(range: StepRange): true {
    clearTotals(this.totals);
    this.#held = range;
    this.#add(range.from, range.to);
    return true;
  }

  /** Adds the steps from `from` to `to`; with `to` before `from`, subtracts them. */
  #add(from: number, to: number): void {
    if (from === to) return;
    const { layout } = this.#log;
    const sign = from < to ? 1 : -1;
    const end = Math.max(from, to);
    // A group has one row per step, so each step counts as one addition.
    for (let step = Math.min(from, to); step < end; step += CARRY_AFTER) {
      const last = Math.min(end, step + CARRY_AFTER);
      if (this.totals.uncarried + last - step > CARRY_AFTER) carryTotals(this.totals, layout);
      this.totals.uncarried += last - step;
      this.#log.addTo(this.totals, { from: step, to: last }, sign);
    }
  }
}
