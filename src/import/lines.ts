import { AppError } from '../model/errors.ts';

/** A line without its line feed; the first line of a file is number 1. */
export interface Line {
  readonly number: number;
  readonly text: string;
}

/** No row of a log is as long: this is a file of another kind, and must not be held in memory. */
const LONGEST = 16 * 1024 * 1024;

/**
 * UTF-8 text cut at line feeds, a chunk at a time. Only there: JSON text may hold the other characters that readers
 * of lines take for an end.
 */
export async function* linesOf(chunks: AsyncIterable<Uint8Array | string>): AsyncGenerator<Line> {
  const decoder = new TextDecoder();
  let number = 0;
  let rest = '';
  for await (const chunk of chunks) {
    const text = typeof chunk === 'string' ? chunk : decoder.decode(chunk, { stream: true });
    const parts = text.split('\n');
    const last = parts.pop() ?? '';
    for (const part of parts) {
      number += 1;
      yield { number, text: rest + part };
      rest = '';
    }
    rest += last;
    if (rest.length > LONGEST) {
      throw new AppError('import_unreadable', `line ${number + 1} has no end: this is no file of lines`);
    }
  }
  rest += decoder.decode();
  if (rest !== '') yield { number: number + 1, text: rest };
}
