// The life of an incident: a retry loop of one night, and what spendwatch tells of it.

import type { Rule } from '../../../src/model/rule.ts';
import { caller, steadily, usualCalls } from './company.ts';
import type { Flow } from './memory-store.ts';
import { pollsOf, rule, type Told } from './polls.ts';

export const at = (text: string): number => Date.parse(`2026-11-${text}:00Z`);

const BEGAN = at('19T22:19');
/** From then on the loop runs in parallel. */
const FASTER = at('19T23:10');
const STOPPED = at('20T02:10');
const AGAIN = at('20T04:01');
const END = at('20T04:20');

/** Calls a minute: 5,684 in 46 minutes, and 889,200 in three hours. */
const SLOW = 5_684 / 46;
const FAST = 4_940;

/** The calls of a loop in [from, to): five of six fail, and all cost. A document is too long, and is sent again and again. */
export function loop(callsAMinute: number, from: number, to: number, service = 'search'): Flow[] {
  const calls = (fails: boolean) =>
    caller(service, 'svc-indexer', 'gpt-4.1', {
      inputTokens: 24_000,
      outputTokens: 611,
      latencyMs: 21_000,
      fails,
    });
  return [
    steadily(calls(true), (callsAMinute * 5) / 6, from, to),
    steadily(calls(false), callsAMinute / 6, from, to),
  ];
}

export const CALLS: readonly Flow[] = [
  ...usualCalls(END),
  ...loop(SLOW, BEGAN, FASTER),
  ...loop(FAST, FASTER, STOPPED),
  ...loop(SLOW, AGAIN, END),
];

export const HOURLY_BURN = rule('threshold', {
  name: 'hourly-burn',
  thresholds: { warning: 50, critical: 100 },
  message: 'Stop the job that drives it, then tell the owner of the service.',
  owner: 'platform team',
  runbook: 'https://wiki.example.com/runbooks/spend',
  links: { Dashboard: 'https://grafana.example.com/d/spend?var-service={{ group.service }}' },
});

/** An anomaly rule of the last hour, or without a window, as `init` writes it, of the last hour and day. */
export function usualHours(window?: string): Rule {
  return rule('anomaly', { name: 'spend-anomaly', method: 'auto', window });
}

const RULES = [
  HOURLY_BURN,
  rule('threshold', { name: 'user-burn', group_by: ['user'], threshold: 40 }),
  rule('threshold', {
    name: 'call-storm',
    metric: 'calls',
    window: '10m',
    group_by: ['model'],
    threshold: 1_000,
  }),
  usualHours('1h'),
];

/** When there is news, and the name of its sample. */
const NEWS = {
  '19T22:30': 'incident-new',
  '19T22:40': 'incident-escalated',
  '19T23:20': 'incident-grown',
  '20T00:10': 'incident-ongoing',
  '20T02:30': 'alert-resolved',
  '20T03:20': 'incident-resolved',
  '20T04:10': 'incident-reopened',
} as const;

export type Chapter = (typeof NEWS)[keyof typeof NEWS];

/** What is told of that night. The first poll finds nothing. */
export async function incidentStory(): Promise<Record<Chapter, Told>> {
  const instants = Object.keys(NEWS).map(at);
  const told = await pollsOf({ flows: CALLS, rules: RULES, at: [at('19T22:20'), ...instants] });
  return Object.fromEntries(
    Object.entries(NEWS).map(([instant, name]) => [name, told.get(at(instant))]),
  ) as Record<Chapter, Told>;
}
