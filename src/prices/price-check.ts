// Which models have no price in the list, or cost something else than it says.

import { type Fixed, ONE } from '../model/money.ts';
import { modelNamed, type PriceNames } from '../model/price-names.ts';
import type { Query, Series } from '../model/series.ts';
import type { Window } from '../model/window.ts';

/** A model that the list does not price as the table records it. */
export interface OddModel {
  /** Null for calls without a model. */
  readonly model: string | null;
  readonly problem: 'no_price' | 'differs';
  /** The key of the list that its calls are priced by; null for none. */
  readonly listedAs: string | null;
  readonly calls: number;
  /** Calls whose cost is not known. */
  readonly unpricedCalls: number;
  /** USD, of the calls that have both; without a price in the list, of all with a recorded cost. Null for none. */
  readonly recorded: Fixed | null;
  /** USD, of the calls that have both; null for none. */
  readonly listed: Fixed | null;
}

export interface PriceCheck {
  /** All models of the window. */
  readonly models: number;
  /** Those without a price first, each with most calls first. */
  readonly odd: readonly OddModel[];
}

/** Recorded costs are rounded: smaller differences are none. */
const TOLERANCE_PCT = 1n;

export function priceCheckQuery(window: Window): Query {
  const measures = ['calls', 'unpriced', 'cost', 'list_cost_recorded', 'list_cost_gap'] as const;
  return { measures, where: {}, groupBy: ['model'], windows: [window] };
}

/** Judges the answer to the query. */
export function priceCheckOf(series: Series, names: PriceNames): PriceCheck {
  const odd = series.keys.flatMap(([model = null], group): OddModel[] => {
    const sums = series.cell(group, 0)?.sums ?? {};
    const of = (sum: Fixed | undefined): number => Number((sum ?? 0n) / ONE);
    const calls = of(sums.calls);
    const unpricedCalls = of(sums.unpriced);
    const listedAs = model === null ? null : modelNamed(model, names);
    const listed = sums.list_cost_recorded ?? 0n;
    const gap = sums.list_cost_gap ?? 0n;
    const hasBoth = listed !== 0n || gap !== 0n;
    const base = {
      model,
      listedAs,
      calls,
      unpricedCalls,
      recorded: hasBoth
        ? listed + gap
        : listedAs === null && calls > unpricedCalls
          ? (sums.cost ?? 0n)
          : null,
      listed: hasBoth ? listed : null,
    };
    if (listedAs === null || unpricedCalls > 0) return [{ ...base, problem: 'no_price' }];
    return isDifferent(gap, listed) ? [{ ...base, problem: 'differs' }] : [];
  });
  const rank = ({ problem }: OddModel): number => (problem === 'no_price' ? 0 : 1);
  return {
    models: series.keys.length,
    odd: odd.sort(
      (a, b) => rank(a) - rank(b) || b.calls - a.calls || ((a.model ?? '') < (b.model ?? '') ? -1 : 1),
    ),
  };
}

function isDifferent(gap: Fixed, listed: Fixed): boolean {
  const size = gap < 0n ? -gap : gap;
  return size > 0n && size * 100n >= listed * TOLERANCE_PCT;
}

/** How much more was recorded than listed, in percent; null where the list says 0, or nothing has both. */
export function gapPercent({ recorded, listed }: Pick<OddModel, 'recorded' | 'listed'>): number | null {
  if (recorded === null || listed === null || listed <= 0n) return null;
  return Number(((recorded - listed) * 1000n) / listed) / 10;
}
