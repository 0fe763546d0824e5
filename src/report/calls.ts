// Reads single calls with their tokens and cost, by parts of time that fit into memory.

import type { CallColumns, DecimalColumn, TextColumn } from '../model/call-columns.ts';
import { AppError } from '../model/errors.ts';
import type { PricedCall } from '../model/list-cost.ts';
import type { Measure } from '../model/measure.ts';
import { type Fixed, ONE } from '../model/money.ts';
import type { Where } from '../model/series.ts';
import type { Window } from '../model/window.ts';
import { booleanIn } from '../stores/rows/numbers.ts';
import { holdsFor } from '../sums/series/filter.ts';
import type { ReportParts } from './parts.ts';

const HOUR = 3_600_000;
const FIRST_MS = 6 * HOUR;
const LONGEST_MS = 24 * HOUR;
const LEAST_MS = 60_000;
/** Calls per read; each takes some 100 bytes. */
const CALLS = 100_000;
/** Calls that are taken before other work gets its turn. */
const AT_ONCE = 20_000;

const TOKENS = {
  input: 'input_tokens',
  output: 'output_tokens',
  cached: 'cached_tokens',
  cacheWrite: 'cache_write_tokens',
  reasoning: 'reasoning_tokens',
} as const satisfies Readonly<Partial<Record<keyof PricedCall, Measure>>>;

/** A call. Its figures are made on demand, as most calls are of other models. */
export interface Call {
  readonly model: string | null;
  /** Null where it is not known. */
  cost(): Fixed | null;
  /** What its price depends on; NULL counts are 0. `at` is an instant at which the same prices hold. */
  priced(): PricedCall & { readonly input: Fixed; readonly output: Fixed };
}

/** What `readCalls` reads. */
interface CallsAsked {
  readonly where: Where;
  readonly window: Window;
  /** Instants at which prices change (ms), ascending. */
  readonly cuts: readonly number[];
}

/** Hands the calls of a window to `take`, in no order. Throws the store's AppError. */
export async function readCalls(
  { store, columns }: Pick<ReportParts, 'store' | 'columns'>,
  { where, window: { from, to }, cuts }: CallsAsked,
  take: (call: Call) => void,
): Promise<void> {
  const own = columns.has('batch') ? ['model', 'batch'] : ['model'];
  const asked = {
    dimensions: [...new Set([...own, ...Object.keys(where)])],
    measures: ['cost', 'unpriced', ...Object.values(TOKENS)] as const,
    sketches: [],
    together: false,
  };
  let length = FIRST_MS;
  for (let begin = from; begin < to; ) {
    const end = Math.min(begin + length, to);
    const edges = [begin, ...cuts.filter((cut) => cut > begin && cut < end), end];
    try {
      const read = await store.snapshot((one) => one.calls({ ...asked, edges }));
      await takeCalls(read, edges, where, take);
      const change = Math.min(4, Math.max(0.25, CALLS / Math.max(1, read.length)));
      length = Math.min(LONGEST_MS, Math.max(LEAST_MS, Math.floor(length * change)));
      begin = end;
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== 'store_timeout' || length === LEAST_MS) throw error;
      length = Math.max(LEAST_MS, Math.floor(length / 4));
    }
  }
}

async function takeCalls(
  calls: CallColumns,
  edges: readonly number[],
  where: Where,
  take: (call: Call) => void,
): Promise<void> {
  const texts = (name: string) => textsIn(calls.dimensions.get(name));
  const [model, batch] = [texts('model'), texts('batch')];
  const conditions = Object.entries(where).map(([name, condition]) => {
    const [holds, valueAt] = [holdsFor(condition), texts(name)];
    return (line: number) => holds(valueAt(line));
  });
  const sums = (measure: Measure) => decimalsIn(calls.sums.get(measure));
  const [cost, unpriced] = [sums('cost'), sums('unpriced')];
  const [input, output] = [sums(TOKENS.input), sums(TOKENS.output)];
  const [cached, cacheWrite, reasoning] = [
    sums(TOKENS.cached),
    sums(TOKENS.cacheWrite),
    sums(TOKENS.reasoning),
  ];
  for (let line = 0; line < calls.length; line += 1) {
    if (line % AT_ONCE === 0) await new Promise(setImmediate);
    if (!conditions.every((holds) => holds(line))) continue;
    take({
      model: model(line),
      cost: () => (unpriced(line) === 0n ? cost(line) : null),
      priced: () => ({
        model: model(line),
        at: edges[calls.segments[line] as number] as number,
        input: input(line),
        output: output(line),
        cached: cached(line),
        cacheWrite: cacheWrite(line),
        reasoning: reasoning(line),
        batch: booleanIn(batch(line)),
      }),
    });
  }
}

function textsIn(column: TextColumn | undefined): (line: number) => string | null {
  return (line) => column?.values[column.places[line] as number] ?? null;
}

function decimalsIn(column: DecimalColumn | undefined): (line: number) => Fixed {
  return (line) =>
    column === undefined
      ? 0n
      : BigInt(column.units[line] as number) * ONE + BigInt(column.parts?.[line] ?? 0);
}
