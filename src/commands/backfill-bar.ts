// Shows a worker's log lines on a terminal, and a bar during the backfill.

import type { BackfillProgress } from '../sums/live/backfill.ts';
import { openProgressBar, type ProgressBar } from './progress-bar.ts';

/** The log of a worker on a terminal, with a bar below it during the backfill. */
export interface BackfillBar {
  /** Updates the bar; null while the backfill pauses. */
  show(progress: BackfillProgress | null): void;
  /** Writes a line of the log. */
  print(line: string): void;
}

export function openBackfillBar(stream: NodeJS.WritableStream = process.stderr): BackfillBar {
  let bar: ProgressBar | null = null;
  return {
    show(progress) {
      if (progress === null || progress.done === progress.total) {
        bar?.stop();
        bar = null;
        return;
      }
      bar ??= openProgressBar('reading the past', true, stream);
      bar.update(progress.done, progress.total);
    },
    print(line) {
      if (bar === null) stream.write(line);
      else bar.print(line);
    },
  };
}
