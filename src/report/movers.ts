// The values of a dimension whose spend changed most, and why.

import { AppError } from '../model/errors.ts';
import { sizeOf } from '../model/money.ts';
import type { Mover, ReportConfig } from '../model/report.ts';
import type { Dimension, Series } from '../model/series.ts';
import type { Window } from '../model/window.ts';
import { askInParts } from '../pipeline/ask-in-parts.ts';
import { splitQuery, splitsIn } from '../pipeline/spend-split.ts';
import type { Asking } from './sums.ts';
import { compareKeys, sumsByKey } from './tables.ts';

const MOST = 5;

/** The largest changes first, from the spend by the dimension; an error where they could not be explained. */
export async function moversOf(
  { where }: Pick<ReportConfig, 'where'>,
  { dimension, series }: { readonly dimension: Dimension; readonly series: Series },
  [own, earlier]: readonly [now: Window, before: Window],
  available: ReadonlySet<Dimension>,
  { source, before }: Asking,
): Promise<readonly Mover[] | AppError> {
  const keys = sumsByKey(series)
    .map(({ key, now, before: then }) => ({ key, size: sizeOf(now.spend - then.spend) }))
    .filter(({ size }) => size > 0n)
    .sort((a, b) => (a.size === b.size ? compareKeys(a.key, b.key) : a.size > b.size ? -1 : 1))
    .slice(0, MOST)
    .map(({ key }) => key);
  if (keys.length === 0) return [];
  const change = { against: 'previous', earlier, own } as const;
  const narrowed = { ...where, [dimension]: { in: keys } };
  const query = splitQuery({ groupBy: [dimension] }, narrowed, [change], available);
  const [answer] = (await askInParts(source, [query], before)) as [Series | AppError];
  if (answer instanceof AppError) return answer;
  const splitOf = splitsIn(answer, query, 1);
  return keys.map((key) => ({ dimension, key, split: splitOf([key], change) }));
}
