// Makes a report: reads what it says of the period that ended, and of the one before.

import { AppError, asAppError, sentenceOf } from '../model/errors.ts';
import { localDay } from '../model/local-time.ts';
import type { Report, ReportConfig, ReportTable } from '../model/report.ts';
import { budgetsOf } from './budgets.ts';
import { figuresOf } from './figures.ts';
import { forecastsOf } from './forecasts.ts';
import { incidentsOf } from './incidents.ts';
import { moversOf } from './movers.ts';
import { oldestRow } from './oldest-row.ts';
import type { ReportParts } from './parts.ts';
import { invoicedMonths, pastDays, spentIn } from './past-days.ts';
import { reportPeriods } from './period.ts';
import { countedRows } from './retention.ts';
import { savingsOf } from './routing.ts';
import { type Asking, type DaySum, type PeriodSums, readPeriods } from './sums.ts';
import { modelRows, tableOf } from './tables.ts';

/** What all parts of a report are made of. */
interface Making extends ReturnType<typeof reportPeriods> {
  readonly parts: ReportParts;
  readonly config: ReportConfig;
  readonly asking: Asking;
  readonly hasBefore: boolean;
  /** Takes what could not be read, and why: the rest of the report stands. */
  readonly lacking: (what: string, why: AppError) => void;
}

/**
 * The report of the period that ended last before an instant (ms). Throws the store's AppError where not even the total could
 * be read; what else could not is named in `troubles`.
 */
export async function makeReport(parts: ReportParts, config: ReportConfig, at: number): Promise<Report> {
  const { zone, currency, store } = parts;
  const periods = reportPeriods(config.period, at, zone);
  const { window, before } = periods;
  const troubles: string[] = [];
  const newestRow = await store.snapshot((snapshot) => snapshot.newestRow(at));
  const oldest = await oldestRow(store, at).catch((error: unknown) =>
    asAppError(error, 'store_query_failed'),
  );
  // Against a few days of a week or a month, any change would be large.
  const beginsLater = typeof oldest === 'number' && localDay(oldest, zone) > localDay(before.from, zone);
  const hasBefore = !beginsLater && (await store.occupied([before])).length > 0;
  const making: Making = {
    ...periods,
    parts,
    config,
    asking: askingOf(parts, window.to, at),
    hasBefore,
    lacking: (what, why) => void troubles.push(`${what} could not be read: ${sentenceOf(why)}`),
  };
  const step = stepsOf(parts);
  const { known, ...ofPeriods } = await ofItsPeriods(making, step);
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
    ...ofPeriods,
    ...(await step(ofPastDays(known, oldest, making))),
    budgets: await step(budgetsIn(making)),
    routing: await step(routingIn(making)),
    ...(await step(incidentsIn(making))),
    quiet: await quietIn(making),
    retention: { newestRow, ...(await step(retentionIn(oldest, at, making))) },
    troubles,
  };
}

/** What is made of the sums of the two periods. They are let go then: by user they may be large. */
async function ofItsPeriods(
  making: Making,
  step: Step,
): Promise<
  Pick<Report, 'spend' | 'figures' | 'days' | 'tables' | 'models' | 'movers'> & { known: readonly DaySum[] }
> {
  const { parts, config, window, before, asking, hasBefore, lacking } = making;
  const sums = await step(readPeriods(parts, config, [window, before], asking));
  if (sums.trouble !== null) lacking('repeated calls', sums.trouble);
  const [now, earlier] = sums.whole;
  return {
    known: sums.days,
    spend: { now: now?.sums.cost ?? 0n, before: hasBefore ? (earlier?.sums.cost ?? 0n) : null },
    figures: figuresOf(sums.metrics, now, hasBefore ? earlier : undefined),
    days: sums.days
      .filter(({ window: day }) => hasBefore || day.from >= window.from)
      .map(({ window: day, cell }) => ({ window: day, spend: cell?.sums.cost ?? 0n })),
    tables: tablesIn(sums, making),
    models: modelsIn(sums, making),
    movers: await step(moversIn(sums, making)),
  };
}

/** The parts that take time. */
const STEPS = 7;

type Step = <T>(work: Promise<T>) => Promise<T>;

/** Waits for one part after the other. */
function stepsOf({ progressed }: ReportParts): Step {
  let done = 0;
  return async (work) => {
    const result = await work;
    done += 1;
    progressed?.(done, STEPS);
    return result;
  };
}

/** Kept sums answer as of their latest refresh, where that is after the period. */
function askingOf({ source }: ReportParts, end: number, at: number): Asking {
  const refreshedTo = source.refreshedTo?.() ?? null;
  return { source, before: refreshedTo !== null && refreshedTo >= end ? refreshedTo : at };
}

function tablesIn({ tables }: PeriodSums, { hasBefore, lacking }: Making): ReportTable[] {
  return [...tables].flatMap(([dimension, series]) => {
    if (!(series instanceof AppError)) return [tableOf(dimension, series, hasBefore)];
    lacking(`the spend by ${dimension}`, series);
    return [];
  });
}

function modelsIn(sums: PeriodSums, { hasBefore, lacking }: Making): Report['models'] {
  const { models } = sums;
  if (models === null) return [];
  if (!(models instanceof AppError)) return modelRows(sums, models, hasBefore);
  lacking('the figures of models', models);
  return [];
}

async function moversIn({ tables }: PeriodSums, making: Making): Promise<Report['movers']> {
  const { config, window, before, hasBefore, parts, asking, lacking } = making;
  const [first] = tables;
  if (first === undefined || !hasBefore) return [];
  const [dimension, series] = first;
  if (series instanceof AppError) return [];
  const movers = await moversOf(config, { dimension, series }, [window, before], parts.dimensions, asking);
  if (!(movers instanceof AppError)) return movers;
  lacking('what the largest changes are made of', movers);
  return [];
}

async function ofPastDays(
  known: readonly DaySum[],
  oldest: number | null | AppError,
  { config, window, parts: { zone }, asking, lacking }: Making,
): Promise<Pick<Report, 'forecasts' | 'invoices'>> {
  // Of a month before the table begins nothing is known.
  const months = invoicedMonths(config, window.to, zone).filter(
    (month) => oldest instanceof AppError || (oldest !== null && oldest < month.window.to),
  );
  const days =
    oldest instanceof AppError ? oldest : await pastDays(config, known, { months, oldest, zone }, asking);
  if (days instanceof AppError) {
    lacking(months.length === 0 ? 'forecasts' : 'forecasts and invoices', days);
    return { forecasts: [], invoices: [] };
  }
  return {
    forecasts: forecastsOf(days, zone),
    invoices: months.map((month) => ({ ...month, recorded: spentIn(days, month.window) })),
  };
}

async function budgetsIn({ parts, window, asking, lacking }: Making): Promise<Report['budgets']> {
  const found = await budgetsOf(parts.rules, window.to, parts.zone, asking);
  return found.flatMap(({ rule, budgets }) => {
    if (!(budgets instanceof AppError)) return budgets;
    lacking(`the budget ${rule.name}`, budgets);
    return [];
  });
}

function routingIn({ parts, config, window, lacking }: Making): Promise<Report['routing']> {
  return savingsOf(parts, config, window).catch((error: unknown) => {
    lacking('what routing would have saved', asAppError(error, 'store_query_failed'));
    return [];
  });
}

async function incidentsIn({
  parts,
  window,
  asking,
  lacking,
}: Making): Promise<Pick<Report, 'incidents' | 'incidentCount'>> {
  const unknown = { incidents: null, incidentCount: null };
  if (parts.incidentsIn === null) return unknown;
  try {
    const all = await parts.incidentsIn(window);
    return { incidents: await incidentsOf(all, window, parts, asking), incidentCount: all.length };
  } catch (error) {
    lacking('incidents', asAppError(error, 'state_unreadable'));
    return unknown;
  }
}

async function quietIn({ parts, window, lacking }: Making): Promise<Report['quiet']> {
  try {
    return (await parts.quietOf?.(window)) ?? null;
  } catch (error) {
    lacking('how often the rules were evaluated', asAppError(error, 'state_unreadable'));
    return null;
  }
}

async function retentionIn(
  oldest: number | null | AppError,
  at: number,
  { parts, asking, lacking }: Making,
): Promise<Omit<Report['retention'], 'newestRow'>> {
  if (oldest === null) return { oldestRow: null, rows: 0, users: parts.dimensions.has('user') ? 0 : null };
  const unknown = { rows: null, users: null };
  if (oldest instanceof AppError) {
    lacking('the oldest row', oldest);
    return { oldestRow: null, ...unknown };
  }
  const counted = await countedRows({ from: oldest, to: at }, parts, asking);
  if (!(counted instanceof AppError)) return { oldestRow: oldest, ...counted };
  lacking('the number of rows', counted);
  return { oldestRow: oldest, ...unknown };
}
