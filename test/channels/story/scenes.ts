// Single polls of the invented company: one sample each.

import type { Rule } from '../../../src/model/rule.ts';
import { silenced } from '../../support/silenced.ts';
import { caller, DAY, everyDay, HOUR, MINUTE, steadily, usualCalls } from './company.ts';
import { at, CALLS, HOURLY_BURN, loop, usualHours } from './incident.ts';
import type { Flow } from './memory-store.ts';
import { pollsOf, rule, ruleAsWritten, type Told, type Watched } from './polls.ts';

const NIGHT = at('19T23:05');
const NOON = at('19T11:10');

/** What the last of some polls tells. */
async function lastOf(watched: Watched): Promise<Told> {
  return [...(await pollsOf(watched)).values()].at(-1) as Told;
}

/** A worker that was started in the middle of the loop, with one rule. */
const alert = () => lastOf({ flows: CALLS, rules: [HOURLY_BURN], at: [NIGHT], schedule: '* * * * *' });

/** Calls that nobody has given a price. */
const UNPRICED: readonly Flow[] = [
  steadily(caller('search', 'svc-indexer', 'gpt-9', { cost: null }), 149 / 45, NIGHT - 6 * HOUR, NIGHT),
  steadily(caller('search', null, null, { cost: null }), 1 / 30, NIGHT - 6 * HOUR, NIGHT),
];

const anomaly = () => lastOf({ flows: CALLS, rules: [usualHours()], at: [NIGHT] });

/** Against the mean of the same window on earlier days, with calls of unknown cost. */
const anomalyByMean = () =>
  lastOf({
    flows: [...CALLS, ...UNPRICED],
    rules: [rule('anomaly', { name: 'spend-anomaly', window: '6h', baseline: '28d' })],
    at: [NIGHT],
  });

const today = () =>
  lastOf({
    flows: CALLS,
    rules: [rule('threshold', { name: 'daily-limit', window: 'today', group_by: [], threshold: 400 })],
    at: [NIGHT],
  });

const change = () =>
  lastOf({
    flows: CALLS,
    rules: [
      ruleAsWritten('change', {
        name: 'spend-on-last-week',
        metric: 'spend',
        window: '6h',
        against: 'week',
        group_by: ['service'],
        ratios: { warning: 2, critical: 4 },
      }),
    ],
    at: [NIGHT],
  });

const share = () =>
  lastOf({
    flows: CALLS,
    rules: [
      ruleAsWritten('share', {
        name: 'one-service-takes-most',
        metric: 'spend',
        window: '1h',
        group_by: ['service'],
        thresholds: { warning: '80%', critical: '90%' },
      }),
    ],
    at: [NIGHT],
  });

/** A service whose key has expired. */
const absence = () => {
  const summaries = caller('summaries', 'hugo@example.com', 'claude-sonnet-4');
  return lastOf({
    flows: [
      ...usualCalls(NOON).filter(({ of }) => of.service !== 'summaries'),
      everyDay(summaries, 40, NOON - 75 * MINUTE),
    ],
    rules: [ruleAsWritten('absence', { name: 'gone-silent', window: '1h', group_by: ['service'] })],
    at: [NOON],
  });
};

/** Somebody tries a dear model. */
const newValue = () =>
  lastOf({
    flows: [
      ...usualCalls(NOON),
      steadily(
        caller('code-review', 'elif@example.com', 'gpt-5-pro', { cost: '0.0955' }),
        3,
        NOON - 118 * MINUTE,
        NOON,
      ),
    ],
    rules: [ruleAsWritten('new_value', { name: 'new-models', dimension: 'model' })],
    at: [NOON],
  });

const BUDGET = {
  period: 'month',
  group_by: ['service'],
  amounts: { search: 7_500, 'code-review': 12_000 },
};

/** Days, so that there is a month before. */
const SINCE_OCTOBER = 50;

/** Four fifths of an amount. */
const budget = () =>
  lastOf({
    flows: usualCalls(NOON, SINCE_OCTOBER),
    rules: [ruleAsWritten('budget', { name: 'service-budgets', ...BUDGET })],
    at: [NOON],
  });

const budgetForecast = () =>
  lastOf({
    flows: usualCalls(NOON, SINCE_OCTOBER),
    rules: [
      ruleAsWritten('budget', {
        name: 'service-budgets',
        ...BUDGET,
        amount: 1e6,
        forecast: 'warning',
        steps: { critical: '100%' },
      }),
    ],
    at: [NOON],
  });

const lowUnpriced = () =>
  lastOf({
    flows: [
      steadily(caller('search', 'anna@example.com', 'gpt-4.1'), 1, NIGHT - 2 * DAY, NIGHT),
      steadily(caller('search', 'anna@example.com', 'gpt-9', { cost: null }), 50, NIGHT - 3 * HOUR, NIGHT),
    ],
    rules: [rule('threshold', { name: 'too-quiet', operator: '<', threshold: 5 })],
    at: [NIGHT],
  });

const TEAMS = Array.from({ length: 13 }, (_, i) => `team-${String(i + 1).padStart(2, '0')}`);
/** Thirteen teams over a limit, the first of them since the day before. */
const alertMany = () =>
  lastOf({
    flows: TEAMS.flatMap((team, i) => [
      steadily(
        caller('reports', team, 'claude-sonnet-4'),
        4.5 - i / 4,
        NOON - (i === 0 ? 40 : 6) * HOUR,
        NOON,
      ),
      steadily(caller('reports', team, 'gpt-4.1-mini'), 2, NOON - 8 * DAY, NOON),
      ...(i === 1 ? [steadily(caller('reports', team, 'gpt-9', { cost: null }), 3, NOON - HOUR, NOON)] : []),
    ]),
    rules: [
      rule('threshold', {
        name: 'team-hours',
        window: '6h',
        group_by: ['user'],
        thresholds: { warning: 22, critical: 45 },
        message: 'Ask the team what is new.',
      }),
    ],
    at: [NOON - DAY, NOON],
    schedule: '10 12 * * *',
    zone: 'Europe/Berlin',
  });

const SERVICES = ['search', 'support-chat', 'code-review', 'summaries', 'billing-bot'];

/** A provider is down for all, and every service tries again. */
const incidentMany = () =>
  lastOf({
    flows: [
      ...usualCalls(NIGHT),
      ...SERVICES.flatMap((service, i) => loop(80 - 8 * i, NIGHT - 25 * MINUTE, NIGHT, service)),
    ],
    rules: [HOURLY_BURN],
    at: [NIGHT - 30 * MINUTE, NIGHT],
    schedule: '5,35 * * * *',
    incident: '90be77',
  });

const more = (name: string, keys: Record<string, unknown>): Rule => rule('threshold', { name, ...keys });

/** Every rule of a careful file. */
const TWELVE: readonly Rule[] = [
  HOURLY_BURN,
  more('quick-burn', { window: '15m', threshold: 25 }),
  more('user-burn', { group_by: ['user'], threshold: 40 }),
  more('model-burn', { group_by: ['model'], threshold: 60 }),
  more('endpoint-burn', { group_by: ['endpoint'], threshold: 60 }),
  more('burn-in-all', { group_by: [], threshold: 80 }),
  more('call-storm', { metric: 'calls', window: '10m', group_by: ['model'], threshold: 1_000 }),
  more('token-storm', { metric: 'tokens', window: '10m', threshold: 5_000_000 }),
  more('failures', { metric: 'errors', threshold: 500 }),
  more('failure-rate', { metric: 'error_rate', threshold: 0.2, severity: 'critical' }),
  more('slow', { metric: 'latency_avg', threshold: 8_000, severity: 'info' }),
  usualHours('1h'),
];

const incidentRules = () => lastOf({ flows: CALLS, rules: TWELVE, at: [at('19T22:40')] });

/** Somebody is at it, and wants no more of it for two hours. */
const incidentSilenced = () => {
  const from = at('19T22:45');
  const by = { match: { service: 'search' }, reason: 'we are stopping it', createdBy: 'anna' };
  return lastOf({
    flows: CALLS,
    rules: [HOURLY_BURN],
    at: [at('19T22:30'), at('19T22:40'), at('19T22:50')],
    silences: [silenced(from, from + 2 * HOUR, by)],
  });
};

export const SCENES = {
  alert,
  'alert-many': alertMany,
  anomaly,
  'anomaly-by-mean': anomalyByMean,
  today,
  change,
  share,
  absence,
  'new-value': newValue,
  budget,
  'budget-forecast': budgetForecast,
  'low-unpriced': lowUnpriced,
  'incident-many': incidentMany,
  'incident-rules': incidentRules,
  'incident-silenced': incidentSilenced,
} as const satisfies Readonly<Record<string, () => Promise<Told>>>;
