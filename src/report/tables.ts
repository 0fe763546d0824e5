// The spend by the values of a dimension: the largest, and all others together (pure).

import type { Fixed } from '../model/money.ts';
import type { Compared, ModelRow, ReportRow, ReportTable } from '../model/report.ts';
import type { Dimension, Series } from '../model/series.ts';
import { figuresOf } from './figures.ts';
import type { PeriodSums } from './sums.ts';

/** Rows of a table; the other values are one row together. */
const MOST_ROWS = 10;

/** A value of a dimension with its sums in both periods. */
export interface KeyedSums {
  readonly key: string | null;
  /** Its place in the series. */
  readonly group: number;
  readonly now: Sums;
  readonly before: Sums;
}

interface Sums {
  readonly spend: Fixed;
  readonly calls: Fixed;
}

/** The sums of every value of a series by one dimension, whose windows are the period and the one before. */
export function sumsByKey(series: Series): KeyedSums[] {
  const sumsIn = (group: number, window: number): Sums => {
    const sums = series.cell(group, window)?.sums;
    return { spend: sums?.cost ?? 0n, calls: sums?.calls ?? 0n };
  };
  return series.keys.map(([key = null], group) => ({
    key,
    group,
    now: sumsIn(group, 0),
    before: sumsIn(group, 1),
  }));
}

/** The order of keys that have the same amount: NULL first. */
export function compareKeys(a: string | null, b: string | null): number {
  if (a === b) return 0;
  return a === null || (b !== null && a < b) ? -1 : 1;
}

export function tableOf(dimension: Dimension, series: Series, hasBefore: boolean): ReportTable {
  const all = ranked(sumsByKey(series));
  const rows = all.filter(({ now }) => now.calls > 0n).slice(0, MOST_ROWS);
  const shown = new Set(rows);
  const others = all.filter((one) => !shown.has(one));
  return {
    dimension,
    rows: rows.map((one) => ({ key: one.key, ...rowOf([one], hasBefore) })),
    others: others.length === 0 ? null : { count: others.length, ...rowOf(others, hasBefore) },
  };
}

/** The figures of the models that spent most. */
export function modelRows(
  { modelMetrics }: Pick<PeriodSums, 'modelMetrics'>,
  series: Series,
  hasBefore: boolean,
): ModelRow[] {
  const models = ranked(sumsByKey(series)).filter(({ now }) => now.calls > 0n);
  return models.slice(0, MOST_ROWS).map(({ key, group }) => ({
    model: key,
    figures: figuresOf(modelMetrics, series.cell(group, 0), hasBefore ? series.cell(group, 1) : undefined),
  }));
}

/** By spend in the period, largest first. */
function ranked(all: readonly KeyedSums[]): KeyedSums[] {
  return [...all].sort((a, b) =>
    a.now.spend === b.now.spend ? compareKeys(a.key, b.key) : a.now.spend > b.now.spend ? -1 : 1,
  );
}

function rowOf(all: readonly KeyedSums[], hasBefore: boolean): ReportRow {
  const compared = (of: keyof Sums): Compared => ({
    now: all.reduce((sum, { now }) => sum + now[of], 0n),
    before: hasBefore ? all.reduce((sum, { before }) => sum + before[of], 0n) : null,
  });
  return { spend: compared('spend'), calls: compared('calls') };
}
