// What routes would have saved: the calls of a model, each at the price of another one.

import { type PriceTable, priceTable } from '../model/call-prices.ts';
import { listCost } from '../model/list-cost.ts';
import { type Fixed, fixedFromInteger } from '../model/money.ts';
import { modelNamed } from '../model/price-names.ts';
import type { ReportConfig, Route, RouteSaving } from '../model/report.ts';
import type { Window } from '../model/window.ts';
import { type Call, readCalls } from './calls.ts';
import type { ReportParts } from './parts.ts';

/** In the order of the file. Throws the store's AppError. */
export async function savingsOf(
  parts: Pick<ReportParts, 'store' | 'prices' | 'columns'>,
  { routing, where }: Pick<ReportConfig, 'routing' | 'where'>,
  window: Window,
): Promise<RouteSaving[]> {
  if (routing.length === 0 || parts.prices === null) return [];
  const table = priceTable(parts.prices);
  const sums = routing.map((route) => openSum(route, table));
  await readCalls(parts, { where, window, cuts: cutsOf(table) }, (call) => {
    for (const sum of sums) sum.add(call);
  });
  return sums.map((sum) => sum.saving());
}

/** The instants at which a price changes, ascending. */
function cutsOf({ models }: PriceTable): number[] {
  const from = [...models.values()].flatMap((ranges) => ranges.flatMap((range) => range.from ?? []));
  return [...new Set(from)].sort((a, b) => a - b);
}

/** A call whose own cost is not known would make the saving too small, so it is left out. */
function openSum(
  route: Route,
  table: PriceTable,
): { readonly add: (call: Call) => void; readonly saving: () => RouteSaving } {
  const below = route.belowTokens === null ? null : fixedFromInteger(route.belowTokens);
  let calls = 0;
  let recorded: Fixed = 0n;
  let rerouted: Fixed | null = modelNamed(route.to, table.names) === null ? null : 0n;
  return {
    add({ model, cost, priced }) {
      if (model !== route.from) return;
      const own = cost();
      if (own === null) return;
      const call = priced();
      if (below !== null && call.input + call.output >= below) return;
      calls += 1;
      recorded += own;
      if (rerouted === null) return;
      const price = listCost({ ...call, model: route.to }, table);
      rerouted = price === null ? null : rerouted + price;
    },
    saving: () => ({ route, calls, recorded, rerouted }),
  };
}
