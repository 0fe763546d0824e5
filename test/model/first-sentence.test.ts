import { expect, test } from 'vitest';
import { describeMetric, METRICS, type Metric } from '../../src/model/metric.ts';
import { fixedFromNumber, parseFixed } from '../../src/model/money.ts';
import { type OwnAggregate, ownMetric } from '../../src/model/own-metric.ts';
import type { Rule } from '../../src/model/rule.ts';
import type { WindowSpec } from '../../src/model/window.ts';
import { AT, amount, type FindingChanges, sampleAlert, sampleNews } from '../channels/sample-messages.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const fixed = (text: string): bigint => parseFixed(text) ?? 0n;
const rolling = (ms: number, text: string): WindowSpec => ({ kind: 'rolling', ms, text });
const NOBODY = { breakdown: {} };

function sentence(finding: FindingChanges = {}, rule: Partial<Rule> = {}, at = AT, zone = 'UTC'): string {
  const metric = finding.metric ?? 'spend';
  const { unit } = describeMetric(metric);
  const alert = sampleAlert({ unit, groupBy: rule.groupBy ?? ['service'], ...finding }, { at });
  return sampleNews([alert], { metric, ...rule }, zone, at).lead[0] ?? '';
}

test('a sentence says who spent how much, when, against what, on what, and at which rate', () => {
  expect(sentence()).toBe(
    'Service search spent $312.46 in the last hour, 3.1 times its limit of $100; svc-indexer on gpt-4.1 makes up 96 %. ' +
      'At this rate: $7,500 a day.',
  );
});

test.each<[string, FindingChanges, Partial<Rule>]>([
  [
    'Service search on model gpt-4.1 spent',
    { key: ['search', 'gpt-4.1'] },
    { groupBy: ['service', 'model'] },
  ],
  ['Cost center 42, user ann spent', { key: ['42', 'ann'] }, { groupBy: ['cost_center', 'user'] }],
  ['Calls with no user spent', { key: [null] }, { groupBy: ['user'] }],
  ['Service search, user (none) spent', { key: ['search', null] }, { groupBy: ['service', 'user'] }],
  ['Service (empty) spent', { key: [''] }, {}],
  ['All services together spent', { key: [] }, { groupBy: [] }],
  ['Service search spent', { key: [] }, { groupBy: [], where: { service: { in: ['search'] } } }],
  ['Service search on model m spent', {}, { where: { model: { in: ['m'] } } }],
  [
    'All services together (only team a or b) spent',
    { key: [] },
    { groupBy: [], where: { team: { in: ['a', 'b'] } } },
  ],
  ['Service search (without user x) spent', {}, { where: { user: { notIn: ['x'] } } }],
  ['Service search (only 4 values of user) spent', {}, { where: { user: { in: ['a', 'b', 'c', 'd'] } } }],
  ['Service search (only failures 429, timeout) spent', {}, { errors: { in: [429, 'timeout'] } }],
  ['Service search (only failures other than 429, 5xx) spent', {}, { errors: { notIn: [429, '5xx'] } }],
])('names %s', (begin, finding, rule) => {
  expect(sentence({ ...NOBODY, ...finding }, rule)).toMatch(begin);
});

const SAID: Readonly<Record<Metric, string>> = {
  spend: 'spent $1,200',
  calls: 'made 1,200 calls',
  tokens: 'used 1,200 tokens',
  input_tokens: 'used 1,200 input tokens',
  output_tokens: 'used 1,200 output tokens',
  cached_tokens: 'read 1,200 tokens from the cache',
  cache_hit_rate: 'had 12.5% of input tokens cached',
  reasoning_tokens: 'used 1,200 reasoning tokens',
  errors: 'had 1,200 failed calls',
  error_rate: 'had 12.5% of calls fail',
  latency_avg: 'had an average latency of 1,200 ms',
  latency_p50: 'had a median latency of 1,200 ms',
  latency_p90: 'had a p90 latency of 1,200 ms',
  latency_p95: 'had a p95 latency of 1,200 ms',
  latency_p99: 'had a p99 latency of 1,200 ms',
  ttft_p95: 'had a p95 time to first token of 1,200 ms',
  tokens_p50: 'used 1,200 tokens in the median call',
  tokens_p95: 'had a p95 of 1,200 tokens per call',
  tokens_p99: 'had a p99 of 1,200 tokens per call',
  cost_p95: 'had a p95 cost of a call of $1,200',
  cost_p99: 'had a p99 cost of a call of $1,200',
  cost_per_call: 'paid $1,200 per call',
  tokens_per_call: 'used 1,200 tokens per call',
  cost_per_1k_tokens: 'paid $1,200 per 1,000 tokens',
  wasted_spend: 'wasted $1,200 on failed calls',
  repeated_calls: 'repeated 1,200 calls',
  repeated_spend: 'spent $1,200 on repeated calls',
  list_spend: 'would have spent $1,200 by the price list',
  price_gap: 'paid 12.5% over the price list',
  unpriced_calls: 'made 1,200 calls without a price',
};

test.each(METRICS)('says %s in words', (metric) => {
  const value = amount(describeMetric(metric).unit === 'ratio' ? '0.125' : '1200');
  const said = sentence({ ...NOBODY, metric, value, bound: fixed('0.05') });
  expect(said).toMatch(`Service search ${SAID[metric]} in the last hour, `);
  // What does not add up has no rate a day.
  expect(said.includes('At this rate')).toBe(describeMetric(metric).additive);
});

test.each<[string, OwnAggregate, string, string]>([
  ['had a lowest rate headroom of 15%', 'min', '%', '15'],
  ['had a highest rate headroom of 1', 'max', '', '1'],
  ['had an average rate headroom of 0.5 points', 'avg', 'points', '0.5'],
  ['had a p95 rate headroom of 1,200 ms', 'p95', 'ms', '1200'],
  ['had $1,200 rate headroom', 'sum', 'USD', '1200'],
])('says of what the file measures: %s', (words, aggregate, unit, value) => {
  const metric = ownMetric('rate_headroom', aggregate, unit);
  expect(sentence({ ...NOBODY, metric, value: amount(value), bound: fixed('0.05') })).toMatch(
    `Service search ${words} in the last hour, `,
  );
});

test.each<[string, string, string, '>=' | '<=' | '<']>([
  ['312', '100', '3.1 times its limit of $100', '>='],
  ['109.99', '100', 'over its limit of $100', '>='],
  ['110', '100', '1.1 times its limit of $100', '>='],
  ['100', '100', 'at its limit of $100', '>='],
  ['100.004', '100', 'over its limit of $100', '>='],
  ['123456', '0.5', '246,912 times its limit of $0.50', '>='],
  ['5', '0', 'over its limit of $0', '>='],
  ['3', '10', 'below its limit of $10', '<'],
  ['10', '10', 'at its limit of $10', '<='],
])('%s against %s is %s', (value, bound, words, operator) => {
  expect(sentence({ ...NOBODY, value: amount(value), bound: fixed(bound), operator })).toMatch(`, ${words}.`);
});

test.each<[string, number, number]>([
  ['10 times the usual $41.20', 412.34, 41.2],
  ['above the usual $41.20', 42, 41.2],
  ['12 % of the usual $41.20', 5, 41.2],
  ['0 % of the usual $41.20', 0, 41.2],
  ['above the usual $0', 5, 0],
])('an anomaly is %s', (words, value, mean) => {
  const baseline = { mean, stddev: 1, floor: 1, n: 28 };
  const said = sentence({ ...NOBODY, value: amount(String(value)), baseline, zscore: 6 });
  expect(said).toMatch(`, ${words}.`);
  expect(said).not.toContain('z');
});

test.each<[string, WindowSpec, FindingChanges['window'], number, string]>([
  ['in the last 15 minutes', rolling(HOUR / 4, '15m'), { from: AT - HOUR / 4, to: AT }, AT, 'UTC'],
  ['in the last 24 hours', rolling(DAY, '1d'), { from: AT - DAY, to: AT }, AT, 'UTC'],
  ['in the last 7 days', rolling(7 * DAY, '7d'), { from: AT - 7 * DAY, to: AT }, AT, 'UTC'],
  ['in the last 90 minutes', rolling(1.5 * HOUR, '1h30m'), { from: AT - 1.5 * HOUR, to: AT }, AT, 'UTC'],
  ['in the last hour', rolling(HOUR, '1h'), { from: AT - HOUR, to: AT }, AT + 120_000, 'UTC'],
  ['in the hour to 2026-11-20 02:05 UTC', rolling(HOUR, '1h'), { from: AT - HOUR, to: AT }, AT + HOUR, 'UTC'],
  ...(
    [
      ['today', 'today', '2026-11-20T00:00:00Z', '2026-11-20T02:05:00Z', '2026-11-20T02:05:00Z'],
      ['on 2026-11-19', 'today', '2026-11-19T00:00:00Z', '2026-11-20T00:00:00Z', '2026-11-20T00:00:00Z'],
      ['yesterday', 'yesterday', '2026-11-19T00:00:00Z', '2026-11-20T00:00:00Z', '2026-11-20T02:05:00Z'],
      ['on 2026-11-18', 'yesterday', '2026-11-18T00:00:00Z', '2026-11-19T00:00:00Z', '2026-11-20T00:00:00Z'],
      ['this week', 'this_week', '2026-11-16T00:00:00Z', '2026-11-20T02:05:00Z', '2026-11-20T02:05:00Z'],
      ['this month', 'this_month', '2026-11-01T00:00:00Z', '2026-11-20T00:00:00Z', '2026-11-20T00:00:00Z'],
      [
        'in the month from 2026-10-01',
        'this_month',
        '2026-10-01T00:00:00Z',
        '2026-11-01T00:00:00Z',
        '2026-11-01T00:00:00Z',
      ],
    ] as const
  ).map(([words, word, from, to, at]): [string, WindowSpec, FindingChanges['window'], number, string] => [
    words,
    { kind: 'calendar', word, text: word },
    { from: Date.parse(from), to: Date.parse(to) },
    Date.parse(at),
    'UTC',
  ]),
])('a window is told as %s', (words, spec, window, at, zone) => {
  expect(sentence({ ...NOBODY, ...(window && { window }) }, { window: spec }, at, zone)).toMatch(
    `spent $312.46 ${words}, 3.1`,
  );
});

const part = (key: string | null, value: string) => ({ key, value: amount(value, 1) });
const shares = (
  breakdown: FindingChanges['breakdown'],
  rest: FindingChanges = {},
  rule: Partial<Rule> = {},
) =>
  /; (.*?)\./.exec(sentence({ value: amount('100'), ...(breakdown && { breakdown }), ...rest }, rule))?.[1] ??
  null;

test('who drives a value is named where somebody makes up half of it, and two together only where that is known', () => {
  expect(shares({ user: [part('ann', '60')], model: [part('m', '70')] })).toBe(
    'user ann makes up 60 % and model m 70 %',
  );
  expect(shares({ user: [part('ann', '100')], model: [part('m', '70')] })).toBe('ann on m makes up 70 %');
  expect(shares({ user: [part('ann', '100')], model: [part('m', '100')] })).toBe(
    'ann on m makes up all of it',
  );
  expect(shares({ user: [part('ann', '99.9')] })).toBe('user ann makes up over 99 %');
  expect(shares({ user: [part(null, '80')] })).toBe('calls with no user make up 80 %');
  expect(shares({ user: [part('ann', '49')], model: [part('m', '40')] })).toBeNull();
  expect(shares({ service: [part('search', '90')], user: [part('ann', '80')] })).toBe(
    'service search makes up 90 %',
  );
  expect(shares({ model: [part('m', '100')] }, {}, { where: { model: { in: ['m'] } } })).toBeNull();
  expect(shares({ model: [part('m', '331'), part('n', '-231')] })).toBeNull();
  expect(shares({ model: [part('m', '100')] }, { operator: '<', bound: fixed('200') })).toBeNull();
  expect(shares({ model: [part('m', '100')] }, { unpriced: { calls: 3, models: 1 } })).toBe(
    'model m makes up all that is priced',
  );
});

test('a rate a day is told in three digits, and only of a present high value of another length than a day', () => {
  const rate = (finding: FindingChanges, rule: Partial<Rule> = {}, at = AT) =>
    /At this rate: (.*) a day\.$/.exec(sentence({ ...NOBODY, ...finding }, rule, at))?.[1] ?? null;
  expect(rate({ value: amount('0.0039') })).toBe('$0.09');
  expect(rate({ value: amount('12000000') })).toBe('$288,000,000');
  expect(rate({ metric: 'calls', value: amount('890412') })).toBe('21,400,000 calls');
  expect(rate({ value: amount('-3'), bound: fixedFromNumber(-5) })).toBeNull();
  expect(rate({ operator: '<', value: amount('3') })).toBeNull();
  expect(rate({}, {}, AT + HOUR)).toBeNull();
  const window = { from: AT - DAY, to: AT };
  expect(rate({ window }, { window: rolling(DAY, '24h') })).toBeNull();
});

test('nobody makes up more than the whole where there are credits, shown or among the others', () => {
  const breakdown = { user: [{ key: 'svc', value: amount('1030') }] };
  const credits = { keys: 2, value: amount('-717.543211'), calls: 3 };
  const others = { user: { ...credits, credits } };
  expect(sentence({ breakdown, others })).not.toContain('makes up');
});
