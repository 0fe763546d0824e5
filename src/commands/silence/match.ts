// Parses what a silence is to match: rule=NAME, incident=ID, service=NAME.

import { dimensionsOf } from '../../app.ts';
import type { Config } from '../../config/config.ts';
import { suggestion } from '../../config/nearest.ts';
import { AppError } from '../../model/errors.ts';
import type { Silence } from '../../model/rule.ts';
import { canSilence } from '../../model/silence.ts';

export type Match = Pick<Silence, 'rule' | 'incident' | 'match'>;

/** Throws AppError `usage` for what is no pair, and for names that the file does not have. */
export function parsedMatch(pairs: readonly string[], config: Config): Match {
  const found = new Map<string, string | null>();
  for (const pair of pairs) {
    const [, name, value] = /^([^=]+)=(.*)$/s.exec(pair) ?? [];
    if (name === undefined || value === undefined) {
      throw new AppError('usage', `"${pair}" says not what to silence`, {
        hint: 'write a name and its value: rule=hourly-burn, service=search, incident=ID',
      });
    }
    if (found.has(name)) {
      throw new AppError('usage', `${name} is given twice, and no alert has both values`, {
        hint: 'add one silence for each',
      });
    }
    found.set(name, dimensionValue(name, value));
  }
  const { rule = null, incident = null, ...match } = Object.fromEntries(found);
  checkNames({ rule, incident, match }, found, config);
  return { rule, incident, match };
}

/** Why a silence can match nothing by the rules of the file; null where it can. */
export function inVain(match: Match, { rules, path }: Config): string | null {
  if (rules.some((rule) => rule.enabled && canSilence(rule, match))) return null;
  const names = Object.keys(match.match).join(' and ');
  if (match.rule === null) {
    return `no enabled rule of ${path} groups by ${names}, or filters to that value alone: nothing is silenced`;
  }
  const rule = rules.find(({ name }) => name === match.rule);
  return rule?.enabled === true
    ? `the rule ${match.rule} does not group by ${names}, nor filter to that value alone: nothing is silenced`
    : `the rule ${match.rule} is not enabled: nothing is silenced`;
}

/** `null` is NULL, as in the file; in quotes it is the text. */
export function dimensionValue(name: string, value: string): string | null {
  if (value === 'null') return null;
  if (!/^".*"$/s.test(value)) return value;
  try {
    return JSON.parse(value) as string;
  } catch {
    throw new AppError('usage', `the value of ${name} is not a text in quotes: ${value}`, {
      hint: 'leave the quotes out, or write it as JSON',
    });
  }
}

function checkNames({ rule, match }: Match, found: ReadonlyMap<string, unknown>, config: Config): void {
  for (const name of ['rule', 'incident']) {
    if (found.get(name) === null || found.get(name) === '') {
      throw new AppError('usage', `${name} needs a value`, {
        hint: `write ${name}=…, as a message names it`,
      });
    }
  }
  const rules = config.rules.map(({ name }) => name);
  if (rule !== null && !rules.includes(rule)) {
    throw new AppError('usage', `there is no rule ${rule} in ${config.path}`, {
      hint: suggestion(rule, rules, 'its rules are'),
    });
  }
  const dimensions = [...dimensionsOf(config)];
  const unknown = Object.keys(match).find((name) => !dimensions.includes(name));
  if (unknown === undefined) return;
  throw new AppError('usage', `no dimension is named ${unknown}`, {
    hint: suggestion(unknown, ['rule', 'incident', ...dimensions], 'write one of'),
  });
}
