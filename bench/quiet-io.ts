import type { Io } from '../src/commands/io.ts';

/** A terminal that nobody looks at. */
export function quietIo(out: (text: string) => void): Io {
  return {
    out,
    outPieces: async (pieces) => out([...pieces].join('')),
    err: () => undefined,
    stdin: process.stdin,
    env: {},
    stdoutIsTerminal: false,
    stderrIsTerminal: false,
    terminal: null,
    colour: false,
    columns: 80,
    stopped: new Promise<never>(() => undefined),
  };
}
