// What is asked for the split of a change in spend, and the split from the answer (pure).

import type { Firing } from '../model/finding.ts';
import { withoutUnit } from '../model/metric.ts';
import { divideRounded, type Fixed } from '../model/money.ts';
import { type Rule, windowOf } from '../model/rule.ts';
import type { Dimension, GroupKey, Query, Series, Where } from '../model/series.ts';
import { type GroupSplit, type ModelSums, type SumsByModel, splitSpend } from '../model/spend-split.ts';
import { distinctWindows, isWritten, type Window } from '../model/window.ts';
import { type Against, windowBeforeOf } from '../model/window-before.ts';
import { ruleTypeOf } from '../rules/index.ts';
import { memberOf } from '../sums/series/member.ts';

const MICRO = 10n ** 6n;

/** A window of a rule, and the earlier one from which its change is split. */
export interface SplitWindows {
  readonly against: Against;
  readonly earlier: Window;
  readonly own: Window;
}

/**
 * From where to where the change of a rule's window is split; null for rules that do not measure spend, or whose windows have
 * none before them. `zone` is an IANA name.
 */
export function splitWindows(rule: Rule, own: Window, zone: string): SplitWindows | null {
  const { metric, quantity } = rule;
  const window = windowOf(rule, own);
  if (!isWritten(window) || withoutUnit(metric) !== 'spend' || quantity !== undefined) return null;
  const { against: ofType } = ruleTypeOf(rule);
  const against = ofType === undefined ? 'previous' : ofType(rule);
  if (against === null) return null;
  return { against, earlier: windowBeforeOf(window, own, against, zone), own };
}

/** The sums by model of both windows of each change. Where the store records no model, all calls count as of one. */
export function splitQuery(
  { groupBy }: Pick<Rule, 'groupBy'>,
  where: Where,
  changes: readonly SplitWindows[],
  available: ReadonlySet<Dimension>,
): Query {
  const models = available.has('model') && !groupBy.includes('model') ? ['model'] : [];
  return {
    measures: ['calls', 'cost', 'input_tokens', 'output_tokens', 'unpriced'],
    where,
    groupBy: [...groupBy, ...models],
    windows: distinctWindows(changes.flatMap(({ earlier, own }) => [earlier, own])),
  };
}

/** Splits changes of groups from the answer to `splitQuery`; `width` is the number of dimensions that the rule groups by. */
export function splitsIn(
  series: Series,
  { windows, groupBy }: Pick<Query, 'windows' | 'groupBy'>,
  width: number,
): (key: GroupKey, change: SplitWindows) => GroupSplit {
  const places = new Map(windows.map((window, place) => [nameOf(window), place]));
  const models = new Map<string, number[]>();
  for (const [group, key] of series.keys.entries()) {
    memberOf(models, JSON.stringify(key.slice(0, width)), (): number[] => []).push(group);
  }
  const sumsIn = (key: GroupKey, window: Window): { models: SumsByModel; unpriced: Fixed } => {
    const place = places.get(nameOf(window)) ?? -1;
    const found = new Map<string | null, ModelSums>();
    let unpriced = 0n;
    for (const group of models.get(JSON.stringify(key)) ?? []) {
      const sums = series.cell(group, place)?.sums;
      if (sums === undefined) continue;
      unpriced += sums.unpriced ?? 0n;
      found.set(groupBy.length > width ? (series.keys[group]?.[width] ?? null) : null, {
        calls: sums.calls ?? 0n,
        tokens: (sums.input_tokens ?? 0n) + (sums.output_tokens ?? 0n),
        cost: sums.cost ?? 0n,
      });
    }
    return { models: found, unpriced };
  };
  return (key, { against, earlier, own }) => {
    const [before, now] = [sumsIn(key, earlier), sumsIn(key, own)];
    return {
      ...splitSpend(before.models, now.models),
      callsBefore: [...before.models.values()].reduce((sum, { calls }) => sum + calls, 0n),
      isPartlyUnpriced: before.unpriced + now.unpriced > 0n,
      window: earlier,
      against,
    };
  };
}

/**
 * The splits of findings of a rule. Where rows changed since a finding was made, so that the split is one of another value, or
 * it cannot be made, the finding has none.
 */
export function splitsOf(
  rule: Rule,
  firing: readonly Firing[],
  zone: string,
  query: Query,
  answer: Series,
): Map<Firing, GroupSplit> {
  const splits = new Map<Firing, GroupSplit>();
  try {
    const split = splitsIn(answer, query, rule.groupBy.length);
    for (const one of firing) {
      const change = splitWindows(rule, one.window, zone);
      const found = change === null ? null : split(one.key, change);
      if (found !== null && isSameAmount(found.now, one.value.fixed)) splits.set(one, found);
    }
  } catch {
    // An alert is more than its split.
  }
  return splits;
}

/** Whether two amounts are the same to the micro-dollar, as JSON has them. */
function isSameAmount(a: Fixed, b: Fixed): boolean {
  return divideRounded(a, MICRO) === divideRounded(b, MICRO);
}

function nameOf({ from, to }: Window): string {
  return `${from}/${to}`;
}
