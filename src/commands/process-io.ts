// The process as commands see it: its streams, its environment, its signals.

import { once } from 'node:events';
import type { Io } from './io.ts';

/** The streams and the environment of this process. Signals are handled from the first use of `stopped` on. */
export function processIo(): Io {
  const { env, stdin, stdout, stderr } = process;
  const stdoutIsTerminal = stdout.isTTY === true;
  let stopped: Promise<void> | undefined;
  return {
    out: (line) => void stdout.write(`${line}\n`),
    outPieces: (pieces) => writePieces(stdout, pieces),
    err: (line) => void stderr.write(`${line}\n`),
    stdin,
    env,
    stdoutIsTerminal,
    columns: stdout.columns || 80,
    stderrIsTerminal: stderr.isTTY === true,
    terminal:
      stdoutIsTerminal && stdin.isTTY && env.TERM !== 'dumb' ? { input: stdin, output: stdout } : null,
    colour: stdoutIsTerminal && !env.NO_COLOR && env.TERM !== 'dumb',
    get stopped() {
      stopped ??= stopRequested();
      return stopped;
    },
  };
}

/** Resolves at the first SIGTERM or SIGINT; a second one ends the process at once. */
function stopRequested(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      process.once(signal, () => {
        resolve();
        process.once(signal, () => process.exit(1));
      });
    }
  });
}

/** Small pieces are joined up to this length, because each write costs time. */
const WRITE_LENGTH = 65_536;

async function writePieces(stream: NodeJS.WriteStream, pieces: Iterable<string>): Promise<void> {
  let text = '';
  for (const piece of pieces) {
    text += piece;
    if (text.length < WRITE_LENGTH) continue;
    if (!stream.write(text)) await once(stream, 'drain');
    text = '';
  }
  stream.write(`${text}\n`);
}
