// Lays out a table so that it fits a width: names are cut, numbers never.

import { displayWidth } from './display-text.ts';

export interface Column {
  readonly head: string;
  readonly align?: 'right';
  /** The width to which it may be cut; absent where it is always shown whole. */
  readonly least?: number;
}

/** A cell: its text, and how to paint it once it is laid out. */
export type Cell = string | { readonly text: string; readonly paint: (text: string) => string };

/** Rows of cells, one for each column; a string is a line of its own below the row before it. */
export type TableRow = readonly Cell[] | string;

const GAP = '  ';

/** The lines of a table. `width` is in columns of the terminal; Infinity cuts nothing. Cells are single lines, already harmless. */
export function fittedTable(
  columns: readonly Column[],
  rows: readonly TableRow[],
  width: number,
  paintHead: (text: string) => string = (text) => text,
): string {
  const cells = rows.flatMap((row) => (typeof row === 'string' ? [] : [row.map(textOf)]));
  const widths = fittedWidths(
    columns,
    columns.map(({ head }, i) =>
      cells.reduce((most, row) => Math.max(most, displayWidth(row[i] ?? '')), displayWidth(head)),
    ),
    width,
  );
  const line = (row: readonly Cell[]): string =>
    columns
      .map((column, i) => {
        const cell = row[i] ?? '';
        const shown = cutToWidth(textOf(cell), widths[i] as number);
        const space = ' '.repeat((widths[i] as number) - displayWidth(shown));
        const painted = typeof cell === 'string' ? shown : cell.paint(shown);
        return column.align === 'right' ? `${space}${painted}` : `${painted}${space}`;
      })
      .join(GAP)
      .trimEnd();
  const head = line(columns.map((column) => ({ text: column.head, paint: paintHead })));
  return [head, ...rows.map((row) => (typeof row === 'string' ? cutToWidth(row, width) : line(row)))].join(
    '\n',
  );
}

/** A text, cut with an ellipsis to at most so many columns. */
export function cutToWidth(text: string, width: number): string {
  if (displayWidth(text) <= width) return text;
  let kept = '';
  let used = 0;
  for (const { segment } of graphemes.segment(text)) {
    const wide = displayWidth(segment);
    if (used + wide > width - 1) break;
    kept += segment;
    used += wide;
  }
  return `${kept.trimEnd()}…${'\u2069'.repeat(unclosed(kept))}`;
}

/** How many marks that keep a name's direction to itself (`displayName`) are open at the end of a text. */
function unclosed(text: string): number {
  return Math.max(0, text.split('\u2068').length - text.split('\u2069').length);
}

const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' });

/** Takes from the widest column that may be cut, until all fit or none can give any more. */
function fittedWidths(columns: readonly Column[], natural: readonly number[], width: number): number[] {
  const widths = [...natural];
  let excess = widths.reduce((sum, one) => sum + one, GAP.length * (columns.length - 1)) - width;
  for (; excess > 0; excess -= 1) {
    let widest = -1;
    columns.forEach(({ least }, i) => {
      const own = widths[i] as number;
      if (least !== undefined && own > least && own > (widths[widest] ?? 0)) widest = i;
    });
    if (widest < 0) break;
    widths[widest] = (widths[widest] as number) - 1;
  }
  return widths;
}

function textOf(cell: Cell): string {
  return typeof cell === 'string' ? cell : cell.text;
}
