// `validate --connect`: warns of calls without a price.

import { dimensionsOf } from '../app.ts';
import type { Config } from '../config/config.ts';
import { localSpan } from '../model/display-time.ts';
import { AppError } from '../model/errors.ts';
import { unpricedMeasure } from '../model/metric.ts';
import { priceCure, unpricedCallsText } from '../model/unpriced-text.ts';
import { collectDirectly } from '../pipeline/collect.ts';
import { unpricedCallsIn, unpricedCallsQuery } from '../pipeline/unpriced.ts';
import type { AuditStore, StoreProblem } from '../stores/audit-store.ts';

const DAY_MS = 86_400_000;

/** Warns if calls of the last day with calls have no price, and a rule depends on cost. */
export async function unpricedProblems(
  config: Config,
  store: AuditStore,
  now: number,
): Promise<readonly StoreProblem[]> {
  if (!config.rules.some(({ metric, errors }) => unpricedMeasure(metric, errors) !== null)) return [];
  const { newestRow } = await store.read([], now);
  if (newestRow === null) return [];
  const dimensions = dimensionsOf(config);
  const window = { from: newestRow + 1 - DAY_MS, to: newestRow + 1 };
  const { series } = await collectDirectly(store, [unpricedCallsQuery(dimensions, [window], store)], now);
  const [answer] = series;
  if (answer === undefined || answer instanceof AppError) return [];
  const unpriced = unpricedCallsIn(answer, dimensions, store);
  if (unpriced.calls === 0) return [];
  const span = localSpan(window.from, window.to, config.timezone);
  const message = `${unpricedCallsText(unpriced)}: what they cost is not known and counts as 0 (${span})`;
  return [{ level: 'warning', message, hint: priceCure(unpriced) }];
}
