// An audit store in memory: calls as counts a minute.

import type { Measure } from '../../../src/model/measure.ts';
import { type Fixed, fixedFromInteger, fixedFromNumber, parseFixed } from '../../../src/model/money.ts';
import type { CellRead, GroupKey, SegmentCell } from '../../../src/model/series.ts';
import type { AuditStore, ReadAnswers } from '../../../src/stores/audit-store.ts';

/** Calls that are alike: who makes them, what one of them costs, and how many there are when. */
export interface Flow {
  readonly of: Readonly<Record<'service' | 'model' | 'user' | 'endpoint', string | null>>;
  /** The cost of a call, as a decimal; null for calls without a price. */
  readonly cost: string | null;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly latencyMs: number;
  readonly fails: boolean;
  /** Ascending instants, ms, and how many calls there are at each. */
  readonly times: readonly number[];
  readonly counts: readonly number[];
}

export const DIMENSIONS = new Set(['service', 'model', 'user', 'endpoint']);
/** The newest row is a little older than a poll. */
const NEWEST_MS = 2_000;

/** Answers reads of sums as a table with a row for each call would. */
export function memoryStore(flows: readonly Flow[]): AuditStore {
  const kept = flows.map((flow) => ({ flow, totals: totalsOf(flow.counts) }));
  const read = async (reads: readonly CellRead[], before: number): Promise<ReadAnswers> => ({
    newestRow: before - NEWEST_MS,
    answers: reads.map((one) => answerOf(kept, one)),
  });
  // A poll that explains what it finds needs nothing else of a store.
  return { read, isFaulty: () => false } as unknown as AuditStore;
}

interface Kept {
  readonly flow: Flow;
  /** The i-th is the number of calls at the first i times. */
  readonly totals: readonly number[];
}

type Sums = Partial<Record<Measure, Fixed>>;

function answerOf(
  kept: readonly Kept[],
  { where, groupBy, measures, edges, ranges }: CellRead,
): SegmentCell[] {
  const groups = new Map<string, { readonly key: GroupKey; readonly members: Kept[] }>();
  for (const one of kept) {
    if (!fits(one.flow, where)) continue;
    const key = groupBy.map((dimension) => dimensionOf(one.flow, dimension));
    const name = JSON.stringify(key);
    const group = groups.get(name) ?? { key, members: [] };
    groups.set(name, group);
    group.members.push(one);
  }
  const segments = segmentsIn(edges, ranges);
  return [...groups.values()].flatMap(({ key, members }) =>
    segments.flatMap(({ segment, from, to }): SegmentCell[] => {
      const sums: Sums = {};
      let isEmpty = true;
      for (const { flow, totals } of members) {
        const calls = callsIn(flow, totals, to) - callsIn(flow, totals, from);
        if (calls === 0) continue;
        isEmpty = false;
        for (const measure of measures)
          sums[measure] = (sums[measure] ?? 0n) + sumOf(flow, measure, BigInt(calls));
      }
      return isEmpty ? [] : [{ segment, key, cell: { sums, sketches: {} } }];
    }),
  );
}

/** The segments that are to be read. */
function segmentsIn(edges: CellRead['edges'], ranges: CellRead['ranges']) {
  let next = 0;
  return edges.slice(0, -1).flatMap((from, segment) => {
    const to = edges[segment + 1] as number;
    while ((ranges[next]?.to ?? to) < to) next += 1;
    const range = ranges[next];
    return range !== undefined && range.from <= from ? [{ segment, from, to }] : [];
  });
}

function fits(flow: Flow, where: CellRead['where']): boolean {
  return Object.entries(where).every(([dimension, condition]) => {
    const value = dimensionOf(flow, dimension);
    return 'in' in condition ? condition.in.includes(value) : !condition.notIn.includes(value);
  });
}

function dimensionOf({ of }: Flow, dimension: string): string | null {
  return of[dimension as keyof Flow['of']];
}

function sumOf(flow: Flow, measure: Measure, calls: bigint): Fixed {
  const { cost, inputTokens, outputTokens, latencyMs, fails } = flow;
  const many = (amount: number): Fixed => fixedFromInteger(amount) * calls;
  const money = costOf(flow) * calls;
  switch (measure.split('@')[0]) {
    case 'calls':
    case 'latency_count':
      return many(1);
    case 'cost':
      return money;
    case 'cost_squares':
      return fixedFromNumber(Number(cost ?? '0') ** 2) * calls;
    case 'unpriced':
      return cost === null ? many(1) : 0n;
    case 'input_tokens':
      return many(inputTokens);
    case 'output_tokens':
      return many(outputTokens);
    case 'latency_sum':
      return many(latencyMs);
    case 'failed':
      return fails ? many(1) : 0n;
    case 'failed_cost':
      return fails ? money : 0n;
    case 'failed_unpriced':
      return fails && cost === null ? many(1) : 0n;
    default:
      throw new RangeError(`the samples have no ${measure}`);
  }
}

const costs = new Map<string, Fixed>();

/** The cost of a call, parsed once for each amount. */
function costOf({ cost }: Flow): Fixed {
  const known = costs.get(cost ?? '');
  if (known !== undefined) return known;
  const parsed = parseFixed(cost ?? '0') ?? 0n;
  costs.set(cost ?? '', parsed);
  return parsed;
}

function totalsOf(counts: readonly number[]): number[] {
  const totals = [0];
  for (const [i, count] of counts.entries()) totals.push((totals[i] as number) + count);
  return totals;
}

/** The calls before an instant. */
function callsIn({ times }: Flow, totals: readonly number[], before: number): number {
  let [low, high] = [0, times.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((times[middle] as number) < before) low = middle + 1;
    else high = middle;
  }
  return totals[low] as number;
}
