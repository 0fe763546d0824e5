// Finds the rule and the groups that `explain` is asked about, and says so where there are none.

import type { Answer } from '../check/explain/answer.ts';
import { askableOf } from '../check/explain/asking.ts';
import type { ExplainParts, WantedGroups } from '../check/explain/parts.ts';
import type { Config } from '../config/config.ts';
import { suggestion } from '../config/nearest.ts';
import { displayText } from '../model/display-text.ts';
import { AppError } from '../model/errors.ts';
import { NONE } from '../model/finding.ts';
import type { Rule } from '../model/rule.ts';
import { ask } from '../pipeline/ask.ts';
import { dimensionValue } from './silence/match.ts';

const DAY = 86_400_000;
/** How far back a name counts as known. */
const KNOWN_DAYS = 7;
/** Names that a hint lists. */
const LISTED = 20;

/** Throws AppError `usage` where the file has no such rule. */
export function ruleNamed({ rules, path }: Config, name: string): Rule {
  const found = rules.find((rule) => rule.name === name);
  if (found !== undefined) return found;
  const names = rules.map((rule) => rule.name);
  throw new AppError('usage', `there is no rule ${name} in ${path}`, {
    hint: suggestion(name, names, 'its rules are'),
  });
}

/** The groups that are asked about, and the values that name them. */
export interface AskedGroups extends WantedGroups {
  readonly values: readonly AskedValue[];
}

interface AskedValue {
  /** The index of its dimension among the rule's groups. */
  readonly place: number;
  readonly value: string | null;
}

/** The groups that fit every `dimension=value`; null for all. Throws AppError `usage` for what the rule does not group by. */
export function askedGroups(rule: Rule, pairs: readonly string[]): AskedGroups | null {
  if (pairs.length === 0) return null;
  const values = pairs.map((pair) => askedValue(rule, pair));
  const byPlace = new Map(values.map(({ place, value }) => [place, value]));
  const key = rule.groupBy.map((_, place) => byPlace.get(place) ?? null);
  return {
    values,
    key: byPlace.size === key.length ? key : null,
    fits: (one) => values.every(({ place, value }) => (one[place] ?? null) === value),
  };
}

function askedValue(rule: Rule, pair: string): AskedValue {
  const [, name, value] = /^([^=]+)=(.*)$/s.exec(pair) ?? [];
  if (name === undefined || value === undefined) {
    throw new AppError('usage', `"${pair}" names no group`, {
      hint: 'write a dimension and its value: --group service=search',
    });
  }
  const place = rule.groupBy.indexOf(name);
  if (place >= 0) return { place, value: dimensionValue(name, value) };
  throw new AppError('usage', `the rule ${rule.name} does not group by ${name}`, {
    hint:
      rule.groupBy.length === 0
        ? 'it has no groups: leave --group out'
        : suggestion(name, rule.groupBy, 'it groups by'),
  });
}

/** Throws AppError `usage` where nothing is known of the groups that are asked about, and none had a call in the last days. */
export async function ensureKnown(
  parts: ExplainParts,
  { groups, error }: Answer,
  { values, fits }: AskedGroups,
  at: number,
): Promise<void> {
  const isKnown = groups.some(({ value, calls, told }) => value !== null || calls > 0 || told.length > 0);
  if (isKnown || error !== null) return;
  const { rule } = parts;
  const { where, groupBy } = rule;
  const windows = [{ from: at - KNOWN_DAYS * DAY, to: at }];
  const [answer] = await ask(askableOf(parts), [{ measures: ['calls'], where, groupBy, windows }], at);
  if (answer === undefined || answer instanceof Error || answer.keys.some(fits)) return;
  const unknown =
    values.find(({ place, value }) => !answer.keys.some((key) => key[place] === value)) ?? values[0];
  const { place, value } = unknown as AskedValue;
  const names = [...new Set(answer.keys.map((key) => key[place] ?? NONE))];
  const what = `${groupBy[place]} ${displayText(value ?? NONE)}`;
  throw new AppError('usage', `${rule.name} has seen no call of ${what} in the last ${KNOWN_DAYS} days`, {
    hint: suggestion(value ?? NONE, names.slice(0, LISTED), 'it has seen'),
  });
}
