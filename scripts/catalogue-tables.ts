// The rows of docs/reference.md that the catalogues of columns and metrics give.

import { COLUMNS, type Column, describeColumn } from '../src/model/columns.ts';
import { describeMetric, METRICS } from '../src/model/metric.ts';

/** A row for each audit column: its name, where the default table has it, what needs it, and what it holds. */
export function columnRows(): string[][] {
  return COLUMNS.map((column) => {
    const { table, doc } = describeColumn(column);
    return [code(column), code(table.read ?? table.name), neededBy(column), doc];
  });
}

/** A row for each definition: its metrics, their unit, and what it is. */
export function metricRows(): string[][] {
  const rows = new Map<string, { readonly names: string[]; readonly unit: string }>();
  for (const metric of METRICS) {
    const { unit, doc } = describeMetric(metric);
    const row = rows.get(doc) ?? { names: [], unit: unit === 'ratio' ? '0 to 1' : unit };
    row.names.push(code(metric));
    rows.set(doc, row);
  }
  return [...rows].map(([doc, { names, unit }]) => [names.join(', '), unit, doc]);
}

/** The metrics that need the column. Those for which another column would do as well stand last, with the other one. */
function neededBy(column: Column): string {
  const { kind } = describeColumn(column);
  if (kind === 'time') return 'all';
  const alone: string[] = [];
  const either = new Map<string, string[]>();
  for (const metric of METRICS) {
    const choices = describeMetric(metric).columns.find((list) => list.includes(column));
    if (choices === undefined) continue;
    const others = choices
      .filter((other) => other !== column)
      .map(code)
      .join(' or ');
    if (others === '') alone.push(code(metric));
    else either.set(others, [...(either.get(others) ?? []), code(metric)]);
  }
  const shared = [...either].map(([others, metrics]) => `${metrics.join(', ')} (or ${others})`);
  return [alone.join(', '), ...shared].filter((text) => text !== '').join('; ');
}

function code(name: string): string {
  return `\`${name}\``;
}
