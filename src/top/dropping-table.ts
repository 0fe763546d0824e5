// A table that leaves out columns where the window is too narrow for all.

import { displayWidth } from '../model/display-text.ts';
import { type Cell, type Column, fittedTable } from '../model/fitted-table.ts';

/** A column; those with a larger `drop` go first, those without one never. */
export interface DroppableColumn extends Column {
  readonly drop?: number;
}

const GAP = 2;

/** The lines of a table: its head, then a line for each row. Columns are cut as far as they may be before one is left out. */
export function tableLines(
  columns: readonly DroppableColumn[],
  rows: readonly (readonly Cell[])[],
  width: number,
  paintHead?: (text: string) => string,
): string[] {
  const least = columns.map(({ head, least: own = Number.POSITIVE_INFINITY }, i) =>
    Math.min(
      own,
      rows.reduce((most, row) => Math.max(most, displayWidth(textOf(row[i]))), head.length),
    ),
  );
  let shown = columns.map((_, i) => i);
  const needed = (): number => shown.reduce((sum, i) => sum + (least[i] as number) + GAP, -GAP);
  while (needed() > width) {
    const next = shown.reduce(
      (first, i) => (dropOf(columns[i]) > dropOf(columns[first]) ? i : first),
      shown[0] as number,
    );
    if (dropOf(columns[next]) === 0) break;
    shown = shown.filter((i) => i !== next);
  }
  return fittedTable(
    shown.map((i) => columns[i] as DroppableColumn),
    rows.map((row) => shown.map((i) => row[i] as Cell)),
    width,
    paintHead,
  ).split('\n');
}

function dropOf(column: DroppableColumn | undefined): number {
  return column?.drop ?? 0;
}

function textOf(cell: Cell | undefined): string {
  return typeof cell === 'object' ? cell.text : (cell ?? '');
}
