// A rule must not be quiet over costs that are there and are no numbers.

import { counted, displayCount } from '../model/display-value.ts';
import { AppError } from '../model/errors.ts';
import { unpricedMeasure } from '../model/metric.ts';
import { ONE } from '../model/money.ts';
import type { Rule } from '../model/rule.ts';
import type { Series } from '../model/series.ts';
import { COLUMN_CURE } from '../model/unpriced-text.ts';
import { windowOfRule } from '../model/window.ts';
import type { Source } from './collect.ts';
import type { Plan } from './evaluate.ts';

/** Whether values of a rule are sums of recorded costs. */
function sumsCosts({ metric, errors }: Rule): boolean {
  const measure = unpricedMeasure(metric, errors);
  return measure !== null && measure !== 'list_cost_unknown';
}

/** The plan, which also counts costs that are no numbers where the source takes them for unknown ones. */
export function countingUnreadable(plan: Plan, { costPlace }: Pick<Source, 'costPlace'>): Plan {
  if (costPlace === undefined || !sumsCosts(plan.rule)) return plan;
  const queries = plan.queries.map((query) => ({
    ...query,
    measures: [...query.measures, 'unreadable' as const],
  }));
  return { ...plan, queries };
}

/**
 * Why values of the latest of the rule's windows are lower than what was spent, by nobody knows how much: some costs are no numbers.
 * Null where all are.
 */
export function unreadableCosts(
  { rule, zone, instants, queries }: Plan,
  series: readonly Series[],
  { costPlace }: Pick<Source, 'costPlace'>,
): AppError | null {
  if (costPlace === undefined || !sumsCosts(rule)) return null;
  const { from, to } = windowOfRule(rule, instants.at(-1) ?? 0, zone);
  let found = { unreadable: 0n, calls: 0n };
  queries.forEach(({ windows }, place) => {
    const answer = series[place];
    windows.forEach((window, i) => {
      if (answer === undefined || window.from >= to || window.to <= from) return;
      const own = countsIn(answer, i);
      if (own.unreadable > found.unreadable) found = own;
    });
  });
  if (found.unreadable === 0n) return null;
  const [unreadable, calls] = [Number(found.unreadable / ONE), Number(found.calls / ONE)];
  const message = `${costPlace} is no number in ${displayCount(unreadable)} of ${counted(calls, 'call')}: what was spent is not known.`;
  return new AppError('cost_unreadable', message, { hint: HINT });
}

const HINT = `${COLUMN_CURE.charAt(0).toUpperCase()}${COLUMN_CURE.slice(1)}.`;

function countsIn(series: Series, window: number): { unreadable: bigint; calls: bigint } {
  const found = { unreadable: 0n, calls: 0n };
  for (let group = 0; group < series.keys.length; group += 1) {
    const { unreadable = 0n, calls = 0n } = series.cell(group, window)?.sums ?? {};
    found.unreadable += unreadable;
    found.calls += calls;
  }
  return found;
}
