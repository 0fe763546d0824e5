// Reads JSON Lines.

import type { Line } from './lines.ts';
import type { SourceRow } from './source-row.ts';

/** Reads one JSON object per line; skips empty lines. */
export async function* jsonLines(lines: AsyncIterable<Line>): AsyncGenerator<SourceRow> {
  for await (const { number: line, text } of lines) {
    if (text.trim() !== '') yield rowOf(line, text);
  }
}

function rowOf(line: number, text: string): SourceRow {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { line, reason: 'not valid JSON' };
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return { line, reason: 'not a JSON object' };
  }
  return { line, cells: value as Record<string, unknown> };
}
