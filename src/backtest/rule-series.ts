// A rule's values in the columns of a chart.

import { describeMetric } from '../model/metric.ts';
import { toNumber } from '../model/money.ts';
import type { Observation } from '../model/observation.ts';
import type { AnomalyRule, Rule } from '../model/rule.ts';
import type { GroupKey } from '../model/series.ts';
import type { Evaluation } from '../pipeline/evaluate.ts';

/** A value and, for an anomaly, what is usual and where it fires. */
export interface SeriesPoint {
  readonly at: number;
  readonly value: number;
  readonly band: { readonly low: number | null; readonly mean: number; readonly high: number | null } | null;
}

export interface Line {
  readonly key: GroupKey;
  /** By column; null where the group had no value. */
  readonly points: readonly (SeriesPoint | null)[];
}

/** A rule's values for a chart: each column stands for a run of instants, by the worst of them. */
export interface RuleSeries {
  /** Of all groups together the worst. */
  readonly worst: readonly (SeriesPoint | null)[];
  /** The worst groups, the very worst first. */
  readonly lines: readonly Line[];
}

export interface SeriesLog {
  add(index: number, evaluation: Evaluation): void;
  read(): RuleSeries;
}

/** More columns than a chart has pixels show nothing more. */
const COLUMNS = 900;
const LINES = 3;
/** Groups that are followed; where there are more, those that were never bad are let go. */
const FOLLOWED = 200;

/** A point and how bad it is: the worst of a column is shown. */
type Ranked = SeriesPoint & { readonly badness: number };

interface Followed {
  readonly key: GroupKey;
  /** The first column in which it was followed: what it had before, if it was let go then, is not known. */
  readonly since: number;
  badness: number;
  readonly points: (Ranked | null)[];
}

/** Collects the series of a rule over so many instants. */
export function openSeries(rule: Rule, instants: number): SeriesLog {
  const columns = Math.min(COLUMNS, Math.max(1, instants));
  const times: number[] = [];
  const worst: (Ranked | null)[] = new Array(columns).fill(null);
  const groups = new Map<string, Followed>();
  /** Their names are asked for at every instant; what is made of a key is made once. */
  const byKey = new Map<GroupKey, Followed>();
  /** No group that was let go was worse. */
  let mildest = Number.NEGATIVE_INFINITY;

  const letGo = (): void => {
    const mildestFirst = [...groups].sort(([, a], [, b]) => a.badness - b.badness);
    for (const [name, { badness }] of mildestFirst.slice(0, FOLLOWED / 2)) {
      groups.delete(name);
      mildest = Math.max(mildest, badness);
    }
    byKey.clear();
  };

  const followed = (key: GroupKey, badness: number, column: number): Followed | null => {
    const seen = byKey.get(key);
    if (seen !== undefined) return seen;
    // A group that is this mild would be let go again.
    if (groups.size >= FOLLOWED / 2 && badness < mildest) return null;
    const name = JSON.stringify(key);
    let group = groups.get(name);
    if (group === undefined) {
      if (groups.size >= FOLLOWED) letGo();
      const since = mildest === Number.NEGATIVE_INFINITY ? 0 : column;
      group = { key, since, badness, points: new Array<Ranked | null>(columns).fill(null) };
      groups.set(name, group);
    }
    byKey.set(key, group);
    return group;
  };

  const note = (column: number, key: GroupKey, badness: number, pointOf: () => SeriesPoint): void => {
    const group = followed(key, badness, column);
    if (group !== null) group.badness = Math.max(group.badness, badness);
    for (const points of group === null ? [worst] : [group.points, worst]) {
      const known = points[column] ?? null;
      if (known === null || badness > known.badness) points[column] = { ...pointOf(), badness };
    }
  };

  return {
    add(index, { at, judgement: { observed } }) {
      const column = Math.min(columns - 1, Math.floor((index * columns) / instants));
      times[column] ??= at;
      if (rule.type === 'anomaly') {
        for (const one of observed.worst()) {
          note(column, one.key, Math.abs(one.zscore ?? 0), () => anomalyPoint(rule, at, one));
        }
        return;
      }
      const sign = rule.operator.startsWith('<') ? -1 : 1;
      const { numbers } = observed;
      for (let place = 0; place < numbers.length; place += 1) {
        const value = numbers[place] as number;
        note(column, observed.keyAt(place), sign * value, () => ({ at, value, band: null }));
      }
    },
    read() {
      const worstFirst = [...groups.values()].sort((a, b) => b.badness - a.badness);
      // A sum without rows is 0, and a ratio nothing.
      const isAdditive = rule.type === 'threshold' && describeMetric(rule.metric).additive;
      const whole = (points: readonly (Ranked | null)[], since: number): readonly (SeriesPoint | null)[] =>
        points.map((point, column) =>
          point === null && isAdditive && column >= since
            ? { at: times[column] ?? 0, value: 0, band: null }
            : point,
        );
      const lines = worstFirst
        .slice(0, LINES)
        .map(({ key, points, since }) => ({ key, points: whole(points, since) }));
      return { worst: whole(worst, 0), lines };
    },
  };
}

function anomalyPoint(rule: AnomalyRule, at: number, { value, baseline }: Observation): SeriesPoint {
  if (baseline === null) return { at, value: value.number, band: null };
  const { mean, stddev, floor } = baseline;
  // What the guards add to the score's own distance, as the judgement does.
  const reach = Math.max(
    rule.zscore * Math.max(stddev, floor),
    toNumber(rule.minChange),
    (Math.abs(mean) * rule.minChangePct) / 100,
  );
  const low = rule.direction === 'up' ? null : mean - reach;
  const high = rule.direction === 'down' ? null : mean + reach;
  return { at, value: value.number, band: { low, mean, high } };
}
