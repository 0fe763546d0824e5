// Asks for the calls, tokens and cost of each model in two windows, and splits the change in spend.

import { withoutUnit } from '../../model/metric.ts';
import type { Rule } from '../../model/rule.ts';
import type { Dimension, GroupKey, Query, Series } from '../../model/series.ts';
import { type ModelSums, type SumsByModel, splitSpend } from '../../model/spend-split.ts';
import { CALENDAR_WINDOWS, type Window } from '../../model/window.ts';
import { narrowedWhere } from '../../pipeline/questions.ts';
import type { GroupSplit } from './answer.ts';

/** The calendar windows whose earlier one is known: those that are no budget's own. */
const WITH_EARLIER: ReadonlySet<string> = new Set(CALENDAR_WINDOWS);

/** Whether a rule measures what can be split, in windows that have one before them. */
export function isSplit({ metric, quantity, window }: Rule): boolean {
  const hasEarlier =
    window.kind === 'rolling' || (WITH_EARLIER.has(window.word) && window.starts === undefined);
  return hasEarlier && withoutUnit(metric) === 'spend' && quantity === undefined;
}

/** Where the store records no model, all calls count as of one. */
export function splitQuery(
  rule: Rule,
  keys: readonly GroupKey[],
  windows: readonly Window[],
  available: ReadonlySet<Dimension>,
): Query {
  const models = available.has('model') && !rule.groupBy.includes('model') ? ['model'] : [];
  return {
    measures: ['calls', 'cost', 'input_tokens', 'output_tokens'],
    where: narrowedWhere(rule, keys),
    groupBy: [...rule.groupBy, ...models],
    windows,
  };
}

/** The split of a group's change from the first window to the second. */
export function splitIn(
  series: Series,
  { windows, groupBy }: Query,
  key: GroupKey,
  [old, now]: readonly [Window, Window],
): GroupSplit {
  const sumsIn = (window: Window): SumsByModel => {
    const place = windows.findIndex(({ from, to }) => from === window.from && to === window.to);
    const models = new Map<string | null, ModelSums>();
    for (const [group, whole] of series.keys.entries()) {
      const sums = series.cell(group, place)?.sums;
      if (sums === undefined || !key.every((value, i) => value === whole[i])) continue;
      models.set(groupBy.length > key.length ? (whole.at(-1) ?? null) : null, {
        calls: sums.calls ?? 0n,
        tokens: (sums.input_tokens ?? 0n) + (sums.output_tokens ?? 0n),
        cost: sums.cost ?? 0n,
      });
    }
    return models;
  };
  return { ...splitSpend(sumsIn(old), sumsIn(now)), window: old };
}
