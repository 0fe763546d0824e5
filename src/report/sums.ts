// Reads the sums of a report's two periods, all from the same rows.

import { AppError } from '../model/errors.ts';
import { isByMinute, type Measure } from '../model/measure.ts';
import { mergedCell } from '../model/merged-cell.ts';
import type { Metric } from '../model/metric.ts';
import type { ReportConfig } from '../model/report.ts';
import type { Cell, Dimension, Query, Series } from '../model/series.ts';
import type { Window } from '../model/window.ts';
import { knownOf } from '../pipeline/ask.ts';
import { askInParts } from '../pipeline/ask-in-parts.ts';
import { BY_MODEL, measuresOfAll, metricsOf, OVERALL } from './figures.ts';
import type { ReportParts } from './parts.ts';
import { daysIn } from './period.ts';

/** A day, or a part of one, and what the calls of the report add up to; null without calls. */
export interface DaySum {
  readonly window: Window;
  readonly cell: Cell | null;
}

/** The sums of the period (window 0) and of the one before (window 1). */
export interface PeriodSums {
  /** Of both periods, ascending. */
  readonly days: readonly DaySum[];
  /** Of all calls: what `metrics` are computed from. */
  readonly whole: readonly [now: Cell | null, before: Cell | null];
  readonly metrics: readonly Metric[];
  /** By dimension; an error where it could not be read. */
  readonly tables: ReadonlyMap<Dimension, Series | AppError>;
  readonly modelMetrics: readonly Metric[];
  /** By model; null for a table without models. */
  readonly models: Series | AppError | null;
  /** Why failed measures are missing from `metrics`; null for nothing. */
  readonly trouble: AppError | null;
}

/** Where and as of when questions are asked. */
export interface Asking {
  readonly source: ReportParts['source'];
  /** As of when kept sums answer, ms. */
  readonly before: number;
}

/** Throws the store's AppError where not even the total could be read. */
export async function readPeriods(
  parts: ReportParts,
  { where, groupBy }: Pick<ReportConfig, 'where' | 'groupBy'>,
  periods: readonly [now: Window, before: Window],
  asking: Asking,
): Promise<PeriodSums> {
  const metrics = metricsOf(OVERALL, parts);
  const modelMetrics = parts.dimensions.has('model') ? metricsOf(BY_MODEL, parts) : [];
  const measures = measuresOfAll(metrics);
  const days = [...periods].reverse().flatMap((period) => daysIn(period, parts.zone));
  const about = (grouped: readonly Dimension[], asked: readonly Measure[], windows: readonly Window[]) => ({
    measures: asked,
    where,
    groupBy: grouped,
    windows,
  });
  const repeated = measures.filter(isByMinute);
  const others = measures.filter((measure) => !isByMinute(measure));
  const dimensions = [...new Set([...groupBy, ...(modelMetrics.length > 0 ? ['model'] : [])])];
  const queries: Query[] = [
    about([], others, days),
    ...(repeated.length === 0 ? [] : [about([], ['calls', ...repeated], periods)]),
    ...dimensions.map((dimension) =>
      about([dimension], dimension === 'model' ? measuresOfAll(modelMetrics) : ['calls', 'cost'], periods),
    ),
  ];
  const [byDay, ...rest] = await askInParts(together(asking.source), queries, asking.before);
  if (byDay === undefined || byDay instanceof AppError) throw byDay ?? new RangeError('no answer');
  const ofRepeated = repeated.length === 0 ? null : (rest.shift() as Series | AppError);
  const daySums = days.map((window, i) => ({ window, cell: cellIn(byDay, i) }));
  const wholeOf = (number: 0 | 1): Cell | null => {
    const { from, to } = periods[number];
    const own = daySums.filter(({ window }) => window.from >= from && window.to <= to);
    const cells = own.flatMap(({ cell }) => cell ?? []);
    if (cells.length === 0) return null;
    const { calls: _, ...sums } = cellIn(ofRepeated, number)?.sums ?? {};
    return mergedCell([...cells, { sums, sketches: {} }]);
  };
  const answers = new Map(dimensions.map((dimension, i) => [dimension, rest[i] as Series | AppError]));
  const trouble = ofRepeated instanceof AppError ? ofRepeated : null;
  return {
    days: daySums,
    whole: [wholeOf(0), wholeOf(1)],
    metrics: trouble === null ? metrics : metrics.filter((one) => !measuresOfAll([one]).some(isByMinute)),
    tables: new Map(groupBy.map((dimension) => [dimension, answers.get(dimension) as Series | AppError])),
    modelMetrics,
    models: modelMetrics.length === 0 ? null : (answers.get('model') ?? null),
    trouble,
  };
}

/** The cell of a query without groups. */
export function cellIn(answer: Series | AppError | null, window: number): Cell | null {
  return answer === null || answer instanceof AppError || answer.keys.length === 0
    ? null
    : answer.cell(0, window);
}

/** Kept sums may not know yet of a row that was changed: what must add up comes from them alone, or from the store alone. */
function together(source: ReportParts['source']): ReportParts['source'] {
  return {
    read: (reads, before) => source.read(reads, before),
    known(queries, before) {
      const known = knownOf(source, queries, before);
      return known.includes(null) ? queries.map(() => null) : known;
    },
  };
}
