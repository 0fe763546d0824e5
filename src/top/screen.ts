// The whole screen of a terminal: lines are drawn on it, keys are read, and all is put back at the end.

import { emitKeypressEvents, type Key } from 'node:readline';
import type { ReadStream, WriteStream } from 'node:tty';
import ansi from 'ansi-escapes';
import type { Size } from './frame.ts';

export interface Screen {
  size(): Size;
  /** Lines from the first row on; what was below them is cleared. Only those that changed are sent. */
  draw(lines: readonly string[]): void;
  /** Puts the terminal back. Safe to repeat. */
  close(): void;
}

export interface ScreenEvents {
  /** The name of a key: `q`, `up`, `ctrl-c`. */
  key(name: string): void;
  resized(): void;
}

/** A name may be wider than it is taken for; it must not push the lines below it out of place. */
const WRAP_OFF = '\u001b[?7l';
const WRAP_ON = '\u001b[?7h';

/** Takes the whole screen, until it is closed or the process ends in whatever way it can see. */
export function openScreen(input: ReadStream, output: WriteStream, events: ScreenEvents): Screen {
  let drawn: readonly string[] = [];
  let isOpen = true;
  const onKey = (_: string | undefined, { name, ctrl }: Key): void => {
    if (name !== undefined) events.key(ctrl === true ? `ctrl-${name}` : name);
  };
  const onResize = (): void => {
    // Terminals move or cut what they show when they are resized.
    drawn = [];
    output.write(ansi.eraseScreen);
    events.resized();
  };
  const close = (): void => {
    if (!isOpen) return;
    isOpen = false;
    process.off('exit', close);
    process.off('uncaughtExceptionMonitor', close);
    output.off('resize', onResize);
    input.off('keypress', onKey);
    stops.off();
    giveBack(input, output);
  };
  const stops = followStops({
    leave: () => giveBack(input, output),
    enter() {
      if (!isOpen) return;
      take(input, output);
      onResize();
    },
  });
  process.on('exit', close);
  // Before the fault is written, which would vanish with this screen.
  process.on('uncaughtExceptionMonitor', close);
  emitKeypressEvents(input);
  take(input, output);
  input.on('keypress', onKey);
  output.on('resize', onResize);
  return {
    size: () => ({ width: output.columns || 80, height: output.rows || 24 }),
    draw(lines) {
      if (!isOpen) return;
      const changed = lines.flatMap((line, row) =>
        // Erased first: after a line of full width the cursor stands on its last character.
        line === drawn[row] ? [] : [ansi.cursorTo(0, row) + ansi.eraseLine + line],
      );
      if (lines.length < drawn.length) changed.push(ansi.cursorTo(0, lines.length) + ansi.eraseDown);
      drawn = lines;
      if (changed.length > 0) output.write(ansi.synchronizedOutput(changed.join('')));
    },
    close,
  };
}

function take(input: ReadStream, output: WriteStream): void {
  // First: in the background this waits, and nothing is written, until the process is in the foreground. A shell may have
  // changed the mode since it was set.
  input.setRawMode(false);
  input.setRawMode(true);
  input.resume();
  output.write(ansi.enterAlternativeScreen + ansi.cursorHide + WRAP_OFF + ansi.eraseScreen);
}

function giveBack(input: ReadStream, output: WriteStream): void {
  input.setRawMode(false);
  input.pause();
  output.write(WRAP_ON + ansi.cursorShow + ansi.exitAlternativeScreen);
}

/** Leaves the screen before the process stops, and enters it when the process goes on, however it was stopped. */
function followStops({ leave, enter }: { readonly leave: () => void; readonly enter: () => void }) {
  const goOn = (): void => {
    enter();
    // Nobody has told the process of another size while it was stopped.
    process.kill(process.pid, 'SIGWINCH');
  };
  const stop = (): void => {
    leave();
    off();
    // Without a listener the process stops here until it goes on, or not at all where no shell could let it go on.
    process.kill(process.pid, 'SIGTSTP');
    on();
    goOn();
  };
  const on = (): void => {
    process.on('SIGTSTP', stop);
    process.on('SIGCONT', goOn);
  };
  const off = (): void => {
    process.off('SIGTSTP', stop);
    process.off('SIGCONT', goOn);
  };
  on();
  return { off };
}
