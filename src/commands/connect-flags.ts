// `validate --connect`: warns where `where` asks for true or false and the table has 1 and 0.

import type { Config } from '../config/config.ts';
import { displayText } from '../model/display-text.ts';
import type { Condition, Where } from '../model/series.ts';
import { collectDirectly } from '../pipeline/collect.ts';
import type { AuditStore, StoreProblem } from '../stores/audit-store.ts';

const HOUR_MS = 3_600_000;

/**
 * A warning for each dimension whose values in the newest hour are all 1 and 0, with the rules and reports that ask for true or
 * false there: engines without booleans store them so, and nothing matches.
 */
export async function flagProblems(
  { rules, reports }: Pick<Config, 'rules' | 'reports'>,
  store: AuditStore,
  now: number,
): Promise<readonly StoreProblem[]> {
  const asking = [
    ...rules.map(({ name, where }) => ({ who: `rule ${displayText(name)}`, where })),
    ...reports.map(({ name, where }) => ({ who: `report ${displayText(name)}`, where })),
  ].flatMap(({ who, where }) => wordsOf(where).map((dimension) => ({ who, dimension })));
  if (asking.length === 0) return [];
  const { newestRow } = await store.read([], now);
  if (newestRow === null) return [];
  const windows = [{ from: newestRow + 1 - HOUR_MS, to: newestRow + 1 }];
  const dimensions = [...new Set(asking.map(({ dimension }) => dimension))];
  const { series } = await collectDirectly(
    store,
    dimensions.map((dimension) => ({ measures: ['calls'], where: {}, groupBy: [dimension], windows })),
    now,
  );
  return dimensions.flatMap((dimension, i) => {
    const answer = series[i];
    // Why it cannot be read is told of the rule.
    if (answer === undefined || answer instanceof Error) return [];
    const values = answer.keys.flatMap(([value]) => value ?? []);
    if (values.length === 0 || !values.every((value) => value === '1' || value === '0')) return [];
    const who = asking.filter((one) => one.dimension === dimension).map((one) => one.who);
    return {
      level: 'warning' as const,
      message: `${[...new Set(who)].join(', ')}: \`where\` asks for true or false in ${displayText(dimension)}, whose values are 1 and 0: no call has them.`,
      hint: 'Write 1 for true and 0 for false.',
    };
  });
}

/** The dimensions of which a filter names true or false. */
function wordsOf(where: Where): string[] {
  return Object.entries(where).flatMap(([dimension, condition]) =>
    listOf(condition).some((value) => value === 'true' || value === 'false') ? [dimension] : [],
  );
}

function listOf(condition: Condition): readonly (string | null)[] {
  return 'in' in condition ? condition.in : condition.notIn;
}
