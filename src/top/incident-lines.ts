// The open incidents: what, since when, what was spent.

import { displayText } from '../model/display-text.ts';
import { durationText, localDate, localMinute } from '../model/display-time.ts';
import { counted, displayCount, displayValue } from '../model/display-value.ts';
import type { Cell } from '../model/fitted-table.ts';
import { subjectName } from '../model/incident.ts';
import { tableLines } from './dropping-table.ts';
import { openIncidents } from './incidents.ts';
import type { Place } from './view-data.ts';

/** From this width on, the table counts alerts. */
const WIDE = 100;

/** A table of the worst incidents, at most `most`. */
export function incidentLines({ data, width, paint }: Place, most: number): string[] {
  const { state, audit, now, zone, spend } = data;
  if (state.answer === null) return [];
  const incidents = openIncidents(state.answer);
  if (incidents.length === 0) return [paint('delivered', 'no incident is open')];
  const isWide = width >= WIDE;
  const rows = incidents.slice(0, most).map(({ id, subject, severity, began, alerts, rules }): Cell[] => {
    const spent = audit.answer?.spent.get(id);
    return [
      displayText(id),
      { text: severity, paint: (text) => paint(severity, text) },
      subjectName(subject),
      sinceText(began, now, zone),
      durationText(Math.max(0, now - began)),
      spent === undefined ? '' : displayValue(spend, spent),
      ...(isWide ? [displayCount(alerts)] : []),
      rules.map((rule) => displayText(rule, 60)).join(', '),
    ];
  });
  const columns = [
    { head: 'incident', drop: 1 },
    { head: 'severity', drop: 2 },
    { head: 'about', least: 14 },
    { head: 'since' },
    { head: 'for', drop: 4 },
    { head: 'spent', align: 'right' as const },
    ...(isWide ? [{ head: 'alerts', align: 'right' as const }] : []),
    { head: 'rules', least: 5, drop: 3 },
  ];
  const table = tableLines(columns, rows, width, (text) => paint('dim', text));
  const more = incidents.length - rows.length;
  return more > 0 ? [...table, paint('dim', `and ${counted(more, 'more incident')}`)] : table;
}

/** `01:53`, and `11-19 22:10` of another day. */
function sinceText(began: number, now: number, zone: string): string {
  const isToday = localDate(began, zone) === localDate(now, zone);
  return localMinute(began, zone).slice(isToday ? 'YYYY-MM-DD '.length : 'YYYY-'.length);
}
