// The calls of a replay, read a segment of time at a time.

import type { CallColumns, CallRead } from '../model/call-columns.ts';
import { AppError } from '../model/errors.ts';
import type { AuditStore } from '../stores/audit-store.ts';
import type { SlidingWindows } from '../sums/replay/sliding-windows.ts';
import type { StepGrid } from '../sums/replay/step-grid.ts';
import { distinctLines } from '../sums/series/line-groups.ts';

/** Reads the calls of a replay, one segment of time after the other. The next segment is read while rules are judged. */
export interface CallReader {
  /** All calls before it have been given to the windows, ms. */
  readonly readTo: number;
  /** Gives the windows the next segment. Throws the store's AppError, and a RangeError as `take` does. */
  next(): Promise<void>;
  /** Nothing more is read, save what is being read. */
  close(): void;
}

/** Read first, before it is known how many calls there are. */
const FIRST_MS = 6 * 3_600_000;
/** Calls that are read at a time: some 100 bytes each. */
const LINES = 150_000;
/**
 * However few calls there were so far: where traffic begins, or grows a thousandfold, a month at once would be more than
 * fits into a text.
 */
const LONGEST_MS = 86_400_000;
/** The store groups calls where that makes one line of so many, which a sample of the first ones tells. */
const WORTH_GROUPING = 3;
const SAMPLE = 10_000;

/** Reads from the origin of the windows up to `end`, ms. */
export function openCallReader(
  store: AuditStore,
  windows: SlidingWindows,
  grid: StepGrid,
  end: number,
): CallReader {
  const mostSteps = Math.max(1, Math.floor(LONGEST_MS / grid.stepMs));
  let steps = Math.max(1, Math.floor(FIRST_MS / grid.stepMs));
  let readTo = windows.origin;
  let together = false;
  let isSampled = false;
  let isClosed = false;
  let prefetched: Promise<Segment> | null = null;

  const readNext = async (): Promise<Segment> => {
    for (;;) {
      const read = windows.wanted(grid.edgesFrom(readTo, steps, end), together);
      try {
        const columns = await store.snapshot((snapshot) => snapshot.calls(read));
        learn(read, columns);
        return { read, columns };
      } catch (error) {
        if (!(error instanceof AppError) || error.code !== 'store_timeout' || steps === 1) throw error;
        steps = Math.ceil(steps / 4);
      }
    }
  };

  /** How much to read next, and whether the store should group it. */
  const learn = (read: CallRead, columns: CallColumns): void => {
    const change = Math.min(4, Math.max(0.25, LINES / Math.max(1, columns.length)));
    steps = Math.ceil(Math.min(mostSteps, (read.edges.length - 1) * change));
    if (isSampled || columns.length < SAMPLE / 10) return;
    isSampled = true;
    const lines = Math.min(SAMPLE, columns.length);
    together = lines >= WORTH_GROUPING * distinctLines(columns, lines);
  };

  const prefetch = (): void => {
    prefetched = isClosed || readTo >= end ? null : readNext();
    // Nobody may be waiting when it fails; whoever asks for it learns of it.
    prefetched?.catch(() => undefined);
  };

  return {
    get readTo() {
      return readTo;
    },
    async next() {
      const { read, columns } = await (prefetched ?? readNext());
      readTo = read.edges.at(-1) as number;
      prefetch();
      windows.take(read, columns);
    },
    close() {
      isClosed = true;
    },
  };
}

/** What was asked for, and what was read. */
interface Segment {
  readonly read: CallRead;
  readonly columns: CallColumns;
}
