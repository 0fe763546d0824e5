// What the ledger knows of reports that could not be made, so that a restart forgets none.

import type { App } from '../../app.ts';
import { fileId } from '../../config/file-id.ts';
import type { Notified } from '../../model/notification.ts';
import type { ReportConfig, ReportPeriod } from '../../model/report.ts';
import { failedReportFingerprint, reportPeriodKey } from '../../model/report-key.ts';
import { stepOf } from '../../model/rule.ts';
import { reportPeriods } from '../../report/period.ts';
import type { State } from '../../state/open.ts';
import { recordOnce, SELF } from '../message-deliveries.ts';
import type { Due } from './due.ts';

/** What was recorded of attempts at a report that failed. */
export interface FailedReports {
  /** Whether one failed in the period that is due. */
  readonly isTried: boolean;
  /** The latest one before it that failed; it may have been sent since. */
  readonly earlier: Due | null;
}

/** Records that a report could not be made, once for each period. Rejects where the state store is away. */
export async function recordFailed(
  { config, state, now }: Pick<App, 'config' | 'state' | 'now'>,
  { name }: Pick<ReportConfig, 'name'>,
  { period, at }: Due,
): Promise<void> {
  const fingerprint = failedReportFingerprint(fileId(config), name);
  await recordOnce(await state(), { fingerprint, period, at }, stepOf('warning'), now());
}

export async function failedReports(
  { config }: Pick<App, 'config'>,
  state: Pick<State, 'readNotified'>,
  { name, period }: Pick<ReportConfig, 'name' | 'period'>,
  due: Due,
): Promise<FailedReports> {
  const fingerprint = failedReportFingerprint(fileId(config), name);
  const found = await state.readNotified([{ fingerprint, groupIds: [SELF], firstAt: due.at }]);
  const failed = found.get(fingerprint) ?? [];
  const earlier = failed.find((one) => one.at < due.at && one.period !== due.period);
  return {
    isTried: failed.some((one) => one.period === due.period),
    earlier: earlier === undefined ? null : dueOf(earlier, period, config.timezone),
  };
}

/** Null where the file had another `period` or zone for it then. */
function dueOf({ at, period }: Notified, reportPeriod: ReportPeriod, zone: string): Due | null {
  const { window } = reportPeriods(reportPeriod, at, zone);
  return reportPeriodKey(reportPeriod, window) === period ? { at, window, period } : null;
}
