// Reads the buckets that aggregates want: of minutes, hours, days and parts of them.

import type { Aggregate } from '../../model/aggregate.ts';
import type { CallColumns } from '../../model/call-columns.ts';
import type { Measure } from '../../model/measure.ts';
import type { Window } from '../../model/window.ts';
import type { AuditSnapshot } from '../../stores/audit-store.ts';
import { unionOf } from '../direct/plan.ts';
import { ascending, edgesOf, HOUR, hourOf, type Length, minuteEdges } from '../series/grid.ts';
import { memberOf } from '../series/member.ts';
import { finerAggregate } from './finer-aggregate.ts';
import type { LiveAggregate } from './live-aggregate.ts';
import { takeClosed, takeMinutes, takePartials } from './take-lines.ts';

/** Which measures are read of an aggregate's buckets, the newest of which begins at `newest` (ms). */
type MeasuresOf = (aggregate: LiveAggregate, newest: number) => readonly Measure[];
/** Beginnings (ms) of the hours or days that each aggregate wants. */
export type WantedBegins = ReadonlyMap<LiveAggregate, ReadonlySet<number>>;
/** Windows that each aggregate wants, by their names. */
export type WantedWindows = ReadonlyMap<LiveAggregate, ReadonlyMap<string, Window>>;

/*
 * Aggregates that want the same hours are read by one statement. Each function returns how many calls the store went through.
 */

/** Reads hours by the minute, and nothing at or after `end`. */
export async function readHoursByMinute(
  snapshot: AuditSnapshot,
  wanted: WantedBegins,
  end: number,
  measuresOf: MeasuresOf,
): Promise<number> {
  let rows = 0;
  for (const { aggregates, begins: hours } of sharedBegins(byMeasures(wanted, measuresOf))) {
    const ranges = unionOf(hours.map((hour) => ({ from: hour, to: Math.min(hour + HOUR, end) })));
    const edges = ascending(new Set(ranges.flatMap(({ from, to }) => minuteEdges(from, to))));
    const asked = askedOf(aggregates, measuresOf, hours[0] as number);
    const answers = await snapshot.buckets(asked, edges, ranges);
    for (const [i, aggregate] of aggregates.entries()) {
      takeMinutes([aggregate], answers[i] as CallColumns, edges, hours, () => false);
    }
    rows += rowsIn(answers);
  }
  return rows;
}

/** Reads closed hours or days. */
export async function readClosed(
  snapshot: AuditSnapshot,
  length: Length,
  wanted: WantedBegins,
  measuresOf: MeasuresOf,
): Promise<number> {
  let rows = 0;
  for (const { aggregates, begins } of sharedBegins(wanted)) {
    const edges = edgesOf(begins, length);
    const ranges = unionOf(begins.map((begin) => ({ from: begin, to: begin + length })));
    const asked = askedOf(aggregates, measuresOf, begins.at(-1) as number);
    const answers = await readTogether(snapshot, aggregates, asked, edges, ranges);
    for (const { columns, owners } of answers) takeClosed(owners, columns, edges, length, begins);
    rows += rowsIn(answers.map(({ columns }) => columns));
  }
  return rows;
}

/** Reads parts of minutes, all in one statement: they hold so few rows that each aggregate may get those of all. */
export async function readPartialMinutes(snapshot: AuditSnapshot, wanted: WantedWindows): Promise<number> {
  return wanted.size === 0 ? 0 : readPartials(snapshot, [...wanted], ({ measures }) => measures);
}

/** Reads parts of hours. */
export async function readPartialHours(
  snapshot: AuditSnapshot,
  wanted: WantedWindows,
  measuresOf: MeasuresOf,
): Promise<number> {
  const hours = new Map(
    [...wanted].map(([aggregate, windows]) => [
      aggregate,
      new Set([...windows.values()].map(({ from }) => hourOf(from))),
    ]),
  );
  let rows = 0;
  for (const { aggregates, begins } of sharedBegins(byMeasures(hours, measuresOf))) {
    const shared = new Set(begins);
    const within = (aggregate: LiveAggregate) =>
      new Map([...(wanted.get(aggregate) ?? [])].filter(([, { from }]) => shared.has(hourOf(from))));
    rows += await readPartials(
      snapshot,
      aggregates.map((aggregate) => [aggregate, within(aggregate)]),
      measuresOf,
    );
  }
  return rows;
}

/** The windows of an aggregate want the same measures. */
async function readPartials(
  snapshot: AuditSnapshot,
  wanted: readonly (readonly [LiveAggregate, ReadonlyMap<string, Window>])[],
  measuresOf: MeasuresOf,
): Promise<number> {
  const windows = wanted.flatMap(([, own]) => [...own.values()]);
  const edges = ascending(new Set(windows.flatMap(({ from, to }) => [from, to])));
  const hour = hourOf((windows[0] as Window).from);
  const aggregates = wanted.map(([aggregate]) => aggregate);
  const windowsOf = new Map(wanted);
  const asked = askedOf(aggregates, measuresOf, hour);
  const answers = await readTogether(snapshot, aggregates, asked, edges, unionOf(windows));
  for (const { columns, owners } of answers) {
    takePartials(owners, columns, edges, (aggregate) => windowsOf.get(aggregate)?.values() ?? []);
  }
  return rowsIn(answers.map(({ columns }) => columns));
}

/** An answer of the store, and the aggregates whose buckets it holds. */
interface Answer {
  readonly columns: CallColumns;
  readonly owners: readonly LiveAggregate[];
}

/** Aggregates with few groups are read as one that is finer, the others each as it is. */
async function readTogether(
  snapshot: AuditSnapshot,
  aggregates: readonly LiveAggregate[],
  asked: readonly Aggregate[],
  edges: readonly number[],
  ranges: readonly Window[],
): Promise<Answer[]> {
  const finer = finerAggregate(
    asked.map((aggregate, i) => ({ aggregate, groups: aggregates[i]?.groups.keys.length ?? 0 })),
  );
  const answers = await snapshot.buckets(finer === null ? asked : [finer], edges, ranges);
  if (finer !== null) return [{ columns: answers[0] as CallColumns, owners: aggregates }];
  return aggregates.map((aggregate, i) => ({ columns: answers[i] as CallColumns, owners: [aggregate] }));
}

function askedOf(
  aggregates: readonly LiveAggregate[],
  measuresOf: MeasuresOf,
  newest: number,
): readonly Aggregate[] {
  return aggregates.map((aggregate) => ({ ...aggregate, measures: measuresOf(aggregate, newest) }));
}

/** An aggregate's hours apart where other measures are wanted of them. */
function* byMeasures(
  wanted: WantedBegins,
  measuresOf: MeasuresOf,
): Generator<[LiveAggregate, ReadonlySet<number>]> {
  for (const [aggregate, hours] of wanted) {
    const apart = new Map<string, Set<number>>();
    for (const hour of hours)
      memberOf(apart, measuresOf(aggregate, hour).join(), () => new Set<number>()).add(hour);
    for (const set of apart.values()) yield [aggregate, set];
  }
}

/** Begins that the same aggregates want, together: their rows are read once for all of these. */
function sharedBegins(
  wanted: Iterable<readonly [LiveAggregate, ReadonlySet<number>]>,
): { aggregates: LiveAggregate[]; begins: number[] }[] {
  const all = [...wanted];
  const byBegin = new Map<number, number[]>();
  for (const [i, [, begins]] of all.entries()) {
    for (const begin of begins) memberOf(byBegin, begin, () => []).push(i);
  }
  const groups = new Map<string, { aggregates: LiveAggregate[]; begins: number[] }>();
  for (const begin of ascending(byBegin.keys())) {
    const places = byBegin.get(begin) as number[];
    const aggregates = (): LiveAggregate[] => places.map((place) => (all[place] as (typeof all)[number])[0]);
    memberOf(groups, places.join(), () => ({ aggregates: aggregates(), begins: [] })).begins.push(begin);
  }
  return [...groups.values()];
}

/** The calls in answers to one read. An answer in bins leaves out calls without a value. */
export function rowsIn(answers: readonly CallColumns[]): number {
  const calls = answers.find(({ bins }) => bins.size === 0)?.sums.get('calls');
  return calls?.units.reduce((sum, count) => sum + count, 0) ?? 0;
}
