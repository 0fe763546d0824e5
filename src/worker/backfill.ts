// Backfills sums of the past, slice by slice between polls, and reports progress.

import { AppError, wordsOf } from '../model/errors.ts';
import type { BackfillProgress } from '../sums/live/backfill.ts';
import { SLICE_MS, type WorkerSums } from './worker-sums.ts';

/** How far a backfill has come, in hours that this worker had to read. */
export interface BackfillStatus extends BackfillProgress {
  /** The beginning of the oldest bucket that was kept before, ms; null if there was none. */
  readonly keptFrom: number | null;
}

export interface BackfillListener {
  /** Called when a backfill begins, while it lasts, and at its end; with null when it pauses. */
  backfilling(status: BackfillStatus | null): void;
  /** Why it cannot go on, in words for people. */
  troubled(what: string): void;
}

export interface Backfill {
  /**
   * Works slice by slice until no hour is missing and nothing is to be reconciled. Does nothing while it is at work
   * already. Never rejects.
   */
  run(): Promise<void>;
  /** Reads missing hours for `budgetMs` at most, for a poll that waits for them. Does nothing while `run` is at work. Never rejects. */
  runWithin(budgetMs: number): Promise<void>;
  /** The listener is not called any more. */
  stop(): void;
}

/** `open` may give other sums each time; those are asked anew. `goesOn` is asked before each slice of `run`. */
export function openBackfill(
  open: () => Promise<WorkerSums>,
  goesOn: () => boolean,
  listener: BackfillListener,
  now: () => number = Date.now,
): Backfill {
  const progress = openProgress(listener);
  let isRunning = false;
  let isStopped = false;
  let known: WorkerSums | null = null;

  const opened = async (): Promise<WorkerSums> => {
    const sums = await open();
    if (sums === known) return sums;
    const { missingHours, keptFrom } = await sums.standing();
    known = sums;
    progress.report({ done: 0, total: missingHours, keptFrom });
    return sums;
  };

  const runSlices = async (): Promise<void> => {
    const sums = await opened();
    while (!isStopped && goesOn()) {
      const { building, isDone } = await sums.maintain(now());
      progress.sliceDone(building);
      if (isDone) return;
    }
  };

  const runUntil = async (endsAt: number): Promise<void> => {
    const sums = await opened();
    for (let leftMs = endsAt - performance.now(); !isStopped && leftMs > 0; ) {
      const building = await sums.backfill(Math.min(SLICE_MS, leftMs));
      const isDone = building.done === building.total;
      progress.sliceDone(isDone ? null : building);
      if (isDone) return;
      leftMs = endsAt - performance.now();
    }
  };

  /** Only one of them works at a time. */
  const alone = async (work: () => Promise<void>): Promise<void> => {
    if (isRunning || isStopped) return;
    isRunning = true;
    await work().catch(progress.troubled);
    isRunning = false;
  };

  return {
    run: () => alone(runSlices).then(progress.pause),
    runWithin: (budgetMs) => alone(() => runUntil(performance.now() + budgetMs)),
    stop() {
      progress.pause();
      progress.stop();
      isStopped = true;
    },
  };
}

/** What the listener is told of a backfill, over polls and faults. */
interface Progress {
  report(status: BackfillStatus): void;
  /** What a slice has left; null where nothing is missing any more. */
  sliceDone(building: BackfillProgress | null): void;
  pause(): void;
  troubled(error: unknown): void;
  stop(): void;
}

function openProgress(listener: BackfillListener): Progress {
  let isStopped = false;
  /** The backfill that was reported and has not ended. */
  let status: BackfillStatus | null = null;
  let isPaused = false;
  let trouble: string | null = null;

  const report = (next: BackfillStatus): void => {
    if (isStopped) return;
    isPaused = false;
    status = next.done < next.total ? next : null;
    listener.backfilling(next);
  };
  return {
    report,
    sliceDone(building) {
      trouble = null;
      if (building === null) {
        if (status !== null) report({ ...status, done: status.total });
        return;
      }
      const left = building.total - building.done;
      // A slice counts what was left when it began. People are told of the whole.
      const total = Math.max(status?.total ?? 0, building.total);
      report({ done: total - left, total, keptFrom: status?.keptFrom ?? null });
    },
    pause() {
      if (isStopped || isPaused || status === null) return;
      isPaused = true;
      listener.backfilling(null);
    },
    troubled(error) {
      // Polls report a store that is away. Any other fault may show only here.
      const isAway = error instanceof AppError && error.code === 'store_unreachable';
      if (isStopped || isAway || wordsOf(error) === trouble) return;
      trouble = wordsOf(error);
      listener.troubled(`the past cannot be read just now: ${trouble}`);
    },
    stop() {
      isStopped = true;
    },
  };
}
