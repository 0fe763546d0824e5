// The period that a report is about, and the one before.

import { dayStart, localDay } from '../model/local-time.ts';
import type { ReportPeriod } from '../model/report.ts';
import { type Window, wholePeriod } from '../model/window.ts';

/** The period that ended last, at or before an instant (ms), and the one before it. */
export function reportPeriods(
  period: ReportPeriod,
  at: number,
  zone: string,
): { readonly window: Window; readonly before: Window } {
  const word = ({ day: 'today', week: 'this_week', month: 'this_month' } as const)[period];
  const current = wholePeriod({ word }, at, zone);
  const window = current.to <= at ? current : wholePeriod({ word }, current.from, zone);
  return { window, before: wholePeriod({ word }, window.from, zone) };
}

/** The whole local days between two midnights, ascending. */
export function daysIn({ from, to }: Window, zone: string): Window[] {
  const days: Window[] = [];
  for (let day = localDay(from, zone), begin = from; begin < to; day += 1) {
    const end = Math.min(dayStart(day + 1, zone), to);
    // A day that a zone skipped has no time.
    if (end > begin) days.push({ from: begin, to: end });
    begin = end;
  }
  return days;
}
