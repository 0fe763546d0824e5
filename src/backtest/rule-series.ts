// Collects a rule's values in the columns of a chart.

import { ONE } from '../model/money.ts';
import type { Observed } from '../model/observed.ts';
import { describeQuantity, quantityOf } from '../model/quantity.ts';
import type { Rule } from '../model/rule.ts';
import type { GroupKey } from '../model/series.ts';
import type { Evaluation } from '../pipeline/evaluate.ts';
import { ruleTypeOf } from '../rules/index.ts';
import type { Band } from '../rules/rule-type.ts';
import { openTrackedGroups } from './tracked-groups.ts';

/** A value and, for rule types that have one, the band around it. */
export interface SeriesPoint {
  readonly at: number;
  readonly value: number;
  readonly band: Band | null;
}

/** The values of one group. */
export interface Line {
  readonly key: GroupKey;
  /** By column; null where the group had no value. */
  readonly points: readonly (SeriesPoint | null)[];
}

/** A rule's values for a chart. Each column stands for a run of instants, and shows the worst of them. */
export interface RuleSeries {
  /** The worst of all groups. */
  readonly worst: readonly (SeriesPoint | null)[];
  /** The worst groups, worst first. */
  readonly lines: readonly Line[];
}

/** Collects the evaluations of one rule, instant by instant. */
export interface SeriesLog {
  add(index: number, evaluation: Evaluation): void;
  read(): RuleSeries;
}

/** A chart has no more pixels than this. */
const COLUMNS = 900;
const LINES = 3;

/** A point with its badness. A column shows the worst of its points. */
type Ranked = SeriesPoint & { readonly badness: number };
type Columns = (Ranked | null)[];

/** Collects the series of a rule over a known number of instants. */
export function openSeries(rule: Rule, instants: number): SeriesLog {
  const columns = Math.min(COLUMNS, Math.max(1, instants));
  const times: number[] = [];
  const worst: Columns = new Array(columns).fill(null);
  const groups = openTrackedGroups<Ranked>(columns);
  return {
    add(index, { at, judgement: { observed } }) {
      const column = Math.min(columns - 1, Math.floor((index * columns) / instants));
      times[column] ??= at;
      eachPoint(rule, at, observed, (key, badness, pointOf) => {
        const group = groups.track(key, badness, column);
        if (group !== null) keepWorst(group.points, column, badness, pointOf);
        keepWorst(worst, column, badness, pointOf);
      });
    },
    read() {
      const isZeroWithoutRows =
        ruleTypeOf(rule).band === undefined && describeQuantity(quantityOf(rule)).additive;
      const filled = (points: Columns, since: number): readonly (SeriesPoint | null)[] =>
        points.map((point, column) =>
          point === null && isZeroWithoutRows && column >= since
            ? { at: times[column] ?? 0, value: 0, band: null }
            : point,
        );
      const lines = groups
        .worstFirst()
        .slice(0, LINES)
        .map(({ key, points, since }) => ({ key, points: filled(points, since) }));
      return { worst: filled(worst, 0), lines };
    },
  };
}

/**
 * Visits every observed value. Where badness follows the value, no observations are made: there may be thousands at each of
 * ten thousand instants.
 */
function eachPoint(
  rule: Rule,
  at: number,
  observed: Observed,
  visit: (key: GroupKey, badness: number, pointOf: () => SeriesPoint) => void,
): void {
  const type = ruleTypeOf(rule);
  const { numbers, worsens } = observed;
  if (worsens === null || type.band !== undefined) {
    for (const one of observed.worst()) {
      const pointOf = () => ({ at, value: one.value.number, band: type.band?.(rule, one) ?? null });
      visit(one.key, Number(one.badness) / Number(ONE), pointOf);
    }
    return;
  }
  const sign = worsens === 'down' ? -1 : 1;
  for (let place = 0; place < numbers.length; place += 1) {
    const value = numbers[place] as number;
    visit(observed.keyAt(place), sign * value, () => ({ at, value, band: null }));
  }
}

function keepWorst(points: Columns, column: number, badness: number, pointOf: () => SeriesPoint): void {
  const known = points[column] ?? null;
  if (known === null || badness > known.badness) points[column] = { ...pointOf(), badness };
}
