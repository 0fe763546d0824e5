// How the ledger knows a report and the period that it is about.

import type { ReportPeriod } from './report.ts';
import { isoInstant, type PeriodKey, type Window } from './window.ts';

/** The same over edits of the file; `file` is as in RuleFile. */
export function reportFingerprint(file: string, name: string): string {
  return `report/${file}/${name}`;
}

/** Of the periods for which a report could not be made when it was due. */
export function failedReportFingerprint(file: string, name: string): string {
  return `failed-report/${file}/${name}`;
}

export function reportPeriodKey(period: ReportPeriod, { from }: Window): PeriodKey {
  return `${period}/${isoInstant(from)}`;
}
