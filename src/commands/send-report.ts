// `spendwatch report NAME --send`: sends a report to its channels, once in its period.

import { type App, openApp } from '../app.ts';
import type { Config } from '../config/config.ts';
import { displayText } from '../model/display-text.ts';
import { AppError } from '../model/errors.ts';
import type { Report, ReportConfig } from '../model/report.ts';
import { reportPeriodKey } from '../model/report-key.ts';
import { reportPeriods } from '../report/period.ts';
import { reportMaker } from '../worker/reports/make.ts';
import { queueReport, reportTitle, sentReports } from '../worker/reports/send.ts';
import { deliverNow } from './deliver-now.ts';
import type { Io } from './io.ts';

/** A worker may have the folder of an embedded store, or another command for a moment. */
const THROUGH_WORKER = { mustExist: true, throughWorker: 'write', waitMs: 5_000 } as const;

/**
 * Sends the report of the period that ended last before an instant (ms), and what else is due. Resolves to 0, also where it was sent
 * before, which is said; throws an AppError where it cannot be made or queued.
 */
export async function sendReport(
  config: Config,
  wanted: ReportConfig,
  at: number,
  io: Pick<Io, 'out' | 'err'>,
): Promise<number> {
  const { window } = reportPeriods(wanted.period, at, config.timezone);
  const what = reportTitle(wanted.name, window, config.timezone);
  if (window.to > Date.now()) {
    throw new AppError('usage', `${what} is not over yet`, {
      hint: 'leave out --at, or give it an instant that has gone by',
    });
  }
  const app = await openApp(config, THROUGH_WORKER);
  try {
    const state = await app.state();
    const sent = await sentReports(app, state, wanted.name, window.to);
    const period = reportPeriodKey(wanted.period, window);
    const queued = sent.some((one) => one.period === period)
      ? []
      : await queueReport(app, state, wanted, await made(app, wanted, at, io), window.to, Date.now());
    if (queued.length === 0) {
      io.out(`${what} was sent before, and is not sent twice`);
      io.out('spendwatch history shows what became of it; without --send, this command prints it');
      return 0;
    }
    io.out(`queued ${what} for ${queued.map(({ channel }) => displayText(channel)).join(', ')}`);
    const ids = new Set(queued.map(({ id }) => id));
    await deliverNow(app, io, (id) => (ids.has(id) ? what : null));
    return 0;
  } finally {
    await app.close();
  }
}

async function made(app: App, wanted: ReportConfig, at: number, io: Pick<Io, 'err'>): Promise<Report> {
  const report = await reportMaker(app, async () => undefined, null)(wanted, at);
  for (const trouble of report.troubles) io.err(`spendwatch: warning: ${trouble}`);
  return report;
}
