import { describe, expect, it } from 'vitest';
import { historyEntry, isAbout } from '../../src/history/entry.ts';
import { type History, historyJson } from '../../src/history/json.ts';
import { historySchema } from '../../src/history/schema.ts';
import { historyTable, retryHint } from '../../src/history/table.ts';
import { displayWidth } from '../../src/model/display-text.ts';
import { NO_ALERTS } from '../../src/model/message.ts';
import { painter } from '../../src/model/painter.ts';
import type { PastDelivery } from '../../src/state/read-history.ts';

const AT = Date.UTC(2026, 10, 20, 2, 5, 1, 500);
const ID = 'msg_4f8a1c2b9d0e4f8a1c2b9d0e4f8a1c2b';

const alert = (id: string, group: Record<string, string>) => ({
  id,
  rule: 'hourly-burn',
  group,
  severity: 'critical' as const,
  summary: `${Object.values(group)} $312.46 in 1h`,
  since: AT,
  periodEnd: AT,
  resolvedAt: null,
});

function past(
  changes: Partial<PastDelivery> = {},
  message: Partial<PastDelivery['message']> = {},
): PastDelivery {
  return {
    id: ID,
    channel: 'billing',
    channelType: 'webhook',
    rule: 'hourly-burn',
    severity: 'critical',
    message: {
      type: 'alert.firing',
      severity: 'critical',
      rule: 'hourly-burn',
      timestamp: AT,
      title: '[CRITICAL] hourly-burn',
      note: null,
      lead: [],
      sections: [],
      footer: [],
      ...NO_ALERTS,
      alerts: [alert('a', { service: 'search' }), alert('b', { service: '(none)' })],
      json: '{"data":{"alerts":[{"id":"b","reason":"grown","value":1.00},{"id":"a","reason":"new"}],"more":3}}',
      ...message,
    },
    notices: null,
    incidents: ['inc-1'],
    isReport: false,
    outcome: 'delivered',
    attempts: 1,
    createdAt: AT,
    settledAt: AT + 1_000,
    nextAt: AT,
    reportedAt: null,
    failure: null,
    ...changes,
  };
}

/** What people were told: news of two rules. */
const notices = JSON.stringify({
  notices: [
    { rule: 'hourly-burn', reason: 'escalated', alert: alert('a', { service: 'search' }) },
    { rule: 'other', reason: 'resolved', alert: { ...alert('c', {}), rule: 'other' } },
  ],
  more: 1,
});

describe('a past delivery', () => {
  it('says of each alert why it was told: by the body of an event', () => {
    const { alerts, more } = historyEntry(past());
    expect(alerts.map(({ id, reason }) => [id, reason])).toEqual([
      ['a', 'new'],
      ['b', 'grown'],
    ]);
    expect(more).toBe(3);
  });

  it('or by the news that people were told, which may be of several rules', () => {
    const entry = historyEntry(past({ notices }));
    expect(entry.alerts.map(({ rule, reason }) => [rule, reason])).toEqual([
      ['hourly-burn', 'escalated'],
      ['other', 'resolved'],
    ]);
    expect(isAbout(entry, ['other'])).toBe(true);
    expect(isAbout(entry, ['another'])).toBe(false);
    expect(isAbout(historyEntry(past({ rule: null }, { alerts: [] })), [])).toBe(true);
  });

  it('of an earlier version, without a body or reasons, has none', () => {
    expect(historyEntry(past({}, { json: '' })).alerts[0]?.reason).toBeNull();
    expect(historyEntry(past({}, { json: '{"data":{"alerts":[{"id":"a"}]}}' })).alerts[0]?.reason).toBeNull();
  });
});

const lost = past({
  outcome: 'given_up',
  attempts: 3,
  failure: { reason: 'refused', text: 'HTTP 410: gone\nfor ever' },
});
const waiting = past({
  outcome: 'pending',
  attempts: 0,
  settledAt: null,
  nextAt: AT + 600_000,
  channel: 'a\u202ename-that-is-very-long-indeed',
  notices,
});
const ofHealth = past(
  { rule: null, channel: 'oncall' },
  { type: 'health.blind', title: 'cannot see', alerts: [], json: '' },
);
const history = (deliveries: PastDelivery[], isCut = false): History => ({
  since: AT - 86_400_000,
  until: AT,
  entries: deliveries.map(historyEntry),
  isCut,
});
const shown = { zone: 'Europe/Berlin', paint: painter(false), width: Number.POSITIVE_INFINITY };

describe('history', () => {
  it('as a table has a row for each, and below what has not arrived its id and why', () => {
    expect(historyTable(history([waiting, lost, ofHealth]), shown)).toBe(
      `since 2026-11-19 03:05 UTC+01:00, the newest first

time              severity  rule            group       reason               channel                                 outcome
2026-11-20 03:05  critical  hourly-burn +1  search +1   escalated, resolved  a[U+202E]name-that-is-very-long-indeed  pending
  ${ID} not tried yet, next 2026-11-20 03:15
2026-11-20 03:05  critical  hourly-burn     search +4   new, grown           billing                                 given up
  ${ID} tried 3 times: HTTP 410: gone␊for ever
2026-11-20 03:05  critical                  cannot see  blind                oncall                                  delivered`,
    );
  });

  it('fits 80 columns, with times and ids whole', () => {
    const lines = historyTable(history([waiting, lost, ofHealth], true), { ...shown, width: 80 }).split('\n');
    for (const line of lines) expect(displayWidth(line)).toBeLessThanOrEqual(80);
    expect(lines.filter((line) => line.includes('2026-11-20 03:05  critical'))).toHaveLength(3);
    expect(lines.filter((line) => line.includes(ID))).toHaveLength(2);
    expect(lines.at(-1)).toMatch(/the newest 3; --limit shows more/);
  });

  it('says how to send again what was given up, and that nothing was told', () => {
    expect(retryHint(history([lost, waiting]).entries)).toMatch(/^1 message given up; .* history retry ID$/);
    expect(retryHint(history([waiting]).entries)).toBeNull();
    expect(historyTable(history([]), shown)).toBe('nothing was told since 2026-11-19 03:05 UTC+01:00');
  });

  it('as JSON says what waits, what failed and what arrived, each in its own way', () => {
    const json = historyJson(history([waiting, lost, past({ failure: lost.failure })], true));
    expect(historySchema.parse(json)).toEqual(json);
    const { deliveries, more, since } = json;
    expect({ more, since }).toEqual({ more: true, since: '2026-11-19T02:05:01.500Z' });
    expect(deliveries[0]).toMatchObject({
      outcome: 'pending',
      next_at: '2026-11-20T02:15:01.500Z',
      settled_at: null,
    });
    expect(deliveries[1]).toMatchObject({
      outcome: 'given_up',
      next_at: null,
      failure: { reason: 'refused' },
    });
    expect(deliveries[2]).toEqual({
      id: ID,
      at: '2026-11-20T02:05:01.500Z',
      type: 'alert.firing',
      channel: 'billing',
      channel_type: 'webhook',
      rule: 'hourly-burn',
      severity: 'critical',
      title: '[CRITICAL] hourly-burn',
      incidents: ['inc-1'],
      alerts: [
        {
          id: 'a',
          rule: 'hourly-burn',
          group: { service: 'search' },
          severity: 'critical',
          reason: 'new',
          summary: 'search $312.46 in 1h',
        },
        {
          id: 'b',
          rule: 'hourly-burn',
          group: { service: '(none)' },
          severity: 'critical',
          reason: 'grown',
          summary: '(none) $312.46 in 1h',
        },
      ],
      more: 3,
      outcome: 'delivered',
      attempts: 1,
      settled_at: '2026-11-20T02:05:02.500Z',
      next_at: null,
      reported_at: null,
      failure: null,
    });
  });
});
