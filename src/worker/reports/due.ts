// Whether a report is due (pure).

import { cronSchedule } from '../../model/cron-schedule.ts';
import { largestOf } from '../../model/extremes.ts';
import type { Notified } from '../../model/notification.ts';
import type { ReportConfig } from '../../model/report.ts';
import { reportPeriodKey } from '../../model/report-key.ts';
import type { PeriodKey, Window } from '../../model/window.ts';
import { reportPeriods } from '../../report/period.ts';

/** An instant at which a report was to be sent (ms), and the period that it is about. */
export interface Due {
  readonly at: number;
  readonly window: Window;
  readonly period: PeriodKey;
}

const MINUTE = 60_000;
const DAY = 86_400_000;

/**
 * The latest time at which a report was to be sent, at or before an instant (ms); null where there is none within a year. It is
 * asked at each poll, so it looks only at what has gone by since it was asked last.
 */
export function latestDue(
  { schedule, period }: Pick<ReportConfig, 'schedule' | 'period'>,
  zone: string,
): (now: number) => Due | null {
  const cron = cronSchedule(schedule, zone);
  let seen = Number.NEGATIVE_INFINITY;
  let latest: Due | null = null;
  return (now) => {
    if (seen - now > MINUTE) {
      // The clock was set back.
      seen = Number.NEGATIVE_INFINITY;
      latest = null;
    }
    const at = cron.latest(now, seen);
    seen = Math.max(seen, now);
    if (at !== null) {
      const { window } = reportPeriods(period, at, zone);
      latest = { at, window, period: reportPeriodKey(period, window) };
    }
    return latest;
  };
}

/**
 * Whether a report that was due is still to be sent, by what the ledger knows of it: what was notified from the end of the period
 * on, and the last time before. One that was never sent is not made up for after a day, so that a new report does not begin with an
 * old period. One that was sent before is made up for however late: a period is left out only where a later one is due.
 */
export function isToBeSent(
  { at, period }: Due,
  sent: readonly Pick<Notified, 'period' | 'at'>[],
  now: number,
): boolean {
  if (sent.length === 0) return now - at < DAY;
  return sent.every((one) => one.period !== period) && largestOf(sent.map((one) => one.at)) < at;
}
