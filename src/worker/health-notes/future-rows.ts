// A health message about rows ahead of the clock.

import { localTime } from '../../model/display-time.ts';
import type { HealthNote } from '../../model/health-note.ts';
import { isoInstant } from '../../model/window.ts';
import type { FutureRows } from '../../stores/audit-store.ts';
import type { HealthNoteKind, Noticed } from './health-note.ts';

/** No window holds rows ahead of the clock, so the newest calls are never seen. Costs one look-up in the index. */
export const futureRows: HealthNoteKind = {
  type: 'health.future_rows',
  gauge: {
    name: 'spendwatch_newest_row_ahead_seconds',
    help: 'How far the newest row is ahead of the clock; 0 within five minutes of it.',
    labelNames: [],
  },
  open:
    ({ store, config }) =>
    async (at): Promise<Noticed> => {
      const found = await store.futureRows(at);
      const value = found === null ? 0 : found.aheadMs / 1000;
      return {
        samples: [{ labels: {}, value }],
        note: found === null ? null : futureRowsNote(found, config.timezone),
      };
    },
};

export function futureRowsNote(
  { newestRow, aheadMs, summary, message, hint }: FutureRows,
  zone: string,
): HealthNote {
  return {
    type: 'health.future_rows',
    severity: 'warning',
    title: `rows in the future are not watched: ${summary}`,
    lead: [message, `What to do: ${hint}`],
    facts: [['Newest row', localTime(newestRow, zone)]],
    tables: [],
    data: { newest_row: isoInstant(newestRow), ahead_seconds: Math.round(aheadMs / 1000), message, hint },
  };
}
