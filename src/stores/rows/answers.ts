// Answers the questions of a snapshot by adding up rows.

import type { Aggregate } from '../../model/aggregate.ts';
import { type CallColumns, type CallRead, NO_BIN } from '../../model/call-columns.ts';
import type { PriceTable } from '../../model/call-prices.ts';
import type { Column } from '../../model/columns.ts';
import { isSketch, type Measure } from '../../model/measure.ts';
import { ONE } from '../../model/money.ts';
import type { CellRead, Condition, Dimension, SegmentCell, Where } from '../../model/series.ts';
import type { Window } from '../../model/window.ts';
import { type CallFacts, factsFor } from './call-facts.ts';
import { type LinesAsked, openLines } from './lines.ts';
import { textIn } from './numbers.ts';
import { markRepeated } from './repeated-calls.ts';
import type { RowSource } from './row-source.ts';

const MINUTE = 60_000;
/** Whole minutes. */
const PIECE = 6 * 60 * MINUTE;

/** What prices depend on. */
export interface RowPricing {
  readonly prices: PriceTable | null;
  /** As in a Mapping. */
  readonly priced: readonly Column[];
}

/** Adds up calls by segment, dimensions and bins, for several questions at once. */
export type ReadLines = (asked: readonly LinesAsked[], rows: RowsAsked) => Promise<CallColumns[]>;

export async function cellsOf(linesOf: ReadLines, read: CellRead): Promise<SegmentCell[]> {
  const sketches = read.measures.filter(isSketch);
  const measures = read.measures.filter((measure) => !isSketch(measure));
  const together = { dimensions: read.groupBy, together: true };
  const asked: LinesAsked[] = [
    { ...together, measures, sketches: [] },
    ...sketches.map((sketch) => ({ ...together, measures: ['calls' as const], sketches: [sketch] })),
  ];
  const [sums, ...counted] = await linesOf(asked, read);
  const cells = new Map<string, SegmentCell & { readonly cell: OpenCell }>();
  const cellAt = (columns: CallColumns, line: number): OpenCell => {
    const segment = columns.segments[line] as number;
    const key = [...columns.dimensions.values()].map(
      ({ values, places }) => values[places[line] as number] ?? null,
    );
    const name = JSON.stringify([segment, key]);
    const known = cells.get(name);
    if (known !== undefined) return known.cell;
    const cell: OpenCell = {
      sums: {},
      sketches: Object.fromEntries(sketches.map((sketch) => [sketch, new Map()])),
    };
    cells.set(name, { segment, key, cell });
    return cell;
  };
  for (let line = 0; line < (sums?.length ?? 0); line += 1) {
    const { sums: own } = cellAt(sums as CallColumns, line);
    for (const [measure, { units, parts }] of (sums as CallColumns).sums)
      own[measure] = BigInt(units[line] as number) * ONE + BigInt(parts?.[line] ?? 0);
  }
  for (const columns of counted) {
    for (const [sketch, bins] of columns.bins) {
      for (let line = 0; line < columns.length; line += 1) {
        const bin = bins[line] as number;
        const calls = columns.sums.get('calls')?.units[line] as number;
        const { sketches: own } = cellAt(columns, line);
        if (bin !== NO_BIN) own[sketch]?.set(bin, calls);
      }
    }
  }
  return [...cells.values()];
}

interface OpenCell {
  readonly sums: Partial<Record<Measure, bigint>>;
  readonly sketches: Partial<Record<Measure, Map<number, number>>>;
}

export function bucketsOf(
  linesOf: ReadLines,
  aggregates: readonly Aggregate[],
  span: { readonly edges: readonly number[]; readonly ranges: readonly Window[] },
): Promise<CallColumns[]> {
  const asked = aggregates.map(({ dimensions, measures, sketch }) => ({
    dimensions,
    measures,
    sketches: sketch === null ? [] : [sketch],
    together: true,
  }));
  return linesOf(asked, { ...span, where: {} });
}

export async function callsOf(
  linesOf: ReadLines,
  { edges, measures, ...read }: CallRead,
): Promise<CallColumns> {
  const ranges = [{ from: edges[0] ?? 0, to: edges.at(-1) ?? 0 }];
  const asked = { ...read, measures: [...new Set<Measure>(['calls', ...measures])] };
  const [columns] = await linesOf([asked], { edges, ranges, where: {} });
  return columns as CallColumns;
}

export interface RowsAsked {
  readonly edges: readonly number[];
  readonly ranges: readonly Window[];
  readonly where: Where;
}

/** Reads the rows of all ranges once, and adds each call to the lines of every question. */
export async function addUpRows(
  source: RowSource,
  asked: readonly LinesAsked[],
  { edges, ranges, where }: RowsAsked,
  { prices, priced }: RowPricing,
): Promise<CallColumns[]> {
  const measures = [...new Set(asked.flatMap((one) => [...one.measures, ...one.sketches]))];
  const named: Dimension[] = [...asked.flatMap(({ dimensions }) => dimensions), ...Object.keys(where)];
  const of = factsFor(measures, [...new Set(named)], priced, prices);
  const lines = asked.map(openLines);
  const isWanted = conditionsOf(where);
  const add = (call: CallFacts): void => {
    if (!isWanted(call)) return;
    const segment = segmentOf(call.at, edges);
    for (const one of lines) one.add(segment, call);
  };
  let kept: CallFacts[] = [];
  const addKept = (): void => {
    markRepeated(kept);
    for (const call of kept) add(call);
    kept = [];
  };
  const asIs = edges.length < 2 ? [] : ranges;
  let end = Number.NEGATIVE_INFINITY;
  for (const range of of.hasRepeats ? asIs.flatMap(inPieces) : asIs) {
    if (Math.floor(range.from / MINUTE) > Math.floor((end - 1) / MINUTE)) addKept();
    end = range.to;
    for await (const batch of source.rows(of.names, range)) {
      for (const row of batch) {
        if (of.hasRepeats) kept.push(of.facts(row));
        else add(of.facts(row));
      }
    }
  }
  addKept();
  return lines.map((one) => one.columns());
}

/** Calls repeat others of their minute, so only a piece of the time is kept in memory. */
function inPieces({ from, to }: Window): Window[] {
  const pieces: Window[] = [];
  for (let start = from; start < to; ) {
    const end = Math.min(to, (Math.floor(start / PIECE) + 1) * PIECE);
    pieces.push({ from: start, to: end });
    start = end;
  }
  return pieces;
}

function conditionsOf(where: Where): (call: CallFacts) => boolean {
  const all = Object.entries(where).map(([name, condition]) => {
    const [values, isListed] = listOf(condition);
    return (call: CallFacts): boolean => values.has(textIn(call.value(name))) === isListed;
  });
  return (call) => all.every((holds) => holds(call));
}

function listOf(condition: Condition): [ReadonlySet<string | null>, boolean] {
  return 'in' in condition ? [new Set(condition.in), true] : [new Set(condition.notIn), false];
}

/** The last edge at or before an instant. */
export function segmentOf(at: number, edges: readonly number[]): number {
  let [low, high] = [0, edges.length];
  while (low + 1 < high) {
    const middle = (low + high) >> 1;
    if ((edges[middle] as number) <= at) low = middle;
    else high = middle;
  }
  return low;
}
