// What a command may touch of its process.

import type { Readable } from 'node:stream';

/** What a command may touch of the process that runs it: cli.ts gives the real ones, tests their own. */
export interface Io {
  /** A line for people or pipes, on stdout. */
  out(line: string): void;
  /** The same of a text that may be longer than one can be: its pieces, as fast as they are read. */
  outPieces(pieces: Iterable<string>): Promise<void>;
  /** A line about what went wrong or what is being done, on stderr. */
  err(line: string): void;
  readonly stdin: Readable;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Whether stdout (and stderr) is a terminal, for colour and progress bars. */
  readonly stdoutIsTerminal: boolean;
  readonly stderrIsTerminal: boolean;
  readonly colour: boolean;
  /** How wide the terminal is; 80 where stdout is none. */
  readonly columns: number;
  /** Resolves when the process is asked to stop (SIGTERM, SIGINT). */
  readonly stopped: Promise<void>;
}
