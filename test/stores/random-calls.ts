import fc from 'fast-check';
import { parseFixed } from '../../src/model/money.ts';
import type { CellRead, Condition, SegmentCell } from '../../src/model/series.ts';
import { SKETCH_GAMMA, ZERO_BUCKET } from '../../src/model/sketch.ts';
import { priceList } from '../support/price-list.ts';

/** A call as a test makes it; numbers are what a double column holds. */
export interface TestCall {
  readonly at: number;
  readonly cost: number | null;
  readonly service: string;
  readonly model: string;
  readonly user: string | null;
  readonly input: number | null;
  readonly output: number | null;
  readonly status: number | null;
  readonly error: string | null;
  readonly latency: number | null;
}

/** The first edge of the random reads. */
export const ORIGIN = Date.parse('2026-03-29T00:00:00Z');

/** Exact prices as in prices.yaml, with an exact name, overlapping patterns, and what LIKE and regular expressions take for more. */
export const PRICES = priceList({
  'gpt-4.1': { input: '2', output: '8' },
  'gpt-*': { input: '1.234567', output: '0' },
  'gpt-4*': { input: '0.1', output: '0.3' },
  'a_b%*': { input: '5', output: '7' },
});

const cost = fc.oneof(
  fc.constantFrom(
    null,
    null,
    0,
    0.1,
    1e-8,
    7.5e-8,
    0.000001,
    -2.5,
    1e9,
    1e9 + 1,
    -2e9,
    1e300,
    NaN,
    Infinity,
    -Infinity,
  ),
  fc.integer({ min: -5_000_000, max: 50_000_000 }).map((micros) => micros / 1e6),
);
const tokens = fc.oneof(fc.constantFrom(null, 0, -3, 10), fc.integer({ min: 0, max: 200_000 }));
const latency = fc.oneof(
  fc.constantFrom(null, 0, -1, NaN, Infinity, 1e-10, 0.001),
  fc
    .double({ min: 0.01, max: 600_000, noNaN: true, noDefaultInfinity: true })
    .map((ms) => Math.round(ms * 1000) / 1000),
);

export const callsArbitrary: fc.Arbitrary<TestCall[]> = fc.array(
  fc.record({
    at: fc
      .integer({ min: -2, max: 12 })
      .chain((tick) => fc.constantFrom(0, 1, -1, 500).map((ms) => ORIGIN + tick * 1000 + ms)),
    cost,
    service: fc.constantFrom('search', 'chat', '', `it's "quoted" $1 \\`),
    model: fc.constantFrom('gpt-4.1', 'gpt-4.1-mini', 'gpt-3', 'a_b%c', 'axb-c', 'gpt', 'claude'),
    user: fc.constantFrom(null, '', 'ann', 'bob', '(none)'),
    input: tokens,
    output: tokens,
    status: fc.constantFrom(null, null, 200, 399, 400, 404, 408, 429, 500, 503, 504, 199, 600),
    error: fc.constantFrom(
      null,
      '',
      'boom',
      'Request timed out',
      'context deadline exceeded',
      'TIME-OUT',
      'ERR_TIMED_OUT',
      'overtime',
    ),
    latency,
  }),
  { maxLength: 60 },
);

const conditionArbitrary = (values: readonly (string | null)[]): fc.Arbitrary<Condition> =>
  fc
    .tuple(fc.boolean(), fc.uniqueArray(fc.constantFrom(...values), { maxLength: 3 }))
    .map(([not, list]) => (not ? { notIn: list } : { in: list }));

const MEASURES: CellRead['measures'] = [
  'calls',
  'cost',
  'unpriced',
  'unpriced_tokens',
  'unreadable',
  'input_tokens',
  'output_tokens',
  'failed',
  'failed_cost',
  'failed@429,5xx',
  'failed@timeout',
  'failed@not:429,5xx',
  'failed_cost@not:timeout',
  'failed_cost@4xx,504,timeout',
  'failed_unpriced',
  'failed_unpriced@429,5xx',
  'latency_sum',
  'latency_count',
  'latency_sketch',
  'list_cost',
  'list_cost_recorded',
  'list_cost_gap',
  'list_cost_unknown',
  'repeated',
  'repeated_cost',
  'repeated_unpriced',
  'tokens_sketch',
  'cost_sketch',
];

/** Reads over some of the segments between random edges, with any groups, filter and measures. */
export const readArbitrary: fc.Arbitrary<CellRead> = fc
  .record({
    ticks: fc.uniqueArray(fc.integer({ min: 0, max: 10 }), { minLength: 2, maxLength: 8 }),
    keep: fc.array(fc.boolean(), { minLength: 10, maxLength: 10 }),
    groupBy: fc.subarray(['service', 'model', 'user']),
    service: fc.option(conditionArbitrary(['search', '', `it's "quoted" $1 \\`])),
    user: fc.option(conditionArbitrary([null, '', 'ann', '(none)'])),
    measures: fc.subarray([...MEASURES], { minLength: 1 }),
  })
  .map(({ ticks, keep, groupBy, service, user, measures }) => {
    const edges = ticks.sort((a, b) => a - b).map((tick) => ORIGIN + tick * 1000);
    const ranges: { from: number; to: number }[] = [];
    for (let i = 0; i + 1 < edges.length; i += 1) {
      if (keep[i] === true) ranges.push({ from: edges[i] as number, to: edges[i + 1] as number });
    }
    const where = { ...(service === null ? {} : { service }), ...(user === null ? {} : { user }) };
    return { measures, where, groupBy, edges, ranges };
  });

/** The same cells, summed in plain code from the rows themselves: nothing here is shared with the store. */
export function expectedCells(read: CellRead, calls: readonly TestCall[]): SegmentCell[] {
  const groups = new Map<string, { segment: number; key: (string | null)[]; calls: TestCall[] }>();
  const repeated = repeatedAmong(
    calls.filter(({ at }) => read.ranges.some(({ from, to }) => from <= at && at < to)),
  );
  for (const call of calls) {
    const segment = read.edges.findIndex(
      (edge, i) => edge <= call.at && call.at < (read.edges[i + 1] ?? edge),
    );
    if (!read.ranges.some(({ from, to }) => from <= call.at && call.at < to)) continue;
    if (!Object.entries(read.where).every(([name, condition]) => holds(call[name as 'user'], condition)))
      continue;
    const key = read.groupBy.map((name) => call[name as 'user']);
    const id = JSON.stringify([segment, key]);
    const group = groups.get(id) ?? { segment, key, calls: [] };
    group.calls.push(call);
    groups.set(id, group);
  }
  return [...groups.values()].map(({ segment, key, calls: own }) => ({
    segment,
    key,
    cell: cellOf(read, own, repeated),
  }));
}

function holds(value: string | null, condition: Condition): boolean {
  return 'in' in condition ? condition.in.includes(value) : !condition.notIn.includes(value);
}

/** Those after the first of the same minute, service, user, model and input: the earliest, then the dearest. */
function repeatedAmong(calls: readonly TestCall[]): ReadonlySet<TestCall> {
  const seen = new Set<string>();
  return new Set(
    [...calls]
      .sort((a, b) => a.at - b.at || dearness(b) - dearness(a))
      .filter(({ at, service, user, model, input }) => {
        const name = JSON.stringify([Math.floor(at / 60_000), service, user, model, input]);
        const isRepeated = (input ?? 0) > 0 && seen.has(name);
        seen.add(name);
        return isRepeated;
      }),
  );
}

function dearness(call: TestCall): number {
  return Number(costOf(call) ?? -(10n ** 30n));
}

function cellOf(
  read: CellRead,
  calls: readonly TestCall[],
  repeated: ReadonlySet<TestCall>,
): SegmentCell['cell'] {
  const sums: Record<string, bigint> = {};
  const sketches: Record<string, Map<number, number>> = {};
  for (const measure of read.measures) {
    const measured = SKETCHED[measure];
    if (measured !== undefined) {
      const counts = new Map<number, number>();
      for (const call of calls) {
        const value = measured(call);
        if (value === null) continue;
        const bucket = value < 1e-9 ? ZERO_BUCKET : Math.ceil(Math.log(value) / Math.log(SKETCH_GAMMA));
        counts.set(bucket, (counts.get(bucket) ?? 0) + 1);
      }
      sketches[measure] = counts;
    } else {
      sums[measure] = calls.reduce((sum, call) => sum + amountOf(measure, call, repeated.has(call)), 0n);
    }
  }
  return { sums, sketches };
}

const UNIT = 10n ** 12n;

const SKETCHED: Readonly<Record<string, (call: TestCall) => number | null>> = {
  latency_sketch: (call) => (hasLatency(call) ? call.latency : null),
  tokens_sketch: ({ input, output }) =>
    input === null && output === null ? null : (input ?? 0) + (output ?? 0),
  cost_sketch: (call) => {
    const known = costOf(call);
    return known === null ? null : Number(known) / 1e12;
  },
};

function amountOf(measure: string, call: TestCall, isRepeated: boolean): bigint {
  const [kind, only] = measure.split('@');
  switch (kind) {
    case 'calls':
      return UNIT;
    case 'list_cost':
      return listCostOf(call) ?? 0n;
    case 'list_cost_unknown':
      return listCostOf(call) === null ? UNIT : 0n;
    case 'list_cost_recorded':
      return recordedOf(call) === null ? 0n : (listCostOf(call) ?? 0n);
    case 'list_cost_gap': {
      const [recorded, listed] = [recordedOf(call), listCostOf(call)];
      return recorded === null || listed === null ? 0n : recorded - listed;
    }
    case 'repeated':
      return isRepeated ? UNIT : 0n;
    case 'repeated_cost':
      return isRepeated ? (costOf(call) ?? 0n) : 0n;
    case 'repeated_unpriced':
      return isRepeated && costOf(call) === null ? UNIT : 0n;
    case 'cost':
      return costOf(call) ?? 0n;
    case 'unpriced':
      return costOf(call) === null ? UNIT : 0n;
    case 'unpriced_tokens':
      return costOf(call) === null ? BigInt((call.input ?? 0) + (call.output ?? 0)) * UNIT : 0n;
    case 'unreadable':
      return 0n;
    case 'failed_unpriced':
      return hasFailed(call, only) && costOf(call) === null ? UNIT : 0n;
    case 'input_tokens':
      return BigInt(call.input ?? 0) * UNIT;
    case 'output_tokens':
      return BigInt(call.output ?? 0) * UNIT;
    case 'failed':
      return hasFailed(call, only) ? UNIT : 0n;
    case 'failed_cost':
      return hasFailed(call, only) ? (costOf(call) ?? 0n) : 0n;
    case 'latency_sum':
      return hasLatency(call) ? micros(call.latency) : 0n;
    case 'latency_count':
      return hasLatency(call) ? UNIT : 0n;
    default:
      throw new Error(`no expectation for ${measure}`);
  }
}

function hasLatency(call: TestCall): call is TestCall & { latency: number } {
  return call.latency !== null && Number.isFinite(call.latency);
}

/** To six places, half away from zero. */
function micros(ms: number): bigint {
  const fixed = exact(ms);
  const size = (fixed < 0n ? -fixed : fixed) + 500_000n;
  return (fixed < 0n ? -1n : 1n) * (size - (size % 1_000_000n));
}

function exact(value: number): bigint {
  return parseFixed(String(value)) as bigint;
}

function costOf(call: TestCall): bigint | null {
  if (call.cost !== null) {
    return Number.isFinite(call.cost) && Math.abs(call.cost) <= 1e9 ? exact(call.cost) : null;
  }
  if ((call.input ?? 0) <= 0 && (call.output ?? 0) <= 0) return 0n;
  return listCostOf(call);
}

function recordedOf(call: TestCall): bigint | null {
  return call.cost === null ? null : costOf(call);
}

function listCostOf(call: TestCall): bigint | null {
  const [input, output] = [Math.max(0, call.input ?? 0), Math.max(0, call.output ?? 0)];
  const price =
    { 'gpt-4.1': [2_000_000, 8_000_000], 'gpt-4.1-mini': [100_000, 300_000], 'gpt-3': [1_234_567, 0] }[
      call.model
    ] ?? (call.model === 'a_b%c' ? [5_000_000, 7_000_000] : null);
  // Prices as whole micro-dollars per million tokens are 10^-12 USD a token.
  return price === null
    ? null
    : BigInt(input) * BigInt(price[0] as number) + BigInt(output) * BigInt(price[1] as number);
}

function hasFailed(call: TestCall, only: string | undefined): boolean {
  const { status, error } = call;
  const failed = status === null ? error !== null && error !== '' : status < 200 || status > 399;
  if (!failed || only === undefined) return failed;
  const timedOut = ['Request timed out', 'context deadline exceeded', 'TIME-OUT', 'ERR_TIMED_OUT'].includes(
    error ?? '',
  );
  const isNot = only.startsWith('not:');
  const isOne = only
    .replace('not:', '')
    .split(',')
    .some((kind) => {
      if (kind === 'timeout') return status === 408 || status === 504 || timedOut;
      if (kind === '4xx') return status !== null && status >= 400 && status <= 499;
      if (kind === '5xx') return status !== null && status >= 500 && status <= 599;
      return status === Number(kind);
    });
  return isOne !== isNot;
}
