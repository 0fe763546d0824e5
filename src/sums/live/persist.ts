// What of the cells outlives the process.

import { cubeName } from '../../model/cube.ts';
import type { AggregateBuckets } from '../../state/aggregate-buckets.ts';
import { DAY, HOUR, type Length, MINUTE } from '../series/grid.ts';
import { cellsFromText, cellText } from './cell-text.ts';
import { type CubeCells, setWhole, wholesOf } from './cube-cells.ts';
import type { IdWatch, WatchedGap } from './id-watch.ts';

/** How far the cells in memory have seen. */
export interface Seen {
  /** Hours before it are whole, ms. */
  readonly closedTo: number;
  readonly watch: IdWatch;
  /** Each bucket was read from the store or compared with it at or after this instant, ms; null where that is not known. */
  readonly reconciledAt: number | null;
}

/** What of the cells in memory outlives the process. Every method throws the state store's AppError. */
export interface KeptCells {
  /** False where cells live in memory alone. */
  readonly isPersistent: boolean;
  /** How far what is kept has seen; null where nothing is. What was noted before is forgotten. */
  restore(): Promise<Seen | null>;
  /** Takes what is kept of a cube into memory. */
  load(own: CubeCells): Promise<void>;
  /** An hour or day of a cube changed in memory, or (where it is not there) what is kept of it lacks rows. */
  note(own: CubeCells, length: Length, begin: number): void;
  /** Whether what is kept is as new as what is in memory, or newer because another process keeps it. */
  isUpToDate(): boolean;
  /**
   * Keeps what was noted, and how far was seen at `at`. While another process keeps the cells nothing is taken, and
   * nothing need be: false means that it keeps them no longer, and that this one must restore what it left.
   */
  keep(seen: Seen, at: number): Promise<boolean>;
  /** Removes what is kept of other cubes. */
  retain(cubes: readonly string[]): Promise<void>;
}

/** Progress is kept at least this often; what it lacks is found again by the insert order. */
const KEEP_EVERY_MS = 5 * MINUTE;

/** `store` is where cells outlive the process; with null they live in memory alone. */
export function openKeptCells(store: AggregateBuckets | null): KeptCells {
  /** Cells that changed and are not kept yet. */
  const changed = new Map<
    string,
    { readonly own: CubeCells; readonly length: Length; readonly begin: number }
  >();
  /** The generation that was read or kept last; 0 for none. */
  let generation = 0;
  /** The generation of another process that keeps the cells, as it was seen last; null while this one keeps them. */
  let theirs: number | null = null;
  let keptAt = Number.NEGATIVE_INFINITY;

  return {
    isPersistent: store !== null,
    async restore() {
      changed.clear();
      theirs = null;
      const stored = (await store?.watermark()) ?? null;
      generation = stored?.generation ?? 0;
      if (stored === null) return null;
      const { closedTo, newestId, gaps, reconciledAt } = stored;
      return { closedTo, reconciledAt, watch: { newestId, gaps: JSON.parse(gaps) as WatchedGap[] } };
    },
    async load(own) {
      // Cells without their progress may lack rows: nobody knows what they have seen.
      if (generation === 0) return;
      await store?.load(cubeName(own.cube), (stored) => {
        for (const { hours, begins, sums } of stored) {
          setWhole(own, hours === 24 ? DAY : HOUR, begins, cellsFromText(sums, own.dictionary, own.layout));
        }
      });
    },
    note(own, length, begin) {
      changed.set(`${cubeName(own.cube)}/${length}/${begin}`, { own, length, begin });
    },
    isUpToDate: () => store !== null && (changed.size === 0 || theirs !== null),
    async keep({ closedTo, watch, reconciledAt }, at) {
      if (store === null) return true;
      if ((changed.size === 0 || theirs !== null) && Math.abs(at - keptAt) < KEEP_EVERY_MS) return true;
      keptAt = at;
      const cells = [...changed.values()].map(({ own, length, begin }) => {
        const packed = wholesOf(own, length).get(begin);
        const text = packed === undefined ? null : cellText(packed, own.dictionary, own.cube.measures);
        return { dimensions: cubeName(own.cube), hours: length / HOUR, begins: begin, sums: text };
      });
      const { newestId, gaps } = watch;
      const watermark = { closedTo, newestId, gaps: JSON.stringify(gaps), reconciledAt };
      if (await store.keep(cells, watermark, generation)) {
        generation += 1;
        theirs = null;
        changed.clear();
        return true;
      }
      const latest = (await store.watermark())?.generation ?? 0;
      const isIdle = latest === theirs;
      theirs = latest;
      return !isIdle;
    },
    async retain(cubes) {
      await store?.retain(cubes);
    },
  };
}
