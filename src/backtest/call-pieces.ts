// The calls of a replay, one stretch of time after another.

import type { CallColumns, CallRead } from '../model/call-columns.ts';
import { AppError } from '../model/errors.ts';
import type { AuditStore } from '../stores/audit-store.ts';
import type { SlidingWindows } from '../sums/replay/sliding-windows.ts';
import type { StepGrid } from '../sums/replay/step-grid.ts';
import { distinctLines } from '../sums/series/line-groups.ts';

/** The calls of a replay, a stretch of time after the other; the next ones are read while the last one is looked at. */
export interface CallPieces {
  /** Whether the slide has all calls before an instant. */
  reach(instant: number): boolean;
  /** Gives the slide the next ones. Throws the store's AppError, and a RangeError as `take` does. */
  next(): Promise<void>;
  /** Nothing more is read, save what is being read. */
  close(): void;
}

/** Read first, before anything is known of how many calls there are. */
const FIRST_MS = 6 * 3_600_000;
/** Calls that are read at a time: some 100 bytes each. */
const LINES = 150_000;
/** Pieces that are read, one after the other, while one is looked at: the store has something to do meanwhile. */
const AHEAD = 2;
/**
 * However few calls there were so far: where traffic begins, or grows a thousandfold, a month at once would be more than
 * fits into a text.
 */
const LONGEST_MS = 86_400_000;
/** Calls are sent together where that makes one of so many, which the first ones tell. */
const WORTH_GROUPING = 3;
const SAMPLE = 10_000;

export function openCallPieces(
  store: AuditStore,
  slide: SlidingWindows,
  grid: StepGrid,
  end: number,
): CallPieces {
  const mostSteps = Math.max(1, Math.floor(LONGEST_MS / grid.stepMs));
  let steps = Math.max(1, Math.floor(FIRST_MS / grid.stepMs));
  let known = slide.origin;
  let together = false;
  let isSampled = false;

  const readFrom = async (from: number): Promise<Piece> => {
    for (;;) {
      const read = slide.wanted(grid.edgesFrom(from, steps, end), together);
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

  const learn = (read: CallRead, columns: CallColumns): void => {
    const change = Math.min(4, Math.max(0.25, LINES / Math.max(1, columns.length)));
    steps = Math.ceil(Math.min(mostSteps, (read.edges.length - 1) * change));
    if (isSampled || columns.length < SAMPLE / 10) return;
    isSampled = true;
    const lines = Math.min(SAMPLE, columns.length);
    together = lines >= WORTH_GROUPING * distinctLines(columns, lines);
  };

  /** Those that are read or being read, one after the other; null behind the last. */
  const ahead: Promise<Piece | null>[] = [];
  let isClosed = false;
  const readOn = (): void => {
    const latest = ahead.at(-1);
    const reading =
      latest === undefined
        ? readFrom(known)
        : latest.then((piece) =>
            piece === null || isClosed || endOf(piece) >= end ? null : readFrom(endOf(piece)),
          );
    // Nobody may be waiting for it when it fails; whoever asks for it is told.
    reading.catch(() => undefined);
    ahead.push(reading);
  };
  const readAhead = (): void => {
    while (ahead.length < AHEAD) readOn();
  };

  return {
    reach: (instant) => known >= instant,
    async next() {
      readAhead();
      const piece = await ahead[0];
      ahead.shift();
      readAhead();
      if (piece === null || piece === undefined) throw new RangeError('there are no calls behind the end');
      slide.take(piece.read, piece.columns);
      known = endOf(piece);
    },
    close() {
      isClosed = true;
    },
  };
}

interface Piece {
  readonly read: CallRead;
  readonly columns: CallColumns;
}

function endOf({ read }: Piece): number {
  return read.edges.at(-1) as number;
}
