// Backfills sums of the past, slice by slice between polls, and reports progress.

import { AppError, wordsOf } from '../model/errors.ts';
import type { BackfillProgress } from '../sums/live/backfill.ts';
import type { WorkerSums } from './worker-sums.ts';

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
  /** The listener is not called any more. */
  stop(): void;
}

/** `open` may give other sums each time; those are asked anew. `goesOn` is asked before each slice. */
export function openBackfill(
  open: () => Promise<WorkerSums>,
  goesOn: () => boolean,
  listener: BackfillListener,
): Backfill {
  let isRunning = false;
  let isStopped = false;
  let known: WorkerSums | null = null;
  /** The backfill that was reported and has not ended, over polls and faults. */
  let status: BackfillStatus | null = null;
  let isPaused = false;
  let trouble: string | null = null;

  const report = (next: BackfillStatus): void => {
    if (isStopped) return;
    isPaused = false;
    status = next.done < next.total ? next : null;
    listener.backfilling(next);
  };

  const pause = (): void => {
    if (isStopped || isPaused || status === null) return;
    isPaused = true;
    listener.backfilling(null);
  };

  const begin = async (sums: WorkerSums): Promise<void> => {
    if (sums === known) return;
    const { missingHours, keptFrom } = await sums.standing();
    known = sums;
    report({ done: 0, total: missingHours, keptFrom });
  };

  const runSlices = async (): Promise<void> => {
    const sums = await open();
    await begin(sums);
    while (!isStopped && goesOn()) {
      const { building, isDone } = await sums.maintain(Date.now());
      trouble = null;
      if (building !== null) {
        const left = building.total - building.done;
        // A slice counts what was left when it began. People are told of the whole.
        const total = Math.max(status?.total ?? 0, building.total);
        report({ done: total - left, total, keptFrom: status?.keptFrom ?? null });
      } else if (status !== null) {
        report({ ...status, done: status.total });
      }
      if (isDone) return;
    }
  };

  const reportTrouble = (error: unknown): void => {
    // Polls report a store that is away. Any other fault may show only here.
    const isAway = error instanceof AppError && error.code === 'store_unreachable';
    if (isStopped || isAway || wordsOf(error) === trouble) return;
    trouble = wordsOf(error);
    listener.troubled(`the past cannot be read just now: ${trouble}`);
  };

  return {
    async run() {
      if (isRunning || isStopped) return;
      isRunning = true;
      await runSlices()
        .catch(reportTrouble)
        .finally(() => {
          isRunning = false;
          pause();
        });
    },
    stop() {
      pause();
      isStopped = true;
    },
  };
}
