// A progress bar, and lines above it.

import cliProgress, { type GenericFormatter } from 'cli-progress';

const { Format, MultiBar } = cliProgress;

/** A bar on the last line of a terminal. */
export interface ProgressBar {
  update(done: number, total: number): void;
  /** Writes whole lines above it. */
  print(lines: string): void;
  /** Removes the bar. May be called again. */
  stop(): void;
}

const QUIET: ProgressBar = { update: () => undefined, print: () => undefined, stop: () => undefined };

/** A bar for `what` (`importing`, `replaying`). It shows nothing if stderr is not a terminal. */
export function openProgressBar(
  what: string,
  isTerminal: boolean,
  stream: NodeJS.WritableStream = process.stderr,
): ProgressBar {
  if (!isTerminal) return QUIET;
  const bars = new MultiBar({
    stream,
    format: barLine(what),
    clearOnComplete: true,
    // A line above the bar takes its place, so the bar is drawn again even if it has not changed.
    forceRedraw: true,
    // Long lines are cut. Otherwise the library would switch off the terminal's wrapping, and a killed process could not
    // switch it on again.
    linewrap: true,
  });
  const bar = bars.create(1, 0);
  const stop = (): void => {
    process.off('exit', stop);
    if (bars.isActive) bars.stop();
  };
  // The second request to stop ends the process at once. The shell must not write into the bar then.
  process.on('exit', stop);
  return {
    update(done, total) {
      bar.setTotal(total);
      bar.update(done);
    },
    print(lines) {
      bars.log(lines);
      // Drawn at once, or a line could be lost when the process ends.
      bars.update();
    },
    stop,
  };
}

/** Shows the time left once it can be estimated. */
function barLine(what: string): GenericFormatter {
  return (options, { progress, eta }) => {
    const known = typeof eta === 'number' && Number.isFinite(eta);
    const left = known ? ` | ${Format.TimeFormat(eta, options, 5)} left` : '';
    return `${what} ${Format.BarFormat(progress, options)} ${Math.floor(progress * 100)}%${left}`;
  };
}
