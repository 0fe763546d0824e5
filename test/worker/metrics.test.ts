import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { AppError } from '../../src/model/errors.ts';
import type { Firing } from '../../src/model/finding.ts';
import { ONE } from '../../src/model/money.ts';
import type { Observation } from '../../src/model/observation.ts';
import { observedHere } from '../../src/model/observed.ts';
import type { Rule, Severity } from '../../src/model/rule.ts';
import type { GroupKey } from '../../src/model/series.ts';
import type { DeliveryReport } from '../../src/pipeline/delivery-report.ts';
import type { PollReport } from '../../src/pipeline/poll.ts';
import { type Metrics, openMetrics } from '../../src/worker/metrics/metrics.ts';
import { ruleOf } from '../rules/rule-fixtures.ts';
import { metricOf, samplesOf } from '../support/exposition.ts';

const AT = Date.parse('2026-11-20T02:05:00Z');

const rule = (name: string, groupBy: readonly string[] = ['service']): Rule =>
  ruleOf('threshold', { name, group_by: groupBy, threshold: 100 });

function observed(key: GroupKey, dollars: number): Observation {
  const value = { fixed: BigInt(dollars) * ONE, number: dollars, calls: 1 };
  return { key, value, window: { from: AT - 1, to: AT }, badness: value.fixed };
}

function firing(key: GroupKey, ...severities: readonly [Severity, ...Severity[]]): Firing {
  const [first, ...more] = severities.map((severity) => ({ severity, bound: 0n, operator: '>=' as const }));
  return { ...observed(key, 1), steps: [first as Firing['steps'][0], ...more] };
}

function report(changes: Partial<PollReport> = {}): PollReport {
  return { at: AT, newestRow: AT, rowsRead: 0, rules: [], queued: [], error: null, ...changes };
}

function polledRule(
  one: Rule,
  latest: { readonly observed?: readonly Observation[]; readonly firing?: readonly Firing[] } | null,
) {
  const judgement = latest && {
    status: 'ok' as const,
    observed: observedHere(latest.observed ?? []),
    firing: latest.firing ?? [],
  };
  const error = latest === null ? new AppError('rule_failed', 'no') : null;
  return { rule: one, latest: judgement, evaluations: [], verdicts: [], error };
}

function attempt(channel: string, outcome: DeliveryReport['outcome']): DeliveryReport {
  return {
    channel,
    outcome,
    id: 'd1',
    rule: 'burn',
    reason: null,
    attempts: 1,
    ms: 5,
    answer: '',
    nextAt: null,
    reportedTo: [],
  };
}

let metrics: Metrics;
beforeEach(() => {
  metrics = openMetrics('1.2.3');
});
afterEach(() => {
  vi.useRealTimers();
});

const scraped = async () => samplesOf((await metrics.exposition()).text);

describe('the metrics', () => {
  it('have the promised names and types from the start', async () => {
    metrics.useRules([rule('burn')]);
    const { text, contentType } = await metrics.exposition();
    const types = Object.fromEntries(
      [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name, type]) => [name, type]),
    );
    expect(types).toMatchObject({
      spendwatch_polls_total: 'counter',
      spendwatch_poll_duration_seconds: 'histogram',
      spendwatch_rows_read_total: 'counter',
      spendwatch_rule_value: 'gauge',
      spendwatch_rule_limit: 'gauge',
      spendwatch_findings: 'gauge',
      spendwatch_deliveries_total: 'counter',
      spendwatch_queue_length: 'gauge',
      spendwatch_newest_row_age_seconds: 'gauge',
      spendwatch_config_reloads_total: 'counter',
      spendwatch_config_last_reload_successful: 'gauge',
      spendwatch_build_info: 'gauge',
      spendwatch_leader: 'gauge',
    });
    expect(contentType).toContain('text/plain');
    const samples = samplesOf(text);
    expect(metricOf(samples, 'spendwatch_build_info', { version: '1.2.3' })).toBe(1);
    expect(metricOf(samples, 'spendwatch_config_last_reload_successful')).toBe(1);
    // Counters that begin at 0 can be alerted on from their first increase.
    expect(metricOf(samples, 'spendwatch_polls_total', { result: 'failed' })).toBe(0);
    expect(metricOf(samples, 'spendwatch_config_reloads_total', { result: 'failed' })).toBe(0);
  });

  it('have the owner and the labels of each rule beside its values', async () => {
    const owned = ruleOf('threshold', {
      name: 'burn',
      threshold: 100,
      owner: 'search team',
      labels: { team: 'search' },
    });
    metrics.useRules([owned, rule('other')]);
    const samples = samplesOf((await metrics.exposition()).text);
    const labels = { rule: 'burn', owner: 'search team', team: 'search' };
    expect(metricOf(samples, 'spendwatch_rule_info', labels)).toBe(1);
    expect(metricOf(samples, 'spendwatch_rule_info', { rule: 'other', owner: '' })).toBe(1);
    metrics.useRules([rule('other')]);
    const later = samplesOf((await metrics.exposition()).text);
    expect(metricOf(later, 'spendwatch_rule_info', labels)).toBeNull();
  });

  it('have the limits of each rule by severity, and none where its groups have limits of their own', async () => {
    const group_by = ['service'];
    const month = { window: undefined, period: 'month', group_by, amount: 2000 };
    metrics.useRules([
      ruleOf('threshold', { name: 'burn', thresholds: { warning: 50, critical: 99.5 } }),
      ruleOf('threshold', { name: 'quiet', metric: 'calls', threshold: 10, operator: '<' }),
      ruleOf('share', { name: 'part', group_by, threshold: '60%', severity: 'critical' }),
      ruleOf('budget', { name: 'month', ...month }),
      ruleOf('budget', { name: 'months', ...month, amounts: { search: 500 } }),
      ruleOf('anomaly', { name: 'odd' }),
    ]);
    const limits = async () =>
      samplesOf((await metrics.exposition()).text)
        .filter(({ name }) => name === 'spendwatch_rule_limit')
        .map(({ labels, value }) => [labels.rule, labels.severity, value]);
    expect(await limits()).toEqual([
      ['burn', 'warning', 50],
      ['burn', 'critical', 99.5],
      ['quiet', 'warning', 10],
      ['part', 'critical', 0.6],
      ['month', 'warning', 1600],
      ['month', 'critical', 2000],
    ]);
    metrics.useRules([rule('burn')]);
    expect(await limits()).toEqual([['burn', 'warning', 100]]);
  });

  it('count polls by result, how long they took and what they read', async () => {
    metrics.polled(report({ rowsRead: 40 }), 0.2);
    metrics.polled(report({ rowsRead: 2 }), 4);
    metrics.polled(report({ error: new AppError('store_unreachable', 'away'), newestRow: null }), 1);
    const samples = await scraped();
    expect(metricOf(samples, 'spendwatch_polls_total', { result: 'ok' })).toBe(2);
    expect(metricOf(samples, 'spendwatch_polls_total', { result: 'failed' })).toBe(1);
    expect(metricOf(samples, 'spendwatch_rows_read_total')).toBe(42);
    expect(metricOf(samples, 'spendwatch_poll_duration_seconds_count')).toBe(3);
    expect(metricOf(samples, 'spendwatch_poll_duration_seconds_sum')).toBeCloseTo(5.2);
    expect(metricOf(samples, 'spendwatch_poll_duration_seconds_bucket', { le: '0.3' })).toBe(1);
  });

  it('count deliveries of each channel of the file from 0 on, so that the first of an outcome is an increase', async () => {
    metrics.useChannels(['oncall', 'finance']);
    metrics.delivered(attempt('oncall', 'given_up'));
    metrics.useChannels(['oncall']);
    const samples = await scraped();
    const count = (channel: string, outcome: string) =>
      metricOf(samples, 'spendwatch_deliveries_total', { channel, outcome });
    expect([count('oncall', 'given_up'), count('oncall', 'retry'), count('finance', 'given_up')]).toEqual([
      1, 0, 0,
    ]);
  });

  it('count deliveries by outcome, reloads, and what waits', async () => {
    metrics.delivered(attempt('oncall', 'delivered'));
    metrics.delivered(attempt('oncall', 'retry'));
    metrics.delivered(attempt('oncall', 'retry'));
    metrics.queued(new Map([['oncall', 3]]));
    metrics.queued(new Map([['finance', 2]]));
    metrics.reloaded(false);
    const samples = await scraped();
    expect(
      metricOf(samples, 'spendwatch_deliveries_total', { channel: 'oncall', outcome: 'delivered' }),
    ).toBe(1);
    expect(metricOf(samples, 'spendwatch_deliveries_total', { channel: 'oncall', outcome: 'retry' })).toBe(2);
    expect(metricOf(samples, 'spendwatch_queue_length')).toBe(2);
    expect(metricOf(samples, 'spendwatch_queue_length', { channel: 'finance' })).toBe(2);
    expect(metricOf(samples, 'spendwatch_config_last_reload_successful')).toBe(0);
    expect(metricOf(samples, 'spendwatch_config_reloads_total', { result: 'failed' })).toBe(1);
    metrics.reloaded(true);
    expect(metricOf(await scraped(), 'spendwatch_config_last_reload_successful')).toBe(1);
  });
});

describe('the age of the newest row', () => {
  it('is read when it is scraped, and goes on growing while nothing can be read', async () => {
    expect(metricOf(await scraped(), 'spendwatch_newest_row_age_seconds')).toBeNull();
    vi.useFakeTimers({ now: AT, toFake: ['Date'] });
    metrics.polled(report({ newestRow: AT - 5_000 }), 0.1);
    expect(metricOf(await scraped(), 'spendwatch_newest_row_age_seconds')).toBe(5);
    vi.setSystemTime(AT + 60_000);
    metrics.polled(report({ newestRow: null, error: new AppError('store_unreachable', 'away') }), 0.1);
    expect(metricOf(await scraped(), 'spendwatch_newest_row_age_seconds')).toBe(65);
  });

  it('is not negative for rows of a clock that is ahead', async () => {
    metrics.polled(report({ newestRow: Date.now() + 60_000 }), 0.1);
    expect(metricOf(await scraped(), 'spendwatch_newest_row_age_seconds')).toBe(0);
  });
});

describe('the values of rules', () => {
  it('carry the dimensions of each rule, NULL as (none)', async () => {
    const [byService, total] = [rule('by-service', ['service', 'user']), rule('total', [])];
    metrics.useRules([byService, total]);
    const rules = [
      polledRule(byService, { observed: [observed(['search', null], 312), observed(['chat', 'ann'], 4)] }),
      polledRule(total, { observed: [observed([], 316)] }),
    ];
    metrics.polled(report({ rules }), 0.1);
    const values = (await scraped()).filter(({ name }) => name === 'spendwatch_rule_value');
    expect(values).toEqual([
      {
        name: 'spendwatch_rule_value',
        labels: { rule: 'by-service', service: 'search', user: '(none)' },
        value: 312,
      },
      {
        name: 'spendwatch_rule_value',
        labels: { rule: 'by-service', service: 'chat', user: 'ann' },
        value: 4,
      },
      { name: 'spendwatch_rule_value', labels: { rule: 'total' }, value: 316 },
    ]);
  });

  it('are those of the twenty largest groups, whichever side is bad', async () => {
    const one = rule('burn');
    metrics.useRules([one]);
    const groups = Array.from({ length: 50 }, (_, i) => observed([`s${i}`], i));
    metrics.polled(report({ rules: [polledRule(one, { observed: groups })] }), 0.1);
    const values = (await scraped()).filter(({ name }) => name === 'spendwatch_rule_value');
    expect(values.map(({ value }) => value)).toEqual(Array.from({ length: 20 }, (_, i) => 49 - i));
  });

  it('replace those of the poll before', async () => {
    const one = rule('burn');
    metrics.useRules([one]);
    metrics.polled(report({ rules: [polledRule(one, { observed: [observed(['old'], 1)] })] }), 0.1);
    metrics.polled(report({ rules: [polledRule(one, { observed: [observed(['new'], 2)] })] }), 0.1);
    expect(metricOf(await scraped(), 'spendwatch_rule_value', { service: 'old' })).toBeNull();
  });

  it('can be read whatever groups are called', async () => {
    const one = rule('burn');
    metrics.useRules([one]);
    const names = [
      'a"b',
      'a\\b',
      'a\nb',
      'a\r\nb',
      '<!channel>',
      'x'.repeat(300),
      '👩‍👩‍👧',
      'gnp\u202e',
      '\u2028',
    ];
    metrics.polled(
      report({ rules: [polledRule(one, { observed: names.map((name, i) => observed([name], i)) })] }),
      0.1,
    );
    const values = (await scraped()).filter(({ name }) => name === 'spendwatch_rule_value');
    expect(values).toHaveLength(names.length);
    expect(values.map(({ labels }) => labels.service)).toEqual(
      expect.arrayContaining(['a"b', 'a\\b', 'a\nb']),
    );
  });

  it('keep clear of names that labels cannot have', async () => {
    const one = rule('burn', ['rule', '__name__']);
    metrics.useRules([one]);
    metrics.polled(report({ rules: [polledRule(one, { observed: [observed(['a', 'b'], 1)] })] }), 0.1);
    expect(metricOf(await scraped(), 'spendwatch_rule_value', { rule: 'burn', dimension_rule: 'a' })).toBe(1);
  });
});

describe('what fires now', () => {
  it('is counted by the severity that names each finding', async () => {
    const one = rule('burn');
    metrics.useRules([one]);
    const both = [firing(['a'], 'warning', 'critical'), firing(['b'], 'warning')];
    metrics.polled(report({ rules: [polledRule(one, { firing: both })] }), 0.1);
    const counts = async () =>
      Object.fromEntries(
        (await scraped())
          .filter(({ name }) => name === 'spendwatch_findings')
          .map(({ labels, value }) => [labels.severity, value]),
      );
    expect(await counts()).toEqual({ info: 0, warning: 1, critical: 1 });
    metrics.polled(report({ rules: [polledRule(one, {})] }), 0.1);
    expect(await counts()).toEqual({ info: 0, warning: 0, critical: 0 });
  });
});

describe('a reload', () => {
  const [burn, other] = [rule('burn'), rule('other')];
  const both = report({
    rules: [burn, other].map((one) =>
      polledRule(one, { observed: [observed(['a'], 5)], firing: [firing(['a'], 'critical')] }),
    ),
  });
  beforeEach(() => {
    metrics.useRules([burn, other]);
    metrics.polled(both, 0.1);
  });

  it('drops the series of a rule that went away and keeps those of the others', async () => {
    metrics.useRules([other]);
    const samples = await scraped();
    expect(metricOf(samples, 'spendwatch_rule_value', { rule: 'burn' })).toBeNull();
    expect(metricOf(samples, 'spendwatch_findings', { rule: 'burn' })).toBeNull();
    expect(metricOf(samples, 'spendwatch_rule_value', { rule: 'other' })).toBe(5);
  });

  it('can be scraped at once where a rule groups by something else now', async () => {
    metrics.useRules([rule('burn', ['model']), other]);
    const samples = await scraped();
    expect(metricOf(samples, 'spendwatch_rule_value', { rule: 'burn' })).toBeNull();
    expect(metricOf(samples, 'spendwatch_rule_value', { rule: 'other', service: 'a' })).toBe(5);
  });
});

describe('a worker that stands by', () => {
  it('shows that it does not lead, and nothing of what it saw before', async () => {
    const one = rule('burn');
    metrics.useRules([one]);
    metrics.leads(true);
    const seen = { observed: [observed(['a'], 5)], firing: [firing(['a'], 'critical')] };
    metrics.polled(report({ rules: [polledRule(one, seen)] }), 0.1);
    expect(metricOf(await scraped(), 'spendwatch_leader')).toBe(1);
    metrics.leads(false);
    const samples = await scraped();
    expect(metricOf(samples, 'spendwatch_leader')).toBe(0);
    for (const name of [
      'spendwatch_rule_value',
      'spendwatch_findings',
      'spendwatch_newest_row_age_seconds',
    ]) {
      expect(metricOf(samples, name)).toBeNull();
    }
  });

  it('keeps what it saw while nobody knows who leads', async () => {
    const one = rule('burn');
    metrics.useRules([one]);
    metrics.polled(report({ rules: [polledRule(one, { observed: [observed(['a'], 5)] })] }), 0.1);
    metrics.leads(null);
    const samples = await scraped();
    expect(metricOf(samples, 'spendwatch_leader')).toBe(0);
    expect(metricOf(samples, 'spendwatch_rule_value')).toBe(5);
  });
});
