// The bar of one long work, and lines above it.

import cliProgress, { type GenericFormatter } from 'cli-progress';

const { Format, MultiBar } = cliProgress;

/** A bar on the last line of a terminal. */
export interface ProgressBar {
  update(done: number, total: number): void;
  /** Writes whole lines above it. */
  print(lines: string): void;
  /** It goes away without a trace. May be called again. */
  stop(): void;
}

const QUIET: ProgressBar = { update: () => undefined, print: () => undefined, stop: () => undefined };

/** The bar of one long work (`importing`, `replaying`); one that shows nothing where stderr is no terminal. */
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
    // A line above the bar takes its place, so it is drawn again although it says the same.
    forceRedraw: true,
    // Too long a line is cut, instead of telling the terminal not to wrap: what is killed cannot take that back.
    linewrap: true,
  });
  const bar = bars.create(1, 0);
  const stop = (): void => {
    process.off('exit', stop);
    if (bars.isActive) bars.stop();
  };
  // Asked twice to stop, the process ends at once, and the shell writes where the bar was.
  process.on('exit', stop);
  return {
    update(done, total) {
      bar.setTotal(total);
      bar.update(done);
    },
    print(lines) {
      bars.log(lines);
      // Now and not with the next drawing, or a line could be lost with the process.
      bars.update();
    },
    stop,
  };
}

/** How long it will take is said once it is known. */
function barLine(what: string): GenericFormatter {
  return (options, { progress, eta }) => {
    const known = typeof eta === 'number' && Number.isFinite(eta);
    const left = known ? ` | ${Format.TimeFormat(eta, options, 5)} left` : '';
    return `${what} ${Format.BarFormat(progress, options)} ${Math.floor(progress * 100)}%${left}`;
  };
}
