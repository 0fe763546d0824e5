// Wraps lines to a terminal's width.

import { stripVTControlCharacters } from 'node:util';

/**
 * Wraps a line to `columns` columns, between words, but not before a percent sign; further lines keep its indentation. Colour escapes count as no width.
 */
export function wrapped(line: string, columns: number): string[] {
  const wide = (text: string): number => stripVTControlCharacters(text).length;
  const indent = /^ */.exec(line)?.[0] ?? '';
  const lines: string[] = [];
  let current = '';
  for (const word of line.slice(indent.length).split(/(?<! ) (?! |%)/)) {
    const joined = current === '' ? indent + word : `${current} ${word}`;
    if (current !== '' && wide(joined) > columns) {
      lines.push(current);
      current = `${indent}  ${word}`;
    } else current = joined;
  }
  return [...lines, current];
}

/** Text for a terminal: sentences are wrapped, and rows of tables, whose cells are two spaces apart, are not. */
export function wrappedSentences(text: string, columns: number): string {
  const isRow = (line: string): boolean => /^\S.* {2}/.test(stripVTControlCharacters(line));
  return text
    .split('\n')
    .flatMap((line) => (isRow(line) ? [line] : wrapped(line, columns)))
    .join('\n');
}
