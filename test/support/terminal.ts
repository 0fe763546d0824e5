import { PassThrough, Writable } from 'node:stream';
import type { ReadStream, WriteStream } from 'node:tty';
import xterm from '@xterm/headless';

/** A terminal as a person sees it: xterm without a window. */
export interface ShownTerminal {
  /** Takes what a program writes. */
  write(text: string): Promise<void>;
  /** The lines that are seen, without spaces at their ends. */
  lines(): string[];
  /** Whether a program has the whole screen, beside what was there before. */
  isWhole(): boolean;
  /** Whether the cursor is seen, and long lines go on in the next one. */
  modes(): { readonly cursor: boolean; readonly wraps: boolean };
  resize(columns: number, rows: number): void;
}

export function showTerminal(columns: number, rows: number): ShownTerminal {
  const terminal = new xterm.Terminal({ cols: columns, rows, allowProposedApi: true });
  let cursor = true;
  const follow = (shown: boolean) => (parameters: (number | number[])[]) => {
    if (parameters.includes(25)) cursor = shown;
    return false;
  };
  terminal.parser.registerCsiHandler({ prefix: '?', final: 'h' }, follow(true));
  terminal.parser.registerCsiHandler({ prefix: '?', final: 'l' }, follow(false));
  return {
    write: (text) => new Promise((resolve) => terminal.write(text, resolve)),
    lines() {
      const { active } = terminal.buffer;
      return Array.from(
        { length: terminal.rows },
        (_, row) => active.getLine(active.viewportY + row)?.translateToString(true) ?? '',
      );
    },
    isWhole: () => terminal.buffer.active.type === 'alternate',
    modes: () => ({ cursor, wraps: terminal.modes.wraparoundMode }),
    resize: (newColumns, newRows) => terminal.resize(newColumns, newRows),
  };
}

/** The streams of a terminal, for code of this process. */
export interface TerminalStreams {
  readonly input: ReadStream;
  readonly output: WriteStream;
  readonly shown: ShownTerminal;
  /** Whether keys are read one by one. */
  isRaw(): boolean;
  type(keys: string): void;
  resize(columns: number, rows: number): void;
  /** Everything that was written so far is shown. */
  settled(): Promise<void>;
  written(): string;
}

export function openTerminal(columns: number, rows: number): TerminalStreams {
  const shown = showTerminal(columns, rows);
  let isRaw = false;
  let written = '';
  let last: Promise<void> = Promise.resolve();
  const input = Object.assign(new PassThrough(), {
    isTTY: true,
    setRawMode(raw: boolean) {
      isRaw = raw;
    },
  });
  const output = Object.assign(
    new Writable({
      decodeStrings: false,
      write(text: string, _encoding, done) {
        written += text;
        last = shown.write(text);
        done();
      },
    }),
    { isTTY: true, columns, rows },
  );
  return {
    input: input as unknown as ReadStream,
    output: output as unknown as WriteStream,
    shown,
    isRaw: () => isRaw,
    type: (keys) => void input.write(keys),
    resize(newColumns, newRows) {
      shown.resize(newColumns, newRows);
      Object.assign(output, { columns: newColumns, rows: newRows });
      output.emit('resize');
    },
    settled: () => last,
    written: () => written,
  };
}
