// Who a finding is about, as the subject of a sentence.

import { capital, displayName } from './display-text.ts';
import { displayCount } from './display-value.ts';
import { NONE } from './finding.ts';
import { kindAndName, kindText } from './group-label.ts';
import type { Rule } from './rule.ts';
import type { Condition, Dimension, GroupKey } from './series.ts';

const NAMED = 3;
const LONGEST_NAME = 60;

/** A rule's part in the subject: how it groups, and which calls it counts. */
export type Watching = Pick<Rule, 'groupBy' | 'where' | 'errors'>;

/**
 * A group as the subject of a sentence: `Service search on model gpt-4.1`. What the rule's filter fixes to one value belongs
 * to the name; other conditions follow in brackets, so that no part is taken for the whole.
 */
export function subjectText(rule: Watching, key: GroupKey): string {
  const names = [
    ...rule.groupBy.map((dimension, i): Named => ({ dimension, value: key[i] ?? null })),
    ...Object.entries(rule.where).flatMap(([dimension, condition]): Named[] => {
      const only = onlyValue(condition);
      return only === undefined || rule.groupBy.includes(dimension) ? [] : [{ dimension, value: only }];
    }),
  ];
  const filter = filterText(rule);
  return `${capital(nameText(names))}${filter === '' ? '' : ` (${filter})`}`;
}

/** The one value that a condition allows; undefined where there are more. */
export function onlyValue(condition: Condition | undefined): string | null | undefined {
  return condition !== undefined && 'in' in condition && condition.in.length === 1
    ? condition.in[0]
    : undefined;
}

interface Named {
  readonly dimension: Dimension;
  readonly value: string | null;
}

function nameText(names: readonly Named[]): string {
  const [first, ...more] = names;
  if (first === undefined) return 'all services together';
  if (more.length === 0 && first.value === null) return `calls with no ${kindText(first.dimension)}`;
  const rest = more.map(
    ({ dimension, value }) => `${dimension === 'model' ? ' on' : ','} ${kindAndName(dimension, value)}`,
  );
  return `${kindAndName(first.dimension, first.value)}${rest.join('')}`;
}

/** What else decides which calls count: `only team a or b; without user x; only failures 429, timeout`, or `only failures other than 429`. */
function filterText({ where, groupBy, errors }: Watching): string {
  const parts = Object.entries(where).flatMap(([dimension, condition]): string[] => {
    if (onlyValue(condition) !== undefined) return [];
    if ('notIn' in condition) return [`without ${valuesText(dimension, condition.notIn)}`];
    return groupBy.includes(dimension) ? [] : [`only ${valuesText(dimension, condition.in)}`];
  });
  if (errors !== null) {
    parts.push(
      'in' in errors
        ? `only failures ${errors.in.join(', ')}`
        : `only failures other than ${errors.notIn.join(', ')}`,
    );
  }
  return parts.join('; ');
}

function valuesText(dimension: Dimension, values: readonly (string | null)[]): string {
  if (values.length > NAMED) return `${displayCount(values.length)} values of ${kindText(dimension)}`;
  const names = values.map((value) => displayName(value ?? NONE, LONGEST_NAME));
  return `${kindText(dimension)} ${names.join(' or ')}`;
}
