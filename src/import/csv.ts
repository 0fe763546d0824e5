// Reads CSV with a header.

import { parse } from 'csv-parse/sync';
import { AppError } from '../model/errors.ts';
import type { Line } from './lines.ts';
import type { SourceRow } from './source-row.ts';

/** The text of a record. It spans several lines where a quoted cell does. */
interface RecordText {
  readonly lines: readonly Line[];
  readonly text: string;
}

/** A longer cell is one whose quote was never closed. */
const LONGEST_RECORD = 1024 * 1024;
/** Records that are parsed by one call. */
const TOGETHER = 200;

/**
 * Reads CSV with a header. For a record that cannot be read, only its first line is rejected: a stray quote, which makes the
 * following lines look like one cell, must not take good rows with it.
 */
export async function* csvRows(lines: AsyncIterable<Line>): AsyncGenerator<SourceRow> {
  const queue = new LineQueue(lines);
  const { names: header, delimiter } = (await readHeader(queue)) ?? {};
  if (header === undefined) return;
  for (;;) {
    const records: RecordText[] = [];
    while (records.length < TOGETHER) {
      const record = await nextRecord(queue);
      if (record === null) break;
      records.push(record);
      // If this was not a record, its further lines are read again, so nothing after it can be parsed yet.
      if (record.lines.length > 1) break;
    }
    if (records.length === 0) return;
    const parsed = parseTogether(records, header.length, delimiter);
    for (const [i, record] of records.entries()) {
      const cells = parsed?.[i] ?? parseAlone(record.text, delimiter);
      const [first, ...others] = record.lines as [Line, ...Line[]];
      if (typeof cells !== 'string' && cells.length === header.length) {
        yield { line: first.number, cells: Object.fromEntries(header.map((name, at) => [name, cells[at]])) };
        continue;
      }
      queue.putBack(others);
      yield {
        line: first.number,
        reason: typeof cells === 'string' ? cells : countFault(cells.length, header.length),
      };
    }
  }
}

interface Header {
  readonly names: readonly string[];
  readonly delimiter: string;
}

async function readHeader(queue: LineQueue): Promise<Header | null> {
  let record = await nextRecord(queue);
  // Excel's first line where it does not use the machine's list separator.
  const [, named] = /^"?sep=(.)"?$/i.exec(record?.text.trim() ?? '') ?? [];
  if (named !== undefined) record = await nextRecord(queue);
  if (record === null) return null;
  const line = record.lines[0]?.number ?? 1;
  const delimiter = named ?? delimiterOf(record.text);
  const cells = parseAlone(record.text, delimiter);
  if (typeof cells === 'string')
    throw new AppError('import_unreadable', `line ${line}, the header: ${cells}`);
  const names = cells.map((name) => name.trim());
  const twice = names.find((name, i) => names.indexOf(name) < i);
  if (twice !== undefined) {
    throw new AppError('import_unreadable', `line ${line}, the header: "${twice}" appears twice`);
  }
  return { names, delimiter };
}

/** Spreadsheets separate by semicolons where numbers have a decimal comma. */
function delimiterOf(header: string): string {
  return header.includes(',') ? ',' : ([';', '\t'].find((one) => header.includes(one)) ?? ',');
}

/** Reads lines up to one that leaves no quote open; skips empty lines between records. */
async function nextRecord(queue: LineQueue): Promise<RecordText | null> {
  let first = await queue.next();
  while (first !== null && first.text.trim() === '') first = await queue.next();
  if (first === null) return null;
  const lines = [first];
  let text = withoutReturn(first.text);
  let isOpen = hasOddQuotes(first.text);
  while (isOpen && text.length < LONGEST_RECORD) {
    const line = await queue.next();
    if (line === null) break;
    lines.push(line);
    text += `\n${withoutReturn(line.text)}`;
    isOpen = isOpen !== hasOddQuotes(line.text);
  }
  return { lines, text };
}

/** The cells of all records, parsed by one call; null where a record is malformed. */
function parseTogether(records: readonly RecordText[], width: number, delimiter?: string): string[][] | null {
  try {
    const parsed = cellsOf(records.map((record) => record.text).join('\n'), delimiter);
    return parsed.length === records.length && parsed.every((cells) => cells.length === width)
      ? parsed
      : null;
  } catch {
    return null;
  }
}

/** The cells of a record, or why they cannot be parsed. */
function parseAlone(text: string, delimiter?: string): string[] | string {
  try {
    const [cells, ...more] = cellsOf(text, delimiter);
    return cells === undefined || more.length > 0 ? 'a quote is not closed' : cells;
  } catch {
    return 'a quote is in the wrong place, or is not closed';
  }
}

function cellsOf(text: string, delimiter = ','): string[][] {
  return parse(text, { relax_column_count: true, delimiter, record_delimiter: '\n' });
}

function countFault(found: number, expected: number): string {
  return `too ${found < expected ? 'few' : 'many'} cells: ${found} where the header has ${expected}`;
}

function hasOddQuotes(text: string): boolean {
  let odd = false;
  for (let at = text.indexOf('"'); at >= 0; at = text.indexOf('"', at + 1)) odd = !odd;
  return odd;
}

function withoutReturn(text: string): string {
  return text.endsWith('\r') ? text.slice(0, -1) : text;
}

/** Lines that can be put back to be read again. */
class LineQueue {
  readonly #source: AsyncIterator<Line>;
  #again: Line[] = [];

  constructor(lines: AsyncIterable<Line>) {
    this.#source = lines[Symbol.asyncIterator]();
  }

  async next(): Promise<Line | null> {
    const again = this.#again.pop();
    if (again !== undefined) return again;
    const { value, done } = await this.#source.next();
    return done === true ? null : (value as Line);
  }

  putBack(lines: readonly Line[]): void {
    for (let i = lines.length - 1; i >= 0; i -= 1) this.#again.push(lines[i] as Line);
  }
}
