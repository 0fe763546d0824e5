// Records a report in the ledger and queues it for its channels, once in its period.

import type { App } from '../../app.ts';
import { fileId } from '../../config/file-id.ts';
import type { NewDelivery } from '../../model/delivery.ts';
import { displayText } from '../../model/display-text.ts';
import { localDate } from '../../model/display-time.ts';
import type { Notified } from '../../model/notification.ts';
import type { Report, ReportConfig } from '../../model/report.ts';
import { reportFingerprint, reportPeriodKey } from '../../model/report-key.ts';
import { reportMessage } from '../../model/report-message.ts';
import type { Window } from '../../model/window.ts';
import type { State } from '../../state/open.ts';
import { queueOnce, SELF } from '../message-deliveries.ts';

type Opened = Pick<App, 'config' | 'channels'>;

/**
 * What the ledger knows of a report: what was notified from an instant (ms) on, and the last time before; oldest first. The instant is
 * the end of a period, so that what was told of this period is among it.
 */
export async function sentReports(
  { config }: Pick<App, 'config'>,
  state: Pick<State, 'readNotified'>,
  name: string,
  from: number,
): Promise<readonly Notified[]> {
  const fingerprint = reportFingerprint(fileId(config), name);
  const found = await state.readNotified([{ fingerprint, groupIds: [SELF], firstAt: from }]);
  return [...(found.get(fingerprint) ?? [])].sort((a, b) => a.at - b.at);
}

/**
 * Queues a report for its channels. `at` is when it was due, or the end of its period for one that was not; `now` the clock (ms).
 * Returns what was queued: nothing where the report of this period was queued before.
 */
export function queueReport(
  app: Opened,
  state: Pick<State, 'record'>,
  { name, notify }: ReportConfig,
  report: Report,
  at: number,
  now: number,
): Promise<readonly NewDelivery[]> {
  const key = {
    fingerprint: reportFingerprint(fileId(app.config), name),
    period: reportPeriodKey(report.period, report.window),
    at,
  };
  return queueOnce(app, state, notify, reportMessage(report, { timestamp: now }), key, now);
}

/** `the report daily of 2026-11-19`, `the report weekly of 2026-11-09 to 2026-11-15` */
export function reportTitle(name: string, { from, to }: Window, zone: string): string {
  const [first, last] = [localDate(from, zone), localDate(to - 1, zone)];
  return `the report ${displayText(name)} of ${first === last ? first : `${first} to ${last}`}`;
}
