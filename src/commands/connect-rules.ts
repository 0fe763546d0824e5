// `validate --connect`: whether each rule's own query can be answered.

import type { Config } from '../config/config.ts';
import { displayText } from '../model/display-text.ts';
import { type AppError, asAppError } from '../model/errors.ts';
import type { Rule } from '../model/rule.ts';
import type { Query } from '../model/series.ts';
import type { Window } from '../model/window.ts';
import { ask } from '../pipeline/ask.ts';
import { planOf } from '../pipeline/evaluate.ts';
import type { AuditStore, StoreProblem } from '../stores/audit-store.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** A rule with one of its queries, or why it has none. */
interface Asked {
  readonly rule: Rule;
  readonly query: Query | AppError;
}
type Failure = Pick<Asked, 'rule'> & { readonly error: AppError };

/**
 * A fault for each reason for which rules cannot be answered, with their names. Each is asked as a check asks it, but for one
 * hour, the newest: columns that can be read one by one may still fail together, or take too long. A statement answers several
 * rules; those that can be answered alone are not named, unless all of them can.
 */
export async function ruleProblems(
  { rules, timezone }: Pick<Config, 'rules' | 'timezone'>,
  store: AuditStore,
  now: number,
): Promise<readonly StoreProblem[]> {
  const { newestRow } = await store.read([], now);
  const to = Math.ceil(((newestRow ?? now) + 1) / MINUTE_MS) * MINUTE_MS;
  const asked = rules.flatMap((rule) => queriesOf(rule, timezone, { from: to - HOUR_MS, to }));
  const together = await failuresOf(asked, store, to);
  const alone: Failure[][] = [];
  for (const rule of new Set(together.map((failure) => failure.rule))) {
    const own = asked.filter((one) => one.rule === rule);
    alone.push(await failuresOf(own, store, to));
  }
  return faultsOf(alone.some(({ length }) => length > 0) ? alone.flat() : together);
}

async function failuresOf(asked: readonly Asked[], store: AuditStore, before: number): Promise<Failure[]> {
  const queries = asked.flatMap(({ query }) => (query instanceof Error ? [] : [query]));
  const answers = await ask(store, queries, before);
  return asked.flatMap(({ rule, query }) => {
    const answer = query instanceof Error ? query : answers.shift();
    return answer instanceof Error ? [{ rule, error: answer }] : [];
  });
}

/** One fault for all rules of which the same is said. */
function faultsOf(failures: readonly Failure[]): StoreProblem[] {
  return [...new Set(failures.map(({ error }) => error.message))].map((message) => {
    const same = failures.filter(({ error }) => error.message === message);
    const names = [...new Set(same.map(({ rule }) => displayText(rule.name)))];
    return {
      level: 'fault',
      message: `${names.length === 1 ? 'rule' : 'rules'} ${names.join(', ')}: ${message}`,
      hint: same[0]?.error.hint ?? '',
    };
  });
}

/** The queries of a rule over one span. */
function queriesOf(rule: Rule, zone: string, span: Window): Asked[] {
  try {
    const { queries } = planOf(rule, zone, [{ at: span.to, earlier: [] }]);
    return queries.map(({ measures, where, groupBy }) => ({
      rule,
      query: { measures, where, groupBy, windows: [span] },
    }));
  } catch (error) {
    return [{ rule, query: asAppError(error, 'rule_failed') }];
  }
}
