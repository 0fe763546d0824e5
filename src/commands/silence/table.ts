// Prints `silence list --format table`.

import { displayText } from '../../model/display-text.ts';
import { localMinute } from '../../model/display-time.ts';
import { type Cell, cutToWidth, fittedTable } from '../../model/fitted-table.ts';
import type { Shown } from '../../model/painter.ts';
import { overAt, type StoredSilence } from '../../state/silences.ts';
import { matchText, stateOf } from '../../status/silence-shape.ts';

const COLUMNS = [
  { head: 'id' },
  { head: 'state' },
  { head: 'what', least: 6 },
  { head: 'from' },
  { head: 'until' },
  { head: 'by', least: 4 },
  { head: 'reason', least: 6 },
];

/** A row for each silence, and the zone of its times. */
export function silencesTable(
  silences: readonly StoredSilence[],
  now: number,
  { zone, width, paint }: Shown,
): string {
  const rows = silences.map((silence): Cell[] => {
    const { id, times, createdBy, reason } = silence;
    const span = { from: times.from, until: overAt(silence) };
    return [
      id,
      stateOf(span, now),
      matchText(silence),
      localMinute(span.from, zone),
      localMinute(span.until, zone),
      displayText(createdBy, 40),
      reason === '' ? '' : displayText(reason),
    ];
  });
  const table = fittedTable(COLUMNS, rows, width, (text) => paint('dim', text));
  return `${table}\n${cutToWidth(`times are in ${zone}`, width)}`;
}
