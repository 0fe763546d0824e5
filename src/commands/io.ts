// What a command may use of its process.

import type { Readable } from 'node:stream';
import type { ReadStream, WriteStream } from 'node:tty';

/** What a command may use of its process. `process-io.ts` gives the real streams, tests their own. */
export interface Io {
  /** A line for people or pipes, on stdout. */
  out(line: string): void;
  /** Writes a text that is too long for one string, piece by piece, as fast as they are read. */
  outPieces(pieces: Iterable<string>): Promise<void>;
  /** A line about an error or about progress, on stderr. */
  err(line: string): void;
  readonly stdin: Readable;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Whether stdout (and stderr) is a terminal, for colour and progress bars. */
  readonly stdoutIsTerminal: boolean;
  readonly stderrIsTerminal: boolean;
  readonly colour: boolean;
  /** The width of the terminal; 80 if stdout is none. */
  readonly columns: number;
  /** The terminal, for a command that draws on it; null where stdin or stdout is none, or where it cannot be drawn on. */
  readonly terminal: { readonly input: ReadStream; readonly output: WriteStream } | null;
  /** Resolves when the process is asked to stop (SIGTERM, SIGINT). */
  readonly stopped: Promise<void>;
}
