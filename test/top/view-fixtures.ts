import { fixedFromNumber } from '../../src/model/money.ts';
import type { Rule } from '../../src/model/rule.ts';
import { ruleTypes } from '../../src/rules/index.ts';
import type { Status } from '../../src/status/status.ts';
import { type Figures, MINUTES } from '../../src/top/figures.ts';
import { type RuleRow, ruleRows } from '../../src/top/rule-row.ts';
import type { ViewData } from '../../src/top/view-data.ts';
import { cellOf, ruleOf, seriesOf } from '../rules/rule-fixtures.ts';

export const MINUTE = 60_000;
export const AT = Date.parse('2026-11-20T02:05:00Z');

/** A rule by service with limits of 50 and 100 dollars an hour. */
export function burnRule(name: string, keys: Record<string, unknown> = {}): Rule {
  return ruleOf('threshold', {
    name,
    group_by: ['service'],
    thresholds: { warning: 50, critical: 100 },
    ...keys,
  });
}

/** What rules say of services that spent so many dollars. */
export function rowsOf(
  rules: readonly Rule[],
  spent: (rule: Rule) => Readonly<Record<string, number>>,
  silenced: (rule: Rule) => boolean = () => false,
): RuleRow[] {
  const judged = rules.map((rule) => {
    const groups = Object.entries(spent(rule)).map(
      ([service, dollars]) => [[service], cellOf(dollars)] as const,
    );
    const judgement = ruleTypes.threshold.judge(rule as never, { at: AT, zone: 'UTC' }, [
      seriesOf(...groups),
    ]);
    return { rule, evaluation: { at: AT, judgement, pending: [] }, error: null };
  });
  return ruleRows(
    {
      newestRow: AT,
      judged,
      unpriced: { of: () => null, any: () => false, error: null, all: null },
      beside: [],
    },
    (rule) => () => (silenced(rule) ? 'silenced' : null),
  );
}

/** An hour in which a loop began ten minutes before its end. */
export function figuresOf(more: Partial<Figures> = {}): Figures {
  const dollars = (amount: number) => fixedFromNumber(amount);
  const group = (name: string, now: number, hour: number) => ({
    name,
    now: dollars(now),
    hour: dollars(hour),
  });
  return {
    at: AT,
    newestRow: AT - 2_000,
    rules: rowsOf([burnRule('hourly-burn')], () => ({ search: 312.46, chat: 12 })),
    minutes: Array.from({ length: MINUTES }, (_, i) => dollars(i < 50 ? 0.2 : 20)),
    tops: [
      {
        dimension: 'service',
        groups: [group('search', 99, 312.46), group('chat', 1, 12)],
        more: 0,
      },
      { dimension: 'model', groups: [group('gpt-4.1', 100, 324)], more: 0 },
      {
        dimension: 'user',
        groups: Array.from({ length: 30 }, (_, i) => group(`user-${i}`, 30 - i, 60)),
        more: 1_204,
      },
    ],
    incidents: new Set(['inc-4f8a1c2b9d']),
    spent: new Map([['inc-4f8a1c2b9d', dollars(201.5)]]),
    unpriced: null,
    ...more,
  };
}

export function statusOf(more: Partial<Status> = {}): Status {
  const queue = { pending: 0, oldestAt: null, nextAt: null, failure: null, givenUp: 0 };
  return {
    at: AT,
    worker: 'leads',
    lastPoll: AT,
    behind: [],
    past: null,
    alerts: [],
    moreAlerts: 0,
    incidents: [
      {
        id: 'inc-4f8a1c2b9d',
        subject: { dimension: 'service', value: 'search' },
        severity: 'critical',
        openedAt: AT - 12 * MINUTE,
        alerts: 2,
        rules: ['hourly-burn', 'spend-anomaly'],
      },
    ],
    silences: [],
    channels: [
      { ...queue, channel: 'oncall', channelType: 'slack' },
      {
        ...queue,
        channel: 'billing',
        channelType: 'webhook',
        pending: 3,
        oldestAt: AT - 10 * MINUTE,
        failure: 'the receiver answered 503',
        givenUp: 1,
      },
    ],
    reports: [],
    health: [],
    ...more,
  };
}

export function viewOf(more: Partial<ViewData> = {}): ViewData {
  return {
    now: AT + 7_000,
    zone: 'UTC',
    name: 'production',
    spend: 'spend',
    state: { answer: statusOf(), trouble: null },
    audit: { answer: figuresOf(), trouble: null },
    ...more,
  };
}

/** Names as somebody would choose them to break the screen. */
export function hostile(): ViewData {
  const names = [
    'x\u001b[2J\u001b[H\u0007\r\nend',
    '\u202eevil\u202c \u05e9\u05dc\u05d5\u05dd 12',
    '\u6f22\u5b57'.repeat(40),
    'n'.repeat(6_000),
    `a${'\u0301'.repeat(500)}`,
    '\ud83d\udc69\u200d\ud83d\udcbb\ud83c\udde9\ud83c\uddea',
    '\u009b31m',
    '',
  ];
  const group = (name: string) => ({ name, now: 10n ** 12n, hour: 10n ** 13n });
  const base = statusOf();
  return viewOf({
    name: names[0] as string,
    state: {
      trouble: null,
      answer: {
        ...base,
        incidents: names.map((value, i) => ({
          ...(base.incidents[0] as (typeof base.incidents)[number]),
          id: `inc-${i}`,
          subject: { dimension: 'service', value },
          rules: names,
        })),
        channels: names.map((channel) => ({
          ...(base.channels[1] as (typeof base.channels)[number]),
          channel,
          failure: channel,
        })),
      },
    },
    audit: {
      trouble: names[0] as string,
      answer: figuresOf({
        rules: rowsOf(
          names.map((_, i) => burnRule(`rule-${i}`)),
          ({ name }) => ({ [names[Number(name.slice(5))] as string]: 300 }),
        ),
        tops: ['service', 'model', 'user'].map((dimension) => ({
          dimension,
          groups: names.map(group),
          more: 5,
        })),
        unpriced: { calls: 9, models: names.map((model) => ({ model, calls: 1 })), unreadable: null },
      }),
    },
  });
}
