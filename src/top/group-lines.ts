// Who spends now: the largest values of each dimension, side by side.

import { displayName, displayWidth } from '../model/display-text.ts';
import { displayCount, displayValue, shareText } from '../model/display-value.ts';
import { cutToWidth, fittedTable } from '../model/fitted-table.ts';
import type { Metric } from '../model/metric.ts';
import { aMinute, type Figures, NOW_MINUTES, type TopGroups } from './figures.ts';
import type { Place } from './view-data.ts';

const GAP = 3;
/** In a narrow window, fewer tables are shown. */
const NARROWEST = 24;
/** From this width of a table on, it also says what was spent in the hour. */
const WITH_HOUR = 42;

/** A table for each dimension, with at most `most` groups. */
export function groupLines({ data, width, paint }: Place, most: number): string[] {
  const figures = data.audit.answer;
  if (figures === null || figures.tops.length === 0) return [];
  const tops = figures.tops.slice(0, Math.floor((width + GAP) / (NARROWEST + GAP)));
  const own = Math.floor((width - GAP * (tops.length - 1)) / tops.length);
  const tables = tops.map((top) => groupTable(figures, top, data.spend, { width: own, most }));
  const height = tables.reduce((highest, { length }) => Math.max(highest, length), 0);
  return Array.from({ length: height }, (_, i) => {
    const cells = tables.map((table) => {
      const line = cutToWidth(table[i] ?? '', own);
      return line + ' '.repeat(Math.max(0, own - displayWidth(line)));
    });
    const line = cells.join(' '.repeat(GAP)).trimEnd();
    return i === 0 ? paint('dim', line) : line;
  });
}

function groupTable(
  { minutes }: Figures,
  { dimension, groups, more }: TopGroups,
  spend: Metric,
  { width, most }: { readonly width: number; readonly most: number },
): string[] {
  const whole = (minutes ?? []).slice(-NOW_MINUTES).reduce((sum, one) => sum + one, 0n);
  const hasHour = width >= WITH_HOUR;
  const rows = groups
    .slice(0, most)
    .map(({ name, now, hour }) => [
      displayName(name, 60),
      displayValue(spend, aMinute(now)),
      shareText(now, whole),
      ...(hasHour ? [displayValue(spend, hour)] : []),
    ]);
  const columns = [
    { head: dimension, least: 4 },
    { head: 'a minute', align: 'right' as const },
    { head: '', align: 'right' as const },
    ...(hasHour ? [{ head: 'hour', align: 'right' as const }] : []),
  ];
  const table = fittedTable(columns, rows, width).split('\n');
  const left = groups.length - rows.length + more;
  return left > 0 ? [...table, `and ${displayCount(left)} more`] : table;
}
