// Reads the calls of a replay in segments of time.

import type { CallColumns, CallRead } from '../model/call-columns.ts';
import { AppError } from '../model/errors.ts';
import type { AuditStore } from '../stores/audit-store.ts';
import type { SlidingWindows } from '../sums/replay/sliding-windows.ts';
import type { StepGrid } from '../sums/replay/step-grid.ts';
import { distinctLines } from '../sums/series/line-groups.ts';

/** Reads the calls of a replay, one segment of time after the other. The next segment is read while rules are judged. */
export interface CallReader {
  /** Up to where all calls have been passed to the windows, ms. */
  readonly readTo: number;
  /** Passes the next segment to the windows. Throws the store's AppError, and a RangeError as `take` does. */
  next(): Promise<void>;
  /** Ends prefetching. A read under way goes on. */
  close(): void;
}

/** The length of the first segment, when the number of calls is still unknown. */
const FIRST_MS = 6 * 3_600_000;
/** Calls per read; each takes some 100 bytes. */
const LINES = 150_000;
/**
 * The longest segment, however few calls there were so far. Where traffic begins, or grows a thousandfold, the calls of a
 * month would exceed the longest string.
 */
const LONGEST_MS = 86_400_000;
/** Calls per line from which the store groups them. The ratio is taken from a sample of the first calls. */
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

  /** Decides how much to read next, and whether the store groups calls. */
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
    // The error is reported by `next`. Until then it must not count as an unhandled rejection.
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

/** A read and its answer. */
interface Segment {
  readonly read: CallRead;
  readonly columns: CallColumns;
}
