import { describe, expect, it } from 'vitest';
import { displayWidth } from '../../src/model/display-text.ts';
import { jsonText } from '../../src/model/json.ts';
import { NO_ALERTS } from '../../src/model/message.ts';
import { painter } from '../../src/model/painter.ts';
import type { FiringGroup } from '../../src/state/read-open.ts';
import type { StateNow } from '../../src/state/read-status.ts';
import { statusJson } from '../../src/status/json.ts';
import { statusSchema } from '../../src/status/schema.ts';
import { type FileNow, statusOf } from '../../src/status/status.ts';
import { statusTable } from '../../src/status/table.ts';
import { ruleOf } from '../rules/rule-fixtures.ts';
import { silenced } from '../support/silenced.ts';

const AT = Date.UTC(2026, 10, 20, 2, 5);
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

const file: FileNow = {
  id: 'this',
  rules: [
    {
      rule: ruleOf('threshold', { name: 'hourly-burn', group_by: ['service'], threshold: 100 }),
      fingerprint: 'f',
    },
    { rule: ruleOf('threshold', { name: 'total', metric: 'calls', threshold: 100 }), fingerprint: 'g' },
  ],
  silences: [
    silenced(AT - 2 * HOUR, AT - HOUR, { rule: 'over' }),
    silenced(AT + HOUR, AT + 2 * HOUR, { rule: 'total', reason: '' }),
    {
      ...silenced(0, 0, { match: { service: 'batch' } }),
      times: { every: '0 3 * * *', zone: 'UTC', lastsMs: HOUR },
    },
  ],
  reports: [
    { name: 'weekly', nextAt: AT + 8 * HOUR, fingerprint: 'report/this/weekly' },
    { name: 'yearly', nextAt: null, fingerprint: 'report/this/yearly' },
  ],
  channels: new Map([
    ['oncall', 'slack'],
    ['billing', 'webhook'],
  ]),
};

const firing = (parts: Partial<FiringGroup> = {}): FiringGroup => ({
  fingerprint: 'f',
  groupId: 'x',
  step: 3,
  since: AT - HOUR,
  quietSince: null,
  key: ['search'],
  notified: { at: AT - HOUR, value: '312.456789123456' },
  incident: 'inc-1',
  told: null,
  ...parts,
});

const state = (parts: Partial<StateNow> = {}): StateNow => ({
  firing: [],
  firingTotal: 0,
  incidents: [],
  silences: [],
  queues: [],
  reports: new Map(),
  health: [],
  evaluatedTo: new Map(),
  leaders: [],
  sums: null,
  ...parts,
});

const full = state({
  firing: [
    firing({ key: ['a\u202ename\nthat is much longer than any column may be'] }),
    firing({ fingerprint: 'g', step: 2, key: null, notified: null, incident: null, quietSince: AT - MINUTE }),
    firing({ step: 1, key: null, notified: null, incident: null }),
    firing({ step: 1, key: [null], incident: null }),
    firing({ fingerprint: 'of a rule that the file has no more' }),
  ],
  firingTotal: 7,
  incidents: [
    {
      id: 'inc-1',
      subject: '["service","search"]',
      step: 3,
      openedAt: AT - HOUR,
      alerts: 2,
      rules: ['hourly-burn'],
    },
  ],
  silences: [
    {
      ...silenced(AT - HOUR, AT + 2 * HOUR, { incident: 'inc-1' }),
      times: { from: AT - HOUR, until: AT + 2 * HOUR },
      id: 'k3x9q',
      createdAt: AT,
      createdBy: 'ann@desk',
      endedAt: AT + HOUR,
    },
  ],
  queues: [
    {
      channel: 'billing',
      channelType: 'webhook',
      pending: 1204,
      oldestAt: AT - HOUR,
      nextAt: AT,
      failure: 'HTTP 503\nlater',
      givenUp: 2,
    },
    {
      channel: 'gone',
      channelType: 'email',
      pending: 0,
      oldestAt: null,
      nextAt: null,
      failure: null,
      givenUp: 0,
    },
    {
      channel: 'removed',
      channelType: 'email',
      pending: 1,
      oldestAt: AT,
      nextAt: AT,
      failure: null,
      givenUp: 0,
    },
  ],
  health: [
    {
      at: AT,
      message: {
        type: 'health.unpriced',
        severity: 'warning',
        rule: null,
        timestamp: AT,
        title: '2 models without a price',
        note: null,
        lead: [],
        sections: [],
        footer: [],
        ...NO_ALERTS,
        json: '',
      },
    },
  ],
  evaluatedTo: new Map([['f', AT]]),
  leaders: ['another', 'this'],
  sums: { from: AT - 24 * HOUR, to: AT, reconciledAt: null },
});

describe('status', () => {
  it('names what fires by the rules of the file, with its silence, and counts the rest', () => {
    const { alerts, moreAlerts } = statusOf(full, file, AT);
    expect(moreAlerts).toBe(2);
    expect(
      alerts.map(({ rule, group, severity, silenced: by }) => [rule, group, severity, by?.until ?? null]),
    ).toEqual([
      [
        'hourly-burn',
        { service: 'a\u202ename\nthat is much longer than any column may be' },
        'critical',
        AT + HOUR,
      ],
      ['total', {}, 'warning', null],
      ['hourly-burn', null, 'info', null],
      ['hourly-burn', { service: '(none)' }, 'info', null],
    ]);
  });

  it('has a queue for each channel of the file, and for others only where something waits', () => {
    const { channels } = statusOf(full, file, AT);
    expect(channels.map(({ channel, channelType, pending }) => [channel, channelType, pending])).toEqual([
      ['oncall', 'slack', 0],
      ['billing', 'webhook', 1204],
      ['removed', 'email', 1],
    ]);
  });

  it('knows the silences that hold and that are to come, also of the file', () => {
    const { silences } = statusOf(full, file, AT);
    expect(silences.map(({ id, times }) => [id, times.from - AT, times.until - AT])).toEqual([
      ['k3x9q', -HOUR, HOUR],
      [null, 55 * MINUTE, 115 * MINUTE],
      [null, HOUR, 2 * HOUR],
    ]);
  });

  it('tells a worker of this file from one of another, and rules that the last poll left out', () => {
    const of = (leaders: StateNow['leaders']) => statusOf(state({ leaders }), file, AT).worker;
    expect([of([]), of(['another']), of(['another', 'this']), of([null])]).toEqual([
      'none',
      'other_file',
      'leads',
      'leads',
    ]);
    const { lastPoll, behind } = statusOf(full, file, AT);
    expect([lastPoll, behind]).toEqual([AT, [{ rule: 'total', lastPoll: null }]]);
    expect(statusOf(state(), file, AT)).toMatchObject({ lastPoll: null, behind: [] });
  });

  it('as JSON has exact amounts, null where nothing is known, and UTC', () => {
    const json = JSON.parse(jsonText(statusJson(statusOf(full, file, AT)), 2));
    expect(statusSchema.parse(json)).toEqual(json);
    expect(json.alerts[0]).toMatchObject({
      state: 'firing',
      value: 312.456789,
      unit: 'USD',
      notified_at: '2026-11-20T01:05:00Z',
      silenced: { reason: 'load test', until: '2026-11-20T03:05:00Z' },
    });
    expect(json.alerts[1]).toMatchObject({
      state: 'quiet',
      quiet_since: '2026-11-20T02:04:00Z',
      value: null,
      unit: 'calls',
    });
    expect(json.incidents[0]).toMatchObject({
      subject: 'service search',
      dimension: 'service',
      value: 'search',
      severity: 'critical',
    });
    expect(json.silences.map(({ source, match }: Record<string, unknown>) => [source, match])).toEqual([
      ['command', { incident: 'inc-1' }],
      ['file', { service: 'batch' }],
      ['file', { rule: 'total' }],
    ]);
    expect(json).toMatchObject({
      worker: 'leads',
      poll: { last: '2026-11-20T02:05:00Z', behind: [{ rule: 'total', last: null }] },
      past: { from: '2026-11-19T02:05:00Z', reconciled_at: null },
      more_alerts: 2,
      health: [{ type: 'health.unpriced', title: '2 models without a price' }],
    });
  });

  const table = (given: StateNow, width: number): string =>
    statusTable(statusOf(given, file, AT), { zone: 'Europe/Berlin', paint: painter(false), width });

  it('as a table fits 80 columns with ids, times and numbers whole, and hostile names on one line', () => {
    const lines = table(full, 80).split('\n');
    for (const line of lines) expect(displayWidth(line)).toBeLessThanOrEqual(80);
    const text = lines.join('\n');
    for (const whole of [
      'inc-1',
      'k3x9q',
      '$312.46',
      '1,204',
      '2026-11-20 02:05',
      'a[U+202E]',
      'and 2 more rows',
    ])
      expect(text).toContain(whole);
    expect(text).not.toContain('\u202e');
    expect(table(full, 200)).toContain('a[U+202E]name␊that is much longer than any column may be');
  });

  it('says in words what is not there', () => {
    expect(table(state(), 80)).toBe(`no poll yet; no worker runs
no past is kept: polls read the table in full

nothing fires

silence  state    what           from              until             by
file     planned  service batch  2026-11-20 04:00  2026-11-20 05:00  load test
file     planned  rule total     2026-11-20 04:05  2026-11-20 05:05

channel  type     pending  oldest  given up  why
oncall   slack          0                 0
billing  webhook        0                 0

report  next               last queued
weekly  2026-11-20 11:05   not yet
yearly  not within a year  not yet`);
  });
});
