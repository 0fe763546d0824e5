// Reads the past into cells, slice by slice between polls, and reports progress.

import { AppError, wordsOf } from '../model/errors.ts';
import type { BackfillProgress } from '../sums/live/backfill.ts';
import type { RollupKeeper } from './live-sums.ts';

/** How far the past is in cells, in hours that this worker had to read. */
export interface BuildStanding extends BackfillProgress {
  /** The beginning of the oldest cell that was there before, ms; null where there was none. */
  readonly keptFrom: number | null;
}

/** Who is told how it goes. */
export interface BuildListener {
  /**
   * Called when a build begins, now and then while it lasts, and when it has come to its end; with null when it does
   * not go on for now.
   */
  building(standing: BuildStanding | null): void;
  /** What keeps it from going on, in words for people. */
  troubled(what: string): void;
}

/** Reads the past into cells between polls. */
export interface CellBuilder {
  /** One slice after the other until nothing is missing, and nothing to be compared. Never rejects; does nothing while it is at it already. */
  build(): Promise<void>;
  /** Nothing is told any more. */
  stop(): void;
}

/** `open` may give another keeper each time, which is then asked anew. `goesOn` is asked before each slice. */
export function openCellBuilder(
  open: () => Promise<RollupKeeper>,
  goesOn: () => boolean,
  listener: BuildListener,
): CellBuilder {
  let working = false;
  let stopped = false;
  let asked: RollupKeeper | null = null;
  /** Of the build that was told of and has not come to its end, over polls and faults. */
  let standing: BuildStanding | null = null;
  let paused = false;
  let trouble: string | null = null;

  const tell = (next: BuildStanding): void => {
    if (stopped) return;
    paused = false;
    standing = next.done < next.total ? next : null;
    listener.building(next);
  };

  const pause = (): void => {
    if (stopped || paused || standing === null) return;
    paused = true;
    listener.building(null);
  };

  const begin = async (keeper: RollupKeeper): Promise<void> => {
    if (keeper === asked) return;
    const { missingHours, keptFrom } = await keeper.standing();
    asked = keeper;
    tell({ done: 0, total: missingHours, keptFrom });
  };

  const buildAll = async (): Promise<void> => {
    const keeper = await open();
    await begin(keeper);
    while (!stopped && goesOn()) {
      const { building, isDone } = await keeper.maintain(Date.now());
      trouble = null;
      if (building !== null) {
        const left = building.total - building.done;
        // Each slice counts what was left when it began; people are told of the whole.
        const total = Math.max(standing?.total ?? 0, building.total);
        tell({ done: total - left, total, keptFrom: standing?.keptFrom ?? null });
      } else if (standing !== null) {
        tell({ ...standing, done: standing.total });
      }
      if (isDone) return;
    }
  };

  return {
    async build() {
      if (working || stopped) return;
      working = true;
      try {
        await buildAll();
      } catch (error) {
        // A store that is away is the poll's to report; all else may fail here and not there.
        const isAway = error instanceof AppError && error.code === 'store_unreachable';
        if (!stopped && !isAway && wordsOf(error) !== trouble) {
          trouble = wordsOf(error);
          listener.troubled(`the past cannot be read just now: ${trouble}`);
        }
      } finally {
        working = false;
        pause();
      }
    },
    stop() {
      pause();
      stopped = true;
    },
  };
}
