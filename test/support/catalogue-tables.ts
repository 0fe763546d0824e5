import { COLUMNS, type Column, describeColumn } from '../../src/model/columns.ts';
import { describeMetric, METRICS } from '../../src/model/metric.ts';

/** A table of the docs: the cells of its rows, without the heading. */
export type DocsTable = readonly (readonly string[])[];

/** The table of columns in docs/configuration.md, as the catalogues say it. */
export function columnsTable(): DocsTable {
  return COLUMNS.map((column) => [code(column), describeColumn(column).doc, neededBy(column)]);
}

/** The table of metrics in docs/rules.md, as the catalogue says it. */
export function metricsTable(): DocsTable {
  return METRICS.map((metric) => {
    const { unit, doc } = describeMetric(metric);
    return [code(metric), unit === 'ratio' ? '0 to 1' : unit, doc];
  });
}

/** The rows of the table under a heading row, each cell without the room around it. */
export function tableUnder(page: string, heading: readonly string[]): DocsTable {
  const lines = page.split('\n');
  const start = lines.findIndex((line) => cellsOf(line).join('|') === heading.join('|'));
  const rows = lines.slice(start + 2);
  const end = rows.findIndex((line) => !line.startsWith('|'));
  return start < 0 ? [] : rows.slice(0, end).map(cellsOf);
}

/** The table in Markdown, columns aligned, to be pasted into the page. */
export function markdownOf(heading: readonly string[], table: DocsTable): string {
  const all = [heading, ...table];
  const widths = heading.map((_, i) => Math.max(...all.map((row) => row[i]?.length ?? 0)));
  const line = (row: readonly string[]) =>
    `| ${row.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join(' | ')} |`;
  return [line(heading), line(widths.map((width) => '-'.repeat(width))), ...table.map(line)].join('\n');
}

function cellsOf(line: string): string[] {
  return line.startsWith('|')
    ? line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim())
    : [];
}

/** The metrics that need the column; those for which another column would do as well stand last, with the other one. */
function neededBy(column: Column): string {
  const { kind } = describeColumn(column);
  if (kind === 'time') return 'everything';
  if (kind === 'dimension') return 'rules that group or filter by it';
  const alone: string[] = [];
  const either = new Map<string, string[]>();
  for (const metric of METRICS) {
    const choices = describeMetric(metric).columns.find((list) => list.includes(column));
    if (choices === undefined) continue;
    const others = choices.filter((other) => other !== column).map(code);
    if (others.length === 0) alone.push(code(metric));
    else either.set(others.join(' or '), [...(either.get(others.join(' or ')) ?? []), code(metric)]);
  }
  const shared = [...either].map(([others, metrics]) => `${metrics.join(', ')} (or ${others})`);
  return [alone.join(', '), ...shared].filter((text) => text !== '').join('; ');
}

function code(name: string): string {
  return `\`${name}\``;
}
