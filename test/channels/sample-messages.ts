import { alertMessage } from '../../src/model/alert-message.ts';
import type { Alert, Finding } from '../../src/model/finding.ts';
import type { Message } from '../../src/model/message.ts';
import type { Sample } from '../../src/model/metric-value.ts';
import { fixedFromNumber, parseFixed, toNumber } from '../../src/model/money.ts';
import type { Onset } from '../../src/model/onset.ts';
import { firesBelow, type Rule } from '../../src/model/rule.ts';
import type { AnomalyObservation, Baseline } from '../../src/rules/anomaly-rule.ts';
import { ruleTypes } from '../../src/rules/index.ts';
import type { RuleType } from '../../src/rules/rule-type.ts';

export const AT = Date.parse('2026-11-20T02:05:00Z');
export const DATA_AS_OF = Date.parse('2026-11-20T02:04:58Z');
const HOUR = 3_600_000;

export function amount(text: string, calls = 0): Sample {
  const fixed = parseFixed(text) ?? 0n;
  return { fixed, number: toNumber(fixed), calls };
}

export function sampleRule(changes: Partial<Rule> = {}): Rule {
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
    owner: null,
    runbook: null,
    links: {},
    labels: {},
    forMs: 0,
    delayMs: 0,
    resolveAfterMs: 0,
    dedupe: 'day',
    growth: 10,
    minCalls: 0,
    ...changes,
  };
}

/** What may be other than in the sample; with a baseline it is a finding of an anomaly rule. */
export type FindingChanges = Partial<Omit<Finding, 'badness' | 'description'>> & {
  readonly baseline?: Baseline;
  readonly zscore?: number;
};

/** A finding in the words of its rule type. */
export function sampleFinding({ baseline, zscore = 0, ...changes }: FindingChanges = {}): Finding {
  const threshold: RuleType = ruleTypes.threshold;
  const anomaly = ruleTypes.anomaly as unknown as RuleType<Rule, AnomalyObservation>;
  const finding = { ...SAMPLE_FINDING, ...changes };
  const { key, groupBy, value, window, metric, severity, bound, operator } = finding;
  const rule = sampleRule({ metric, groupBy });
  const steps = [{ severity, bound, operator }] as const;
  if (baseline === undefined) {
    const badness = firesBelow(operator) ? -value.fixed : value.fixed;
    const description = threshold.describe(rule, { key, value, window, badness, steps });
    return { ...finding, badness, description };
  }
  const badness = fixedFromNumber(Math.abs(zscore));
  const description = anomaly.describe(rule, { key, value, window, badness, baseline, zscore, steps });
  return { ...finding, badness, description };
}

/** At the rate after it, the hour of the sample has spent its amount. */
const ONSET: Onset = { at: AT - 46 * 60_000, beforePerHour: 1.2, afterPerHour: 407.5 };

const SAMPLE_FINDING: Omit<Finding, 'badness' | 'description'> = {
  key: ['search'],
  groupBy: ['service'],
  metric: 'spend',
  unit: 'USD',
  severity: 'critical',
  value: amount('312.456789', 890_412),
  bound: fixedFromNumber(100),
  operator: '>=',
  window: { from: AT - HOUR, to: AT },
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
  others: {},
  yesterday: amount('11.2', 31_870),
  weekAgo: amount('9.87', 28_004),
  split: null,
  unexplained: [],
  onset: ONSET,
  unpriced: null,
};

export function sampleAlert(changes: FindingChanges = {}, rest: Partial<Alert> = {}): Alert {
  return {
    id: 'alrt_5f0c2a9e41',
    finding: sampleFinding(changes),
    at: AT,
    since: AT - 31 * 60_000,
    ongoing: false,
    reason: rest.ongoing === true ? 'ongoing' : 'new',
    previous: null,
    period: 'day/2026-11-20T00:00:00Z',
    ...rest,
  };
}

export function sampleNews(
  alerts: readonly Alert[],
  rule: Partial<Rule> = {},
  zone = 'UTC',
  at = AT,
): Message {
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
