// Lines of a terminal's width, cut between words.

import { stripVTControlCharacters } from 'node:util';

/**
 * A line as lines of so many columns, cut between words, those after the first as far in as it. What is painted keeps
 * its colour: escapes have no width.
 */
export function wrapped(line: string, columns: number): string[] {
  const wide = (text: string): number => stripVTControlCharacters(text).length;
  const indent = /^ */.exec(line)?.[0] ?? '';
  const lines: string[] = [];
  let current = '';
  for (const word of line.slice(indent.length).split(/(?<! ) (?! )/)) {
    const joined = current === '' ? indent + word : `${current} ${word}`;
    if (current !== '' && wide(joined) > columns) {
      lines.push(current);
      current = `${indent}  ${word}`;
    } else current = joined;
  }
  return [...lines, current];
}

/** Text for a terminal: its sentences are wrapped, and the rows of its tables, which two spaces part, are not. */
export function wrappedSentences(text: string, columns: number): string {
  const isRow = (line: string): boolean => /^\S.* {2}/.test(stripVTControlCharacters(line));
  return text
    .split('\n')
    .flatMap((line) => (isRow(line) ? [line] : wrapped(line, columns)))
    .join('\n');
}
