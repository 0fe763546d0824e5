import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { alertMessage } from '../../src/model/alert-message.ts';
import { displayLines, displayText, displayWidth } from '../../src/model/display-text.ts';
import { durationText, localSpan, localTime } from '../../src/model/display-time.ts';
import { displayAgainst } from '../../src/model/display-value.ts';
import { channelReportMessage, outageMessage } from '../../src/model/health-message.ts';
import type { Metric, Unit } from '../../src/model/metric.ts';
import { parseFixed } from '../../src/model/money.ts';
import { plainText } from '../../src/model/plain-text.ts';
import { CALENDAR_WINDOWS } from '../../src/model/window.ts';
import {
  AT,
  amount,
  type FindingChanges,
  sampleAlert,
  sampleNews,
  sampleRule,
} from '../channels/sample-messages.ts';

const fixed = (text: string): bigint => parseFixed(text) ?? 0n;

describe('the title', () => {
  test.each<[string, FindingChanges, Parameters<typeof sampleRule>[0]]>([
    ['[CRITICAL] hourly-burn: search $312.46 in 1h (limit $100.00)', {}, {}],
    [
      '[CRITICAL] daily-budget: $1,204.00 today (limit $1,000.00)',
      { key: [], groupBy: [], value: amount('1204'), bound: fixed('1000') },
      { name: 'daily-budget', window: { kind: 'calendar', word: 'today', text: 'today' } },
    ],
    [
      '[CRITICAL] hourly-burn: search / gpt-4.1 $312.46 in 1h (limit $100.00)',
      { key: ['search', 'gpt-4.1'], groupBy: ['service', 'model'] },
      {},
    ],
    [
      '[WARNING] hourly-burn: search $312.46 in 1h (usually $41.20, z 6.3)',
      { severity: 'warning', baseline: { mean: 41.2, stddev: 40, floor: 2, n: 28 }, zscore: 6.2615 },
      {},
    ],
    ['[CRITICAL] hourly-burn: (none) $312.46 in 1h (limit $100.00)', { key: [null] }, {}],
    [
      '[CRITICAL] hourly-burn: search 890,412 calls in 1h (limit 10,000)',
      { metric: 'calls', unit: 'calls', value: amount('890412'), bound: fixed('10000') },
      {},
    ],
    [
      '[CRITICAL] hourly-burn: search 12.3% of calls failed in 1h (limit 5%)',
      { metric: 'error_rate', unit: 'ratio', value: amount('0.1234'), bound: fixed('0.05') },
      {},
    ],
    [
      '[CRITICAL] hourly-burn: search 4,200 ms p95 latency in 1h (limit 2,000 ms)',
      { metric: 'latency_p95', unit: 'ms', value: amount('4200.3'), bound: fixed('2000') },
      {},
    ],
    [
      '[CRITICAL] hourly-burn: search 3 calls in 1h (below limit 10)',
      { metric: 'calls', unit: 'calls', value: amount('3'), bound: fixed('10'), operator: '<' },
      {},
    ],
    [
      '[CRITICAL] hourly-burn: search 10 calls in 1h (at limit 10)',
      { metric: 'calls', unit: 'calls', value: amount('10'), bound: fixed('10'), operator: '<=' },
      {},
    ],
    ['[CRITICAL] hourly-burn: search $100.004 in 1h (limit $100.00)', { value: amount('100.004') }, {}],
  ])('reads %s', (title, finding, rule) => {
    expect(sampleNews([sampleAlert(finding)], rule).title).toBe(title);
  });

  test('names calendar windows in words', () => {
    const titles = CALENDAR_WINDOWS.map(
      (word) => sampleNews([sampleAlert()], { window: { kind: 'calendar', word, text: word } }).title,
    );
    expect(titles.map((title) => / \$312\.46 (.*) \(/.exec(title)?.[1])).toEqual([
      'today',
      'yesterday',
      'this week',
      'this month',
    ]);
  });

  test('is one line whatever the names are', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (name) => {
        const { title } = sampleNews([sampleAlert({ key: [name] })], { name });
        expect(/[\p{Cc}\u2028\u2029]/u.test(title)).toBe(false);
      }),
    );
  });
});

describe('a message of many alerts', () => {
  const values = [60, 900, 75, 5000, 80, 55, 99, 120, 51, 130, 140, 150];
  const many = values.map((value, i) =>
    sampleAlert(
      { key: [`s${i}`], value: amount(String(value)), severity: value >= 100 ? 'critical' : 'warning' },
      { id: `a${i}` },
    ),
  );

  test('shows the ten largest, names the largest in the title and counts the rest', () => {
    const message = sampleNews(many);
    expect(message.title).toBe('[CRITICAL] hourly-burn: s3 $5,000.00 in 1h (limit $100.00) (+11 more)');
    expect(message.severity).toBe('critical');
    expect(message.sections).toHaveLength(10);
    expect(message.footer.join(' ')).toContain('And 2 more');
    const { data } = JSON.parse(message.json) as { data: { alerts: { id: string }[]; more: number } };
    expect(data.more).toBe(2);
    expect(data.alerts.map(({ id }) => id)).toEqual([
      'a3',
      'a1',
      'a11',
      'a10',
      'a9',
      'a7',
      'a6',
      'a4',
      'a2',
      'a0',
    ]);
  });

  test('shows the smallest first where low values fire, and the largest |z| of anomalies', () => {
    const low = [5, 1, 3].map((value, i) =>
      sampleAlert({ operator: '<', value: amount(String(value)) }, { id: String(i) }),
    );
    const odd = [4, -9, 6].map((zscore, i) =>
      sampleAlert({ zscore, baseline: { mean: 1, stddev: 1, floor: 1, n: 9 } }, { id: String(i) }),
    );
    const order = (alerts: typeof low) =>
      (JSON.parse(sampleNews(alerts).json) as { data: { alerts: { id: string }[] } }).data.alerts.map(
        ({ id }) => id,
      );
    expect(order(low)).toEqual(['1', '2', '0']);
    expect(order(odd)).toEqual(['1', '2', '0']);
  });

  test('of no alert at all cannot be made', () => {
    expect(() => sampleNews([])).toThrow(RangeError);
  });
});

test('the webhook body is that of the contract, to the byte', () => {
  const finding = { breakdown: {}, onset: null };
  expect(sampleNews([sampleAlert(finding, { ongoing: true })]).json).toBe(
    '{"type":"alert.firing","timestamp":"2026-11-20T02:05:01.500Z","data":{"rule":"hourly-burn","severity":"critical",' +
      '"message":"Immediate attention required","at":"2026-11-20T02:05:00Z","data_as_of":"2026-11-20T02:04:58Z",' +
      '"alerts":[{"id":"alrt_5f0c2a9e41","since":"2026-11-20T01:34:00Z","ongoing":true,"reason":"ongoing",' +
      '"previous":null,"incident":null,"finding":{"group":{"service":' +
      '"search"},"severity":"critical","metric":"spend","unit":"USD","value":312.456789,"bound":100,"operator":">=",' +
      '"window":{"from":"2026-11-20T01:05:00Z","to":"2026-11-20T02:05:00Z"},"onset":null,"baseline":null,"zscore":null,' +
      '"breakdown":{},"calls":890412,"per_day":7498.962936,"yesterday":11.2,"week_ago":9.87}}],"more":0}}',
  );
});

describe('the text', () => {
  test('shows value, limit, since when, what drives it, and the time of the newest row', () => {
    const text = plainText(sampleNews([sampleAlert()]));
    for (const words of [
      'Immediate attention required',
      '$312.46, 3.1 times the limit',
      '$100.00 or more is critical',
      '2026-11-20 01:34 UTC (for 31 min)',
      'gpt-4.1       $300.10  890,000    96%',
      'Data as of 2026-11-20 02:04:58 UTC',
    ]) {
      expect(text).toContain(words);
    }
  });

  test('shows mean, deviation, floor, n and z of an anomaly', () => {
    const baseline = { mean: 41.2, stddev: 1, floor: 2.06, n: 28 };
    const text = plainText(sampleNews([sampleAlert({ baseline, zscore: 6.3, bound: fixed('47.38') })]));
    for (const words of [
      '$41.20',
      '28 earlier days',
      '$1.00 (raised to the floor of $2.06)',
      'here $47.38 or more is critical',
      'z          6.3',
    ]) {
      expect(text).toContain(words);
    }
  });

  test('shows calls without a price on every alert that has some', () => {
    const text = plainText(sampleNews([sampleAlert({ unpriced: { calls: 1204, models: 2 } })]));
    expect(text).toContain('at least $312.46: 1,204 calls to 2 models have no price');
    const one = plainText(sampleNews([sampleAlert({ unpriced: { calls: 1, models: 1 } })]));
    expect(one).toContain('1 call to 1 model has no price');
  });

  test('marks an alert that was notified before', () => {
    const previous = { value: fixed('150'), severity: 'critical', at: AT - 20 * 60_000 } as const;
    const text = plainText(sampleNews([sampleAlert({}, { ongoing: true, previous })]));
    expect(text).toContain(
      'Again because         it still holds, for 31 min; notified before at 2026-11-20 01:45 UTC: $150.00',
    );
    expect(plainText(sampleNews([sampleAlert()]))).not.toContain('still holds');
  });

  test('says when the store has no rows', () => {
    const news = {
      rule: sampleRule(),
      alerts: [sampleAlert()],
      at: AT,
      dataAsOf: null,
      zone: 'UTC',
      timestamp: AT,
    };
    const message = alertMessage(news);
    expect(plainText(message)).toContain('the audit store has no rows');
    expect(JSON.parse(message.json)).toMatchObject({ data: { data_as_of: null } });
  });

  test('does not call a store empty that could not be read', () => {
    const message = outageMessage({
      reason: 'connect ECONNREFUSED',
      at: AT,
      since: AT,
      dataAsOf: null,
      zone: 'UTC',
      timestamp: AT,
    });
    expect(plainText(message)).toContain('Data as of: not known');
    expect(plainText(message)).not.toContain('has no rows');
  });

  test('calls a part 100% or 0% only where it is', () => {
    const part = (key: string, value: string) => ({ key, value: amount(value, 1) });
    const breakdown = { model: [part('nearly', '99.99'), part('hardly', '0.01'), part('none', '0')] };
    const text = plainText(sampleNews([sampleAlert({ value: amount('100'), breakdown })]));
    expect(text).toMatch(/nearly .*>99%/);
    expect(text).toMatch(/hardly .*<1%/);
    expect(text).toMatch(/none .* 0%/);
  });
});

test('a report about a channel carries the text and the body of what was not delivered', () => {
  const original = sampleNews([sampleAlert()]);
  const report = channelReportMessage({
    channel: 'oncall',
    detail: 'Slack refused: token_revoked',
    reason: 'auth',
    kind: 'person',
    attempts: 3,
    firstTriedAt: AT,
    original,
    at: AT,
    zone: 'UTC',
    timestamp: AT,
  });
  expect(report.title).toBe(`Not delivered on oncall: ${original.title}`);
  const text = plainText(report);
  for (const words of ['token_revoked', '3 attempts', 'Immediate attention required', 'gpt-4.1'])
    expect(text).toContain(words);
  const body = JSON.parse(report.json) as { type: string; data: { original: unknown; text: string } };
  expect(body.type).toBe('health.channel');
  expect(body.data.original).toEqual(JSON.parse(original.json));
  expect(body.data.text).toContain('gpt-4.1');
});

describe('values for people', () => {
  const METRICS: readonly [Metric, Unit][] = [
    ['spend', 'USD'],
    ['calls', 'calls'],
    ['error_rate', 'ratio'],
    ['latency_p95', 'ms'],
    ['tokens_per_call', 'tokens'],
  ];

  test.each(METRICS)('of %s never look equal to a limit that they differ from', (metric) => {
    const micro = 10n ** 6n;
    fc.assert(
      fc.property(
        fc.bigInt(-(10n ** 18n), 10n ** 18n),
        fc.bigInt(-(10n ** 10n), 10n ** 10n),
        (bound, difference) => {
          const value = bound * micro + difference * micro;
          const [shown, limit] = displayAgainst(metric, value, bound * micro);
          expect(shown === limit).toBe(difference === 0n);
        },
      ),
    );
  });
});

describe('text from a store', () => {
  test.each([
    ['a\r\nb', 'a␍␊b'],
    ['x\u202ey', 'x[U+202E]y'],
    ['', '(empty)'],
    ['\ud800', '\ufffd'],
    ['👩‍👩‍👧‍👦', '👩‍👩‍👧‍👦'],
    ['é', 'é'],
  ])('%j is shown as %s', (text, shown) => {
    expect(displayText(text)).toBe(shown);
  });

  test('is cut between graphemes, and only when it is too long', () => {
    expect(displayText('n'.repeat(80))).toBe('n'.repeat(80));
    expect(displayText('n'.repeat(81))).toBe(`${'n'.repeat(79)}…`);
    expect(displayText('👩‍👩‍👧‍👦'.repeat(90))).toBe(`${'👩‍👩‍👧‍👦'.repeat(79)}…`);
  });

  test('keeps no control, bidi or lone surrogate, and its length is bounded', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (text) => {
        const shown = displayText(text);
        expect(/[\p{Cc}\p{Bidi_Control}\p{Surrogate}\u2028\u2029]/u.test(shown)).toBe(false);
        expect(shown.length).toBeLessThanOrEqual(80 * 16 * 8);
      }),
    );
  });

  test('of the author keeps its lines', () => {
    expect(displayLines(' one\r\n\ntwo\u202e ', 100)).toBe('one\n\ntwo[U+202E]');
  });

  test('is as wide as a terminal shows it', () => {
    expect(displayWidth('ab')).toBe(2);
    expect(displayWidth('家族')).toBe(4);
    expect(displayWidth('🚨')).toBe(2);
  });
});

describe('times for people', () => {
  test('are local, with the offset that held then', () => {
    expect(localTime(AT, 'UTC')).toBe('2026-11-20 02:05 UTC');
    expect(localTime(AT + 1000, 'Europe/Berlin')).toBe('2026-11-20 03:05:01 UTC+01:00');
    const fallBack = Date.parse('2026-10-25T00:30:00Z');
    expect(localSpan(fallBack, fallBack + 3_600_000, 'Europe/Berlin')).toBe(
      '2026-10-25 02:30 UTC+02:00 to 02:30 UTC+01:00',
    );
    expect(localSpan(AT, AT + 86_400_000, 'UTC')).toBe('2026-11-20 02:05 to 2026-11-21 02:05 UTC');
  });

  test.each([
    [30_000, '30 s'],
    [45 * 60_000, '45 min'],
    [3_600_000, '1 h'],
    [12_000_000, '3 h 20 min'],
    [187_200_000, '2 d 4 h'],
  ])('%i ms are %s', (ms, text) => {
    expect(durationText(ms)).toBe(text);
  });
});
