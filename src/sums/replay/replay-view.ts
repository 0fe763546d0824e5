// Turns calls into the sums of each step, for queries over the same groups.

import type { CallColumns } from '../../model/call-columns.ts';
import { smallestOf } from '../../model/extremes.ts';
import { groupedBy } from '../../model/grouped-by.ts';
import { isSketch, type Measure } from '../../model/measure.ts';
import { type Dimension, type Query, spanOfHours } from '../../model/series.ts';
import { HOUR } from '../series/grid.ts';
import { type BinIndex, openBinIndex } from '../series/group-index.ts';
import { HourColumns, type HourSource } from '../series/hour-columns.ts';
import { layoutOf } from '../series/layout.ts';
import { type LineRows, type OrderedLines, rowsOfLines, sumLines } from '../series/line-buckets.ts';
import { binsOfLines, type LineGroups, openLineGroups } from '../series/line-groups.ts';
import { clearTotals, emptyTotals, grow } from '../series/totals.ts';
import { SlidingSums } from './sliding-sums.ts';
import type { StepGrid } from './step-grid.ts';
import { openStepLog, type StepLog, type StepRange } from './step-log.ts';

/** Queries with the same groups and filter: the group of a call is found once for all of them. */
export interface ReplayView {
  readonly groups: LineGroups;
  readonly dimensions: readonly Dimension[];
  /** The first step of any of the windows. */
  readonly begin: number;
  /** By measures. Few rules look far back, and these need few measures. */
  readonly tables: ReadonlyMap<string, Table>;
  readonly sketches: ReadonlyMap<Measure, SketchTable>;
  /** Adds the calls of these steps. Throws a RangeError for sums that doubles cannot hold exactly. */
  take(range: StepRange, lines: OrderedLines, columns: CallColumns): void;
}

/** The sums of some measures by group, from the beginning of the oldest window that needs them. */
export interface Table {
  readonly begin: number;
  readonly log: StepLog;
  /** Opens the sums of a window, which move with it. */
  open(): SlidingSums;
  /** Opens the sums of single hours, which move on with time. */
  openHours(): HourColumns;
  /** Releases the steps that no window needs any more. */
  forget(): void;
  /** How many numbers are in memory. */
  size(): number;
}

/** The counts of calls by sketch bucket. */
export interface SketchTable extends Table {
  readonly bins: BinIndex;
}

/** `queries` are as of the first instant of each, and agree in groups and filter. */
export function openView(queries: readonly Query[], grid: StepGrid): ReplayView {
  const { groupBy, where } = queries[0] as Query;
  const tables = [...groupedBy(queries, tableName)].map(([name, own]) => {
    const additive = (own[0] as Query).measures.filter((measure) => !isSketch(measure));
    return [name, openTable(distinct(['calls', ...additive]), own, grid)] as const;
  });
  const sketches = distinct(queries.flatMap(({ measures }) => measures.filter(isSketch))).map((measure) => {
    const own = queries.filter(({ measures }) => measures.includes(measure));
    return [measure, { ...openTable(['calls'], own, grid), bins: openBinIndex() }] as const;
  });
  const groups = openLineGroups(groupBy, where);
  return {
    groups,
    dimensions: distinct([...groupBy, ...Object.keys(where)]),
    begin: smallestOf(tables.map(([, { begin }]) => begin)),
    tables: new Map(tables),
    sketches: new Map(sketches),
    take(range, lines, columns) {
      const groupOf = groups.of(columns);
      const rows = rowsOfLines(lines, groupOf, groups.keys.length);
      for (const [, table] of tables) takeInto(table, range, rows, columns, groups.keys.length);
      for (const [measure, table] of sketches) {
        if (table.begin >= range.to) continue;
        const binOf = binsOfLines(columns, measure, groupOf, table.bins);
        const count = table.bins.count();
        takeInto(table, range, rowsOfLines(lines, binOf, count), columns, count);
      }
    },
  };
}

/** A skipped local time is replaced by a later one, so a window may reach back by as much as any zone ever skipped. */
const SLACK_MS = 25 * 3_600_000;
/** Steps that are split in two within SLACK_MS. */
const CUTS_IN_SLACK = 6;

function openTable(measures: readonly Measure[], queries: readonly Query[], grid: StepGrid): Table {
  const begin = grid.stepAt(grid.floor(oldestOf(queries))) as number;
  const log = openStepLog(layoutOf(measures), begin);
  const slack = Math.ceil(SLACK_MS / grid.stepMs) + CUTS_IN_SLACK;
  const windows: Pick<SlidingSums, 'needed'>[] = [];
  let held = 0;
  return {
    begin,
    log,
    open() {
      const sums = new SlidingSums(log, begin);
      windows.push(sums);
      held += 1;
      return sums;
    },
    openHours() {
      const hours = hoursOf(log, grid, begin);
      windows.push(hours);
      return new HourColumns(hours);
    },
    forget: () => log.forget(smallestOf(windows.map((window) => window.needed())) - slack),
    size: () => held * log.groupCount * log.layout.width + log.size(),
  };
}

/** The hours of a log. Each is added up once, and then its steps may be released. */
function hoursOf(log: StepLog, grid: StepGrid, begin: number): HourSource & Pick<SlidingSums, 'needed'> {
  const totals = emptyTotals(0);
  let takenFrom = Number.POSITIVE_INFINITY;
  let takenTo = Number.NEGATIVE_INFINITY;
  const stepsOf = (hour: number): StepRange | null => {
    const [from, to] = [grid.stepAt(hour), grid.stepAt(hour + HOUR)];
    return from === null || to === null ? null : { from, to };
  };
  return {
    layout: log.layout,
    version: () => 0,
    isClosed: (hour) => hour >= takenFrom && hour < takenTo,
    groupCount: () => log.groupCount,
    partsOf(hour) {
      if (hour >= takenFrom && hour < takenTo) return TAKEN;
      const steps = stepsOf(hour);
      return steps !== null && log.holds(steps) ? TAKEN : null;
    },
    rowsOf: (hour) => ({
      forEach(take) {
        const { width } = log.layout;
        grow(totals, log.groupCount * width);
        clearTotals(totals);
        log.addTo(totals, stepsOf(hour) as StepRange, 1);
        takenFrom = Math.min(takenFrom, hour);
        takenTo = Math.max(takenTo, hour + HOUR);
        for (let group = 0; group < log.groupCount; group += 1) take(group, totals.values, group * width);
      },
    }),
    needed: () => (takenTo === Number.NEGATIVE_INFINITY ? begin : (grid.stepAt(takenTo) ?? begin)),
  };
}

/** Calls do not change while they are replayed. */
const TAKEN = {};

function takeInto(
  { begin, log }: Table,
  range: StepRange,
  rows: LineRows,
  columns: CallColumns,
  groupCount: number,
): void {
  if (begin < range.to) log.append(range, sumLines(rows, log.layout, columns.sums), groupCount);
}

/** Equal for all queries of a view that need the same sums. */
export function tableName({ measures }: Query): string {
  return JSON.stringify(measures.filter((measure) => !isSketch(measure)).sort());
}

export function oldestOf(queries: readonly Query[]): number {
  return smallestOf(
    queries.flatMap(({ windows, hours }) => [
      ...windows.map(({ from }) => from),
      ...(hours === undefined ? [] : [spanOfHours(hours).from]),
    ]),
  );
}

export function distinct<T>(values: readonly T[]): T[] {
  return [...new Set(values)];
}
