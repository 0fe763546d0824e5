// Splits a stream into numbered lines.

import { AppError } from '../model/errors.ts';
import { encodingFault } from '../model/text-encoding.ts';

/** A line without its line feed; the first line of a file is number 1. */
export interface Line {
  readonly number: number;
  readonly text: string;
}

/** A longer line means that the file is of another kind and must not be held in memory. */
const LONGEST = 16 * 1024 * 1024;

const LINE_FEED = 0x0a;
const BYTE_ORDER_MARK = '\uFEFF';

/**
 * Splits UTF-8 text at line feeds, a chunk at a time. Only at these: JSON text may contain the other characters that line
 * readers take for an end. Bytes that are not UTF-8 end the reading, because the file has another encoding and its text
 * would be a guess.
 */
export async function* linesOf(chunks: AsyncIterable<Uint8Array | string>): AsyncGenerator<Line> {
  let number = 0;
  let pieces: Buffer[] = [];
  let size = 0;
  for await (const chunk of chunks) {
    const bytes = Buffer.from(chunk as Uint8Array);
    const end = bytes.lastIndexOf(LINE_FEED);
    if (end >= 0) {
      for (const text of textOf([...pieces, bytes.subarray(0, end)], number).split('\n')) {
        number += 1;
        yield { number, text };
      }
      pieces = [];
      size = 0;
    }
    pieces.push(bytes.subarray(end + 1));
    size += bytes.length - end - 1;
    if (size > LONGEST) {
      throw new AppError('import_unreadable', `line ${number + 1} is too long: this is not a file of lines`);
    }
  }
  const rest = textOf(pieces, number);
  if (rest !== '') yield { number: number + 1, text: rest };
}

/** Complete lines as text; `before` is how many lines came before them. */
function textOf(pieces: readonly Buffer[], before: number): string {
  const bytes = Buffer.concat(pieces);
  const fault = encodingFault(bytes, before);
  if (fault !== null) throw new AppError('import_unreadable', fault.message, { hint: fault.hint });
  const text = bytes.toString('utf8');
  return before === 0 && text.startsWith(BYTE_ORDER_MARK) ? text.slice(1) : text;
}
