// `spendwatch report`: prints a report of the file.

import { dimensionsOf, openAudit, ruleFileOf } from '../app.ts';
import { openCheckState } from '../check/state.ts';
import type { Config } from '../config/config.ts';
import { loadConfig } from '../config/load.ts';
import { suggestion } from '../config/nearest.ts';
import { unsetNote } from '../config/place.ts';
import { AppError, sentenceOf } from '../model/errors.ts';
import type { Report, ReportConfig } from '../model/report.ts';
import { reportPartsOf } from '../report/parts-of.ts';
import { makeReport } from '../report/report.ts';
import { reportReader } from '../state/open.ts';
import type { Io } from './io.ts';
import { loadWithoutChannels } from './load.ts';
import { openProgressBar } from './progress-bar.ts';
import { type ReportFormat, reportOutput } from './report-output.ts';

export interface ReportOptions {
  readonly config: string;
  readonly name: string;
  /** ms; by default now. */
  readonly at?: number;
  readonly format: ReportFormat;
  /** Whether it is sent to its channels, and not printed. */
  readonly send?: boolean;
}

/** A worker may have the folder of an embedded store, or another command for a moment. */
const THROUGH_WORKER = { mustExist: true, throughWorker: 'read', waitMs: 2_000 } as const;
const NOTHING_KEPT = 'no worker of this version has kept anything in the state store';

/** Prints or sends the report of the period that ended last. Resolves to 0. */
export async function report(options: ReportOptions, io: Io): Promise<number> {
  const at = options.at ?? Date.now();
  const isSent = options.send === true;
  const config = isSent
    ? await loadConfig(options.config, io.env)
    : await loadWithoutChannels(options.config, io);
  const wanted = reportNamed(config, options.name);
  if (isSent) {
    // What sends is loaded only here.
    const { sendReport } = await import('./send-report.ts');
    return sendReport(config, wanted, at, io);
  }
  const made = await madeReport(config, wanted, at, io);
  io.out(await reportOutput(made, options.format, io));
  return 0;
}

async function madeReport(
  config: Config,
  wanted: ReportConfig,
  at: number,
  io: Pick<Io, 'err' | 'stderrIsTerminal'>,
): Promise<Report> {
  const { sql, store } = await openAudit(config, THROUGH_WORKER);
  try {
    const note = unsetNote(config);
    if (note !== null) io.err(note);
    const state = await openCheckState(config, sql, at, false);
    try {
      const trouble = state.trouble === null ? NOTHING_KEPT : sentenceOf(state.trouble);
      if (state.sql === null) io.err(`spendwatch: warning: incidents are not shown: ${trouble}`);
      const parts = reportPartsOf(config, {
        source: { read: (reads, before) => store.read(reads, before) },
        store,
        dimensions: dimensionsOf(config),
        file: ruleFileOf(config),
        state: state.sql === null ? null : reportReader(state.sql),
      });
      const bar = openProgressBar('reading', io.stderrIsTerminal);
      const report = await makeReport(
        { ...parts, progressed: (done, total) => bar.update(done, total) },
        wanted,
        at,
      ).finally(() => bar.stop());
      for (const one of report.troubles) io.err(`spendwatch: warning: ${one}`);
      return report;
    } finally {
      await state.close();
    }
  } finally {
    await store.close();
  }
}

/** Throws AppError `usage` where the file has no such report. */
function reportNamed({ reports, path }: Config, name: string): ReportConfig {
  const found = reports.find((one) => one.name === name);
  if (found !== undefined) return found;
  if (reports.length === 0) {
    throw new AppError('usage', `there is no report in ${path}`, {
      hint: 'add one: reports: [{ name: weekly, schedule: "0 8 * * mon", period: week }]',
    });
  }
  throw new AppError('usage', `there is no report ${name} in ${path}`, {
    hint: suggestion(
      name,
      reports.map((one) => one.name),
      'its reports are',
    ),
  });
}
