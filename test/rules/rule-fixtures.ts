import type { Judgement } from '../../src/model/finding.ts';
import type { Measure } from '../../src/model/measure.ts';
import { type Fixed, fixedFromNumber } from '../../src/model/money.ts';
import type { Observation } from '../../src/model/observation.ts';
import { type Cell, type GroupKey, type Series, seriesOfCells } from '../../src/model/series.ts';
import type { AnomalyObservation, AnomalyRule } from '../../src/rules/anomaly-rule.ts';
import { ruleTypes } from '../../src/rules/index.ts';
import type { RuleType } from '../../src/rules/rule-type.ts';

const DEFAULTS = { severity: 'warning', notify: ['oncall'] } as const;

type TypeName = keyof typeof ruleTypes;
/** With a window, as here, an anomaly rule compares with the mean of earlier days. */
type RuleOf<T extends TypeName> = T extends 'anomaly'
  ? AnomalyRule
  : (typeof ruleTypes)[T] extends RuleType<infer R, infer _>
    ? R
    : never;

export const dailyAnomaly = ruleTypes.anomaly as unknown as RuleType<AnomalyRule, AnomalyObservation>;

/** A rule as alerts.yaml would give it, by its own schema. */
export function ruleOf<T extends TypeName>(type: T, keys: Record<string, unknown>): RuleOf<T> {
  const given = { type, name: 'r', metric: 'spend', window: '1h', ...keys };
  const { schema }: RuleType = ruleTypes[type];
  return schema.parse(given)(DEFAULTS) as RuleOf<T>;
}

/** What the schema of a type finds wrong: path, message and hint of each fault. */
export function faultsOf(type: TypeName, keys: Record<string, unknown>) {
  const result = ruleTypes[type].schema.safeParse({
    type,
    name: 'r',
    metric: 'spend',
    window: '1h',
    ...keys,
  });
  return (result.error?.issues ?? []).map((issue) => {
    const hint = issue.code === 'custom' ? String(issue.params?.hint) : '';
    return { path: issue.path.join('.'), message: issue.message, hint };
  });
}

/** A cell with so much cost (or other sums) in so many calls; null stays null. */
export function cellOf(
  cost: number | null,
  calls = 100,
  more: Partial<Record<Measure, number>> = {},
): Cell | null {
  if (cost === null) return null;
  const sums = Object.entries({ cost, calls, ...more }).map(([name, sum]): [string, Fixed] => [
    name,
    fixedFromNumber(sum),
  ]);
  return { sums: Object.fromEntries(sums), sketches: {} };
}

/** A series of groups with a cell a window. */
export function seriesOf(...groups: readonly (readonly [GroupKey, ...(Cell | null)[]])[]): Series {
  return seriesOfCells(groups.map(([key, ...cells]) => ({ key, cells })));
}

/** A judgement with its observations made and listed, to be compared. */
export function plainly<O extends Observation>(judgement: Judgement<O>) {
  return { ...judgement, observed: [...judgement.observed] };
}
