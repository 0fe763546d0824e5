// What is hard to show: long and foreign names, very many groups, very small and very large amounts, credits.

import { inCurrency } from '../../../src/model/metric.ts';
import type { Rule } from '../../../src/model/rule.ts';
import { caller, DAY, HOUR, MINUTE, steadily } from './company.ts';
import { at, HOURLY_BURN, loop } from './incident.ts';
import type { Flow } from './memory-store.ts';
import { pollsOf, rule, type Told } from './polls.ts';

const AT = at('19T23:05');

const inYen = (one: Rule): Rule => ({ ...one, metric: inCurrency(one.metric, 'JPY') });

async function oneOf(flows: readonly Flow[], rules = [HOURLY_BURN]): Promise<Told> {
  return [...(await pollsOf({ flows, rules, at: [AT] })).values()][0] as Told;
}

/** Calls a minute at a price of their own: a little for a week, and then much. */
function jump(
  [service, user, model]: readonly [string, string, string],
  cost: string,
  [little, much]: readonly [number, number],
): Flow[] {
  const who = caller(service, user, model, { cost });
  return [steadily(who, little, AT - 8 * DAY, AT - 46 * MINUTE), steadily(who, much, AT - 46 * MINUTE, AT)];
}

const LONG = [
  'recommendations-batch-embedding-pipeline-production-eu-central-1-blue-deployment-number-0042-canary',
  'arn:aws:iam::123456789012:role/service-role/recommendations-batch-embedding-pipeline-production-executor',
  'accounts/fireworks/models/llama-v3p1-405b-instruct-long-context-quantised-fp8-2026-08-01-preview-eu',
] as const;

const FOREIGN = [
  ['שירות חיפוש', 'خدمة-الفهرسة', '通义千问-max'],
  ['שירות חיפוש', 'インデックス作成ジョブ', 'gpt-4.1'],
] as const;

/** Five thousand users, each over a limit of two dollars. */
const crowd = (): Flow[] =>
  Array.from({ length: 5_000 }, (_, i) => {
    const cost = (2 + ((i * 7919) % 5_000) / 1_000).toFixed(6);
    const who = caller('chat', `user-${String(i + 1).padStart(4, '0')}`, 'gpt-4.1', { cost });
    return { ...who, times: [AT - 30 * MINUTE], counts: [1] };
  });

const credit = (user: string, cost: string, calls: number): Flow =>
  steadily(caller('search', user, 'gpt-4.1', { cost }), calls / 60, AT - HOUR, AT);

export const EXTREMES = {
  'extreme-long-names': () => oneOf(jump(LONG, '0.0528', [2, 123])),
  'extreme-foreign-names': () =>
    oneOf(FOREIGN.flatMap((names, i) => jump(names, '0.0528', [2, 100 - 60 * i]))),
  'extreme-many-groups': () =>
    oneOf(crowd(), [rule('threshold', { name: 'user-hour', group_by: ['user'], threshold: 2 })]),
  'extreme-tiny': () =>
    oneOf(jump(['embed', 'svc-embed', 'tiny-1'], '0.000000004283', [1, 20]), [
      rule('threshold', { name: 'any-spend', threshold: 0.000001 }),
    ]),
  'extreme-huge': () =>
    oneOf(jump(['training', 'svc-train', 'gpt-4.1'], '1252.35', [1, 208]), [
      rule('threshold', { name: 'hourly-burn', threshold: 5_000_000, severity: 'critical' }),
    ]),
  // A currency without decimals.
  'extreme-yen': () =>
    oneOf(jump(['search', 'svc-search', 'gpt-4.1'], '7.92', [1, 123]), [
      inYen(rule('threshold', { name: 'hourly-burn', thresholds: { warning: 7_500, critical: 15_000 } })),
    ]),
  'extreme-credits': () =>
    oneOf([
      ...loop(123, AT - 46 * MINUTE, AT),
      credit('refund-job', '-3.5', 60),
      credit('svc-corrections', '-0.02', 300),
      ...['anna', 'ben', 'chen', 'dana', 'elif'].map((name, i) =>
        credit(`${name}@example.com`, '0.0236', 60 + i),
      ),
    ]),
} as const satisfies Readonly<Record<string, () => Promise<Told>>>;
