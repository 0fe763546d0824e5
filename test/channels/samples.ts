import {
  channelReportMessage,
  drillMessage,
  outageMessage,
  recoveredMessage,
} from '../../src/model/health-message.ts';
import { healthNoteMessage } from '../../src/model/health-note.ts';
import type { Message } from '../../src/model/message.ts';
import { fixedFromNumber } from '../../src/model/money.ts';
import { refusedMessage } from '../../src/model/refused-message.ts';
import { reportMessage } from '../../src/model/report-message.ts';
import { unpricedNote } from '../../src/model/unpriced-note.ts';
import { unsentReportMessage } from '../../src/model/unsent-report.ts';
import type { FutureRows } from '../../src/stores/audit-store.ts';
import { futureRows } from '../../src/stores/future-rows.ts';
import { futureRowsNote } from '../../src/worker/health-notes/future-rows.ts';
import { SAMPLE_CHARTS } from '../charts/sample-charts.ts';
import { AT, amount, DATA_AS_OF, sampleAlert, sampleNews } from './sample-messages.ts';
import { sampleReport } from './sample-reports.ts';

const HOUR = 3_600_000;

const ahead = (ms: number): FutureRows =>
  futureRows(
    AT + ms,
    AT,
    { table: 'public.api_audit_logs', columns: { time: 'created_at' }, dimensions: {}, timeKind: null },
    'timestamp',
  ) as FutureRows;

const moment = { at: AT, zone: 'UTC', timestamp: AT + 1500 };

const claude = (value: string, calls: number) => ({ key: 'claude-sonnet-4', value: amount(value, calls) });
const PARTLY_UNPRICED = [
  claude('240', 10_796),
  { key: 'gpt-9', value: amount('0', 1192), unpriced: 1192 },
  { key: null, value: amount('0', 12), unpriced: 12 },
];

/** One of each kind, made by hand. Those about spendwatch itself are in `docs/messages`, too. */
export const SAMPLES: Readonly<Record<string, Message>> = {
  alert: sampleNews([sampleAlert({}, { chart: SAMPLE_CHARTS.alert })]),
  'alert-many': sampleNews(
    [
      sampleAlert({}, { ongoing: true, since: AT - 26 * HOUR }),
      ...Array.from({ length: 12 }, (_, i) =>
        sampleAlert(
          {
            key: [`team-${String(i + 1).padStart(2, '0')}`],
            severity: i < 2 ? 'critical' : 'warning',
            bound: fixedFromNumber(i < 2 ? 100 : 50),
            value: amount(String(240 - 15 * i), 12_000 - i),
            breakdown: { model: i === 0 ? PARTLY_UNPRICED : [claude(String(240 - 15 * i), 12_000 - i)] },
            unpriced: i === 0 ? { calls: 1204, models: 2 } : null,
            yesterday: amount(String(20 + i), 900 + i),
            weekAgo: amount('0'),
            onset: null,
          },
          { id: `alrt_${i}`, since: AT },
        ),
      ),
    ],
    {},
    'Europe/Berlin',
  ),
  anomaly: sampleNews(
    [
      sampleAlert(
        {
          value: amount('412.34', 120_441),
          bound: fixedFromNumber(219.02),
          baseline: { mean: 41.2, stddev: 59.273, floor: 8.24, n: 28 },
          zscore: 6.2615,
          severity: 'warning',
          breakdown: {
            model: [
              { key: 'gpt-4.1', value: amount('398.84', 118_310) },
              { key: 'gpt-4.1-mini', value: amount('13.5', 927) },
              { key: 'gpt-9', value: amount('0', 1192), unpriced: 1192 },
              { key: null, value: amount('0', 12), unpriced: 12 },
            ],
            user: [
              { key: 'svc-indexer', value: amount('396.2', 117_004) },
              { key: 'anna@example.com', value: amount('16.14', 3437) },
            ],
          },
          window: { from: AT - 6 * HOUR, to: AT },
          unpriced: { calls: 1204, models: 2 },
          yesterday: amount('39.8', 11_960),
          weekAgo: amount('44.15', 12_871),
          onset: { at: AT - 100 * 60_000, beforePerHour: 7, afterPerHour: 229.2 },
        },
        { since: AT - 50 * 60_000, chart: SAMPLE_CHARTS.anomaly },
      ),
    ],
    {
      name: 'spend-anomaly',
      type: 'anomaly',
      window: { kind: 'rolling', ms: 6 * HOUR, text: '6h' },
      message: null,
    },
  ),
  budget: sampleNews(
    [
      sampleAlert({
        key: [],
        groupBy: [],
        severity: 'warning',
        value: amount('1204', 2_310_112),
        bound: fixedFromNumber(1000),
        window: { from: Date.parse('2026-11-20T00:00:00Z'), to: AT },
        breakdown: {
          model: [
            { key: 'gpt-4.1', value: amount('1102.4', 2_290_016) },
            { key: 'claude-sonnet-4', value: amount('89.3', 8096) },
            { key: 'gpt-4.1-mini', value: amount('12.3', 12_000) },
          ],
          service: [
            { key: 'search', value: amount('1140.1', 2_296_100) },
            { key: 'support', value: amount('63.9', 14_012) },
          ],
        },
        yesterday: amount('81.2', 60_310),
        weekAgo: null,
        onset: null,
      }),
    ],
    {
      name: 'daily-budget',
      groupBy: [],
      message: null,
      window: { kind: 'calendar', word: 'today', text: 'today' },
    },
  ),
  'low-unpriced': sampleNews(
    [
      sampleAlert({
        severity: 'warning',
        operator: '<',
        value: amount('2', 3020),
        bound: fixedFromNumber(5),
        breakdown: {
          model: [
            { key: 'gpt-4.1', value: amount('2', 20) },
            { key: 'gpt-9', value: amount('0', 3000), unpriced: 3000 },
          ],
        },
        unpriced: { calls: 3000, models: 1 },
        yesterday: amount('18.4', 3102),
        weekAgo: amount('17.9', 2977),
        onset: null,
      }),
    ],
    { name: 'too-quiet', message: null },
  ),
  unpriced: healthNoteMessage(
    unpricedNote(
      {
        calls: 48_210,
        tokens: 3_020_400_000,
        unpricedCalls: 3012,
        unpricedTokens: 3_000_030_000,
        models: [
          { model: 'gpt-9', calls: 3000, tokens: 3_000_000_000 },
          { model: null, calls: 12, tokens: 30_000 },
        ],
        unreadableCalls: 0,
        mustNotify: true,
      },
      { from: Date.parse('2026-11-19T01:00:00Z'), to: Date.parse('2026-11-20T01:00:00Z') },
      'UTC',
    ),
    { dataAsOf: DATA_AS_OF, ...moment },
  ),
  'future-rows': healthNoteMessage(futureRowsNote(ahead(8 * HOUR - 12_000), 'UTC'), {
    dataAsOf: DATA_AS_OF,
    ...moment,
  }),
  'report-unsent': unsentReportMessage(
    {
      name: 'weekly',
      title: 'the report weekly of 2026-11-09 to 2026-11-15',
      window: { from: Date.parse('2026-11-09T00:00:00Z'), to: Date.parse('2026-11-16T00:00:00Z') },
      dueAt: Date.parse('2026-11-16T08:00:00Z'),
      tries: 102,
      reason:
        'PostgreSQL at db.example.com:5432, database "ai" cannot be reached: connect ECONNREFUSED 10.0.0.5:5432',
    },
    moment,
  ),
  report: reportMessage(sampleReport(), moment),
  drill: drillMessage({ channel: 'oncall', ...moment }),
  blind: outageMessage({
    reason:
      'PostgreSQL at db.example.com:5432, database "ai" cannot be reached: connect ECONNREFUSED 10.0.0.5:5432',
    since: AT - 3 * 60_000,
    dataAsOf: DATA_AS_OF - 180_000,
    ...moment,
  }),
  sees: recoveredMessage({ since: AT - 34 * 60_000, dataAsOf: DATA_AS_OF, ...moment }),
  'refused-reload': refusedMessage(
    {
      path: '/etc/spendwatch/alerts.yaml',
      faults: [
        'alerts.yaml:31:13 not a window (write 15m, 1h, 7d, today, this_week or this_month)',
        'alerts.yaml:34:5 unknown key "treshold" (did you mean "threshold"?)',
      ],
      since: AT,
    },
    moment,
  ),
  'channel-report': channelReportMessage({
    channel: 'oncall',
    detail: 'Slack refused: token_revoked',
    reason: 'auth',
    kind: 'person',
    attempts: 1,
    firstTriedAt: AT + 2000,
    original: sampleNews([sampleAlert()]),
    ...moment,
  }),
};
