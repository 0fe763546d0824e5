import { alertMessage } from '../../src/model/alert-message.ts';
import type { Alert, Finding } from '../../src/model/finding.ts';
import type { Message } from '../../src/model/message.ts';
import type { Sample } from '../../src/model/metric.ts';
import { fixedFromNumber, parseFixed, toNumber } from '../../src/model/money.ts';
import type { RuleBase } from '../../src/model/rule.ts';

export const AT = Date.parse('2026-11-20T02:05:00Z');
export const DATA_AS_OF = Date.parse('2026-11-20T02:04:58Z');
const HOUR = 3_600_000;

export function amount(text: string, calls = 0): Sample {
  const fixed = parseFixed(text) ?? 0n;
  return { fixed, number: toNumber(fixed), calls };
}

export function sampleRule(changes: Partial<RuleBase> = {}): RuleBase {
  return {
    name: 'hourly-burn',
    type: 'threshold',
    enabled: true,
    severity: 'warning',
    metric: 'spend',
    errors: null,
    window: { kind: 'rolling', ms: HOUR, text: '1h' },
    groupBy: ['service'],
    where: {},
    notify: { info: [], warning: ['oncall'], critical: ['oncall'] },
    message: 'Immediate attention required',
    forMs: 0,
    delayMs: 0,
    dedupe: 'day',
    growth: 10,
    minCalls: 0,
    ...changes,
  };
}

export function sampleFinding(changes: Partial<Finding> = {}): Finding {
  return {
    key: ['search'],
    groupBy: ['service'],
    metric: 'spend',
    unit: 'USD',
    severity: 'critical',
    value: amount('312.456789', 890_412),
    bound: fixedFromNumber(100),
    operator: '>=',
    window: { from: AT - HOUR, to: AT },
    baseline: null,
    zscore: null,
    breakdown: {
      model: [
        { key: 'gpt-4.1', value: amount('300.1', 890_000) },
        { key: 'gpt-4.1-mini', value: amount('12.3', 400) },
        { key: null, value: amount('0.056789', 12) },
      ],
      user: [
        { key: 'svc-indexer', value: amount('311.9', 890_101) },
        { key: 'anna@example.com', value: amount('0.556789', 311) },
      ],
    },
    unexplained: [],
    unpriced: null,
    ...changes,
  };
}

export function sampleAlert(changes: Partial<Finding> = {}, rest: Partial<Alert> = {}): Alert {
  return {
    id: 'alrt_5f0c2a9e41',
    finding: sampleFinding(changes),
    at: AT,
    since: AT - 45 * 60_000,
    ongoing: false,
    period: 'day/2026-11-20T00:00:00Z',
    ...rest,
  };
}

export function sampleNews(alerts: readonly Alert[], rule: Partial<RuleBase> = {}, zone = 'UTC'): Message {
  const at = AT;
  return alertMessage({
    rule: sampleRule(rule),
    alerts,
    at,
    dataAsOf: DATA_AS_OF,
    zone,
    timestamp: at + 1500,
  });
}

/** Names that attack a mail header, a chat, a page, a terminal and a phone's screen. */
export const HOSTILE_NAMES = [
  'evil\r\nBcc: all@example.com\r\n\r\nhello',
  '<!channel> & <@U123> *bold* ```code```',
  '<script>alert(1)</script><img src=x onerror=alert(1)>',
  'n'.repeat(90),
  '👩‍👩‍👧‍👦 家族 🚨',
  'invoice\u202egnp.exe\u2066',
  '',
  '\u0000\u001b[31mred\u001b[0m',
] as const;

export function hostileMessage(): Message {
  const breakdown = { user: HOSTILE_NAMES.map((key) => ({ key, value: amount('1', 1) })) };
  return sampleNews(HOSTILE_NAMES.map((name, i) => sampleAlert({ key: [name], breakdown }, { id: `a${i}` })));
}
