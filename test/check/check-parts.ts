import type { CheckParts } from '../../src/check/check.ts';
import { cronSchedule } from '../../src/model/cron-schedule.ts';
import type { Rule } from '../../src/model/rule.ts';
import { ruleOf } from '../rules/rule-fixtures.ts';
import type { CallStore } from '../support/call-store.ts';

export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;
/** The instant that the checks are made at. */
export const AT = Date.parse('2026-11-20T02:05:00Z');

/** The rule of the README. */
export function hourlyBurn(keys: Record<string, unknown> = {}): Rule {
  return ruleOf('threshold', {
    name: 'hourly-burn',
    group_by: ['service'],
    thresholds: { warning: 50, critical: 100 },
    ...keys,
  });
}

/** What a check of some rules over a store works with. */
export function checkOf(
  calls: CallStore,
  rules: readonly Rule[],
  more: Partial<CheckParts> = {},
): CheckParts {
  return {
    store: calls.store,
    source: null,
    dimensions: calls.dimensions,
    rules,
    silences: [],
    zone: 'UTC',
    schedule: cronSchedule('* * * * *', 'UTC'),
    ...more,
  };
}

/** The night of the README: a retry loop in one service, small change in the others. */
export async function logIncident(calls: CallStore): Promise<void> {
  const at = AT - 10 * MINUTE;
  await calls.log(
    { at: AT - 2_000, user: 'reindex-job', status: 504, cost: '300.100000' },
    { at, user: 'reindex-job', cost: '12.300000', model: 'gpt-4.1-mini' },
    { at, user: null, cost: '0.056789', model: 'claude-sonnet-4' },
    { at, service: 'chat', user: 'ann', cost: '40' },
    { at: AT - HOUR - 1, user: 'ann', cost: '7000' },
    { at: AT, user: 'ann', cost: '8000' },
  );
}
