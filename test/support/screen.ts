import { Writable } from 'node:stream';

/** A terminal that keeps what it would show, and everything that was written to it. */
export interface Screen {
  /** What a program writes to. */
  readonly stream: NodeJS.WritableStream;
  /** The lines that a person sees, without empty ones at the end. */
  lines(): string[];
  readonly written: () => string;
}

/** As wide as it is said; lines that are longer wrap. It knows the few sequences that a progress bar needs. */
export function openScreen(columns = 100): Screen {
  let written = '';
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      written += chunk.toString();
      done();
    },
  });
  return {
    stream: Object.assign(stream, { isTTY: true, columns }),
    lines: () => shown(written, columns),
    written: () => written,
  };
}

function shown(text: string, columns: number): string[] {
  const rows = [''];
  let row = 0;
  let column = 0;
  const put = (character: string): void => {
    if (column === columns) [row, column] = [row + 1, 0];
    const line = (rows[row] ?? '').padEnd(column);
    rows[row] = line.slice(0, column) + character + line.slice(column + 1);
    column += 1;
  };
  // biome-ignore lint/suspicious/noControlCharactersInRegex: a terminal is told what to do by them
  for (const [sequence, parameter = '', final] of text.matchAll(/\u001b\[([?\d;]*)([A-Za-z])|[\s\S]/gu)) {
    if (final === undefined) {
      if (sequence === '\r') column = 0;
      else if (sequence === '\n') [row, column] = [row + 1, 0];
      else put(sequence);
    } else if (final === 'G') column = Number(parameter || 1) - 1;
    else if (final === 'K' && parameter === '2') rows[row] = '';
    else if (final === 'K' && (parameter || '0') === '0') rows[row] = (rows[row] ?? '').slice(0, column);
    else if (final === 'J' && (parameter || '0') === '0')
      rows.splice(row, rows.length, (rows[row] ?? '').slice(0, column));
    else throw new Error(`the screen does not know ESC[${parameter}${final}`);
  }
  while (rows.at(-1)?.trim() === '') rows.pop();
  return Array.from(rows, (line = '') => line.trimEnd());
}
