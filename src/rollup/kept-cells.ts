import { cubeName } from '../model/cube.ts';
import type { RollupHours } from '../state/rollup-hours.ts';
import { cellsFromText, cellText } from './cell-text.ts';
import { type CubeCells, setHour } from './cube-cells.ts';
import { HOUR, MINUTE } from './grid.ts';
import type { IdWatch, WatchedGap } from './id-watch.ts';

/** How far the cells in memory have seen. */
export interface Seen {
  /** Hours before it are whole, ms. */
  readonly sealedTo: number;
  readonly watch: IdWatch;
}

/** What of the cells in memory outlives the process. Every method throws the state store's AppError. */
export interface KeptCells {
  /** How far what is kept has seen; null where nothing is. */
  restore(): Promise<Seen | null>;
  /** Takes what is kept of a cube into memory. */
  load(own: CubeCells): Promise<void>;
  /** An hour of a cube changed in memory, or (where it is not there) what is kept of it lacks rows. */
  note(own: CubeCells, hour: number): void;
  /** Whether all that was noted is kept. */
  isUpToDate(): boolean;
  /** Keeps what was noted, and how far was seen at `at`; what could not be taken is kept later. */
  keep(seen: Seen, at: number): Promise<void>;
  /** Removes what is kept of other cubes. */
  retain(cubes: readonly string[]): Promise<void>;
  /** Once a day removes what is kept of other cubes and of hours before `oldest` (ms). */
  prune(cubes: readonly string[], oldest: () => number, at: number): Promise<void>;
}

/** Progress is kept at least this often; what it lacks is found again by the insert order. */
const KEEP_EVERY_MS = 5 * MINUTE;
const PRUNE_EVERY_MS = 24 * HOUR;

/** `store` is where cells outlive the process; with null they live in memory alone. */
export function openKeptCells(store: RollupHours | null): KeptCells {
  /** Hours that changed and are not kept yet. */
  const changed = new Map<string, { readonly own: CubeCells; readonly hour: number }>();
  let keptAt = Number.NEGATIVE_INFINITY;
  /** Whether the state store took what changed last; it does not while another process has seen more. */
  let isTaken = true;
  let prunedAt = Number.NEGATIVE_INFINITY;

  return {
    async restore() {
      const stored = await store?.progress();
      if (stored === null || stored === undefined) return null;
      const { sealedTo, newestId, gaps } = stored;
      return { sealedTo, watch: { newestId, gaps: JSON.parse(gaps) as WatchedGap[] } };
    },
    async load(own) {
      await store?.load(cubeName(own.cube), (hours) => {
        for (const { hour, cells } of hours) {
          const packed = cellsFromText(cells, own.dictionary, own.cube.measures);
          if (packed !== null) setHour(own, hour, packed);
        }
      });
    },
    note(own, hour) {
      changed.set(`${cubeName(own.cube)}/${hour}`, { own, hour });
    },
    isUpToDate: () => store !== null && changed.size === 0,
    async keep({ sealedTo, watch }, at) {
      if (store === null) return;
      if ((changed.size === 0 || !isTaken) && Math.abs(at - keptAt) < KEEP_EVERY_MS) return;
      const hours = [...changed.values()].map(({ own, hour }) => {
        const cells = own.hours.get(hour);
        const text = cells === undefined ? null : cellText(cells, own.dictionary, own.cube.measures);
        return { cube: cubeName(own.cube), hour, cells: text };
      });
      const { newestId, gaps } = watch;
      isTaken = await store.keep(hours, { sealedTo, newestId, gaps: JSON.stringify(gaps), seenAt: at });
      // What was not taken is still lacking there when this process is the one that has seen more.
      if (isTaken) changed.clear();
      keptAt = at;
    },
    async retain(cubes) {
      await store?.prune(cubes, null);
    },
    async prune(cubes, oldest, at) {
      if (Math.abs(at - prunedAt) < PRUNE_EVERY_MS) return;
      prunedAt = at;
      await store?.prune(cubes, oldest());
    },
  };
}
