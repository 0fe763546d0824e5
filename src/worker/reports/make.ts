// Makes reports from what the worker has opened.

import { type App, ruleFileOf } from '../../app.ts';
import type { ReportParts } from '../../report/parts.ts';
import { reportPartsOf } from '../../report/parts-of.ts';
import { makeReport } from '../../report/report.ts';
import type { MakeReport } from './watch.ts';

/** `countsWritten` writes what was counted until now; `openSource` gives the source of kept sums, and null reads the store alone. */
export function reportMaker(
  app: App,
  countsWritten: () => Promise<void>,
  openSource: (() => Promise<ReportParts['source']>) | null,
): MakeReport {
  const { config, store, dimensions } = app;
  const file = ruleFileOf(config, app.fingerprints);
  return async (wanted, at) => {
    await countsWritten();
    const source = openSource === null ? store : await openSource();
    const parts = reportPartsOf(config, { source, store, dimensions, file, state: await app.state() });
    return makeReport(parts, wanted, at);
  };
}
