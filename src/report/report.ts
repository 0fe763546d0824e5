// Makes a report: reads what it says of the period that ended, and of the one before.

import { AppError, sentenceOf } from '../model/errors.ts';
import type { Report, ReportConfig, ReportTable } from '../model/report.ts';
import type { Series } from '../model/series.ts';
import { figuresOf } from './figures.ts';
import type { ReportParts } from './parts.ts';
import { reportPeriods } from './period.ts';
import { type Asking, type PeriodSums, readPeriods } from './sums.ts';
import { modelRows, tableOf } from './tables.ts';

/**
 * The report of the period that ended last before an instant (ms). Throws the store's AppError where not even the total could
 * be read; what else could not is named in `troubles`.
 */
export async function makeReport(parts: ReportParts, config: ReportConfig, at: number): Promise<Report> {
  const { zone, currency, store } = parts;
  const { window, before } = reportPeriods(config.period, at, zone);
  const troubles: string[] = [];
  const newestRow = await store.snapshot((snapshot) => snapshot.newestRow(at));
  const hasBefore = (await store.occupied([before])).length > 0;
  const asking = askingOf(parts, window.to, at);
  const sums = await readPeriods(parts, config, [window, before], asking);
  if (sums.trouble !== null) troubles.push(`repeated calls are not known: ${sentenceOf(sums.trouble)}`);
  const [now, earlier] = sums.whole;
  return {
    name: config.name,
    period: config.period,
    window,
    before,
    at,
    zone,
    currency,
    where: config.where,
    newestRow,
    spend: { now: now?.sums.cost ?? 0n, before: hasBefore ? (earlier?.sums.cost ?? 0n) : null },
    figures: figuresOf(sums.metrics, now, hasBefore ? earlier : undefined),
    days: sums.days
      .filter(({ window: day }) => hasBefore || day.from >= window.from)
      .map(({ window: day, cell }) => ({ window: day, spend: cell?.sums.cost ?? 0n })),
    budgets: [],
    forecasts: [],
    tables: tablesOf(sums, hasBefore, troubles),
    movers: [],
    models: modelsOf(sums, hasBefore, troubles),
    routing: [],
    invoices: [],
    incidents: null,
    quiet: null,
    retention: { oldestRow: null, newestRow, rows: null, users: null },
    troubles,
  };
}

/** Kept sums answer as of their latest refresh, where that is after the period. */
function askingOf({ source }: ReportParts, end: number, at: number): Asking {
  const refreshedTo = source.refreshedTo?.() ?? null;
  return { source, before: refreshedTo !== null && refreshedTo >= end ? refreshedTo : at };
}

function tablesOf({ tables }: PeriodSums, hasBefore: boolean, troubles: string[]): ReportTable[] {
  return [...tables].flatMap(([dimension, series]) => {
    if (!(series instanceof AppError)) return [tableOf(dimension, series, hasBefore)];
    troubles.push(`the spend by ${dimension} is not known: ${sentenceOf(series)}`);
    return [];
  });
}

function modelsOf(sums: PeriodSums, hasBefore: boolean, troubles: string[]): Report['models'] {
  const { models } = sums;
  if (models === null) return [];
  if (!(models instanceof AppError)) return modelRows(sums, models as Series, hasBefore);
  troubles.push(`the figures of models are not known: ${sentenceOf(models)}`);
  return [];
}
