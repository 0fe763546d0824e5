// What the templates of a file are tried on: alerts of each rule type, and messages of each kind.

import { alertFields } from '../model/alert-context.ts';
import { alertMessage } from '../model/alert-message.ts';
import { endedMessage, keptAlert, NO_FIGURES } from '../model/ended-alert.ts';
import type { Alert, Finding } from '../model/finding.ts';
import {
  channelReportMessage,
  drillMessage,
  outageMessage,
  recoveredMessage,
} from '../model/health-message.ts';
import { healthNoteMessage } from '../model/health-note.ts';
import { jsonText } from '../model/json.ts';
import type { Message, MessageIncident } from '../model/message.ts';
import { namedJson } from '../model/message-json.ts';
import { refusedMessage } from '../model/refused-message.ts';
import { reportMessage } from '../model/report-message.ts';
import { type Rule, SEVERITIES } from '../model/rule.ts';
import { unpricedNote } from '../model/unpriced-note.ts';
import { unsentReportMessage } from '../model/unsent-report.ts';
import { isoInstant } from '../model/window.ts';
import { ruleTypes } from '../rules/index.ts';
import type { RuleType } from '../rules/rule-type.ts';
import { sampleFindings } from '../rules/sample-finding.ts';
import { jsonValues } from '../templates/json-values.ts';
import type { JsonObject, Sample } from '../templates/template.ts';
import { sampleReport } from './sample-report.ts';

const AT = Date.parse('2026-11-20T02:05:00Z');
const TIME = { at: AT, dataAsOf: AT, zone: 'UTC', timestamp: AT };
const INCIDENT: MessageIncident = { id: 'k3x9q', subject: 'service search', isClosed: true };
const PREVIOUS = { value: 123_190_000_000_000n, severity: 'warning', at: AT } as const;

/** Alerts of a rule type, for the templates of one of its rules; `breakdownBy` are the dimensions of breakdowns. */
export function ruleSamples(type: RuleType, rule: Partial<Rule>, breakdownBy: readonly string[]): Sample[] {
  const { full, bare, rule: sample } = sampleFindings(type, rule, breakdownBy, AT);
  const values = (finding: Finding, alert: Alert | null): JsonObject =>
    jsonValues(jsonText({ ...alertFields(sample, finding, alert), name: 'production' }));
  return [
    ...SEVERITIES.map((severity) => {
      const finding = { ...full, severity };
      return { what: `an alert (${severity})`, values: values(finding, alertOf(finding)) };
    }),
    { what: 'an alert of which little is known', values: values(bare, null) },
  ];
}

function alertOf(finding: Finding): Alert {
  return {
    id: 'alrt_5f0c2a9e41',
    finding,
    at: AT,
    since: AT,
    ongoing: true,
    reason: 'ongoing',
    previous: PREVIOUS,
    period: 'day/2026-11-20T00:00:00Z',
  };
}

/** A message of each kind. The rules have the context `rule`; groups and breakdowns are by these dimensions. */
export function messageSamples(
  rule: Partial<Rule>,
  dimensions: readonly string[],
  values: (message: Message, id: string) => JsonObject,
): Sample[] {
  return messages({ ...rule, groupBy: dimensions }, dimensions).map(([what, message]) => ({
    what,
    values: values({ ...message, json: namedJson(message.json, 'production') }, 'msg_0c2a9e41'),
  }));
}

function messages(changes: Partial<Rule>, dimensions: readonly string[]): (readonly [string, Message])[] {
  const ofTypes = Object.values<RuleType>(ruleTypes).flatMap((type) => {
    const { rule, full, bare } = sampleFindings(type, changes, dimensions, AT);
    const alerts = [alertOf(full), { ...alertOf(bare), reason: 'new' as const, previous: null }];
    return [
      ['an alert', alertMessage({ rule, alerts, ...TIME, incident: INCIDENT })] as const,
      ['the end of an alert', endMessage(rule, alerts)] as const,
    ];
  });
  const [[, original] = ['', drill]] = ofTypes;
  const failure = { reason: 'auth', kind: 'person', attempts: 2, firstTriedAt: AT } as const;
  return [
    ...ofTypes,
    ['a drill', drill],
    ['an outage', outageMessage({ ...TIME, since: AT, reason: 'the audit store cannot be reached' })],
    ['the end of an outage', recoveredMessage({ ...TIME, since: AT })],
    [
      'a report about a channel',
      channelReportMessage({ ...TIME, ...failure, channel: 'oncall', detail: 'HTTP 403', original }),
    ],
    ['a refused change', refusedMessage({ path: '/etc/alerts.yaml', faults: ['a fault'], since: AT }, TIME)],
    ['a health message', healthNoteMessage(unpricedNote(DAY, { from: AT, to: AT }, 'UTC'), TIME)],
    ['a health message', healthNoteMessage(FUTURE_ROWS, TIME)],
    ['a health message', unsentReportMessage(UNSENT, TIME)],
    ['a spend report', reportMessage(sampleReport(AT), TIME)],
  ];
}

const drill = drillMessage({ ...TIME, channel: 'oncall' });
const DAY = {
  calls: 48_210,
  tokens: 9_120_000,
  unpricedCalls: 3012,
  unpricedTokens: 700_000,
  unreadableCalls: 0,
  mustNotify: true,
  models: [{ model: 'gpt-9', calls: 3012, tokens: 700_000 }],
};
/** As src/worker/health-notes makes it. */
const FUTURE_ROWS = {
  type: 'health.future_rows',
  severity: 'warning',
  title: 'rows in the future are not watched',
  lead: [],
  facts: [],
  tables: [],
  data: { newest_row: isoInstant(AT), ahead_seconds: 28_800, message: '', hint: '' },
} as const;

const UNSENT = {
  name: 'daily',
  title: 'the report daily of 2026-11-19',
  window: { from: AT, to: AT },
  dueAt: AT,
  tries: 3,
  reason: 'the audit store cannot be reached',
};

function endMessage(rule: Rule, alerts: readonly Alert[]): Message {
  const ended = alerts.map((alert, i) => ({
    noticeKey: String(i),
    kept: keptAlert(rule, alert, true, [], 'UTC'),
    closing: { groupId: 'g', how: 'resolved', at: AT } as const,
    figures: i === 0 ? { finding: null, valueNow: '1', peak: '2', total: '3' } : NO_FIGURES,
    incident: INCIDENT.id,
  }));
  return endedMessage(ended, { ...TIME, incident: INCIDENT });
}
