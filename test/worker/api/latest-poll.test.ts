import { describe, expect, it } from 'vitest';
import { ruleJson } from '../../../src/check/json.ts';
import { checkedRuleSchema } from '../../../src/check/schema.ts';
import { AppError } from '../../../src/model/errors.ts';
import { jsonText } from '../../../src/model/json.ts';
import type { Rule } from '../../../src/model/rule.ts';
import { seriesOfCells } from '../../../src/model/series.ts';
import type { Verdict } from '../../../src/pipeline/decide.ts';
import type { PolledRule, PollReport } from '../../../src/pipeline/poll.ts';
import { ruleTypes } from '../../../src/rules/index.ts';
import type { RuleType } from '../../../src/rules/rule-type.ts';
import { latestPollOf } from '../../../src/worker/api/latest-poll.ts';
import { cellOf, ruleOf } from '../../rules/rule-fixtures.ts';
import { silenced } from '../../support/silenced.ts';

const AT = Date.UTC(2026, 10, 20, 2, 5);
const HOUR = 3_600_000;
const threshold: RuleType = ruleTypes.threshold;

const rule = (name: string, limit = 100): Rule =>
  ruleOf('threshold', { name, group_by: ['service'], threshold: limit });

function polled(watched: Rule, costs: readonly number[], verdicts: readonly Verdict[] = []): PolledRule {
  const series = seriesOfCells(costs.map((cost, i) => ({ key: [`s${i}`], cells: [cellOf(cost)] })));
  return {
    rule: watched,
    latest: threshold.judge(watched, { at: AT, zone: 'UTC' }, [series]),
    evaluations: [],
    verdicts,
    error: null,
  };
}

const report = (parts: Partial<PollReport>): PollReport => ({
  at: AT,
  newestRow: AT - 1_000,
  rowsRead: 1,
  rules: [],
  queued: [],
  error: null,
  ...parts,
});

const json = (watched: Parameters<typeof ruleJson>[0]) =>
  checkedRuleSchema.parse(JSON.parse(jsonText(ruleJson(watched))));

describe('the latest poll', () => {
  it('has the rules in the order of the file, each as check shows it', () => {
    const [a, b] = [rule('a'), rule('b', 1e6)];
    const { rules, error } = latestPollOf(report({ rules: [polled(b, [1]), polled(a, [50, 312.456789])] }), [
      a,
      b,
    ]);
    expect(error).toBeNull();
    expect(rules.map((one) => json(one))).toMatchObject([
      {
        name: 'a',
        status: 'firing',
        severity: 'warning',
        observed: [
          { group: { service: 's1' }, value: 312.456789 },
          { group: { service: 's0' }, value: 50 },
        ],
        findings: [{ group: { service: 's1' }, value: 312.456789, bound: 100, breakdown: {} }],
      },
      { name: 'b', status: 'ok', severity: null, findings: [] },
    ]);
  });

  it('says of a finding that it is silenced, why and until when', () => {
    const watched = rule('a');
    const silence = silenced(AT - HOUR, AT + HOUR, { rule: 'a' });
    const verdict = (group: string, of: Verdict['silence']): Verdict => ({
      reason: of === null ? 'duplicate' : 'silenced',
      group: [group],
      severity: 'warning',
      at: AT,
      silence: of,
    });
    const { rules } = latestPollOf(
      report({ rules: [polled(watched, [200, 300], [verdict('s0', silence), verdict('s1', null)])] }),
      [watched],
    );
    const { findings } = json(rules[0] as never);
    expect(findings.map(({ group, silenced: why }) => [group.service, why])).toEqual([
      ['s1', undefined],
      ['s0', { reason: 'load test', until: '2026-11-20T03:05:00Z' }],
    ]);
  });

  it('keeps the worst hundred of the groups that it saw and of those that fire', () => {
    const watched = rule('a');
    const costs = Array.from({ length: 150 }, (_, i) => 100 + ((i * 37) % 150));
    const [found] = latestPollOf(report({ rules: [polled(watched, costs)] }), [watched]).rules;
    const { observed, findings, more_findings } = json(found as never);
    expect(observed.map(({ value }) => value)).toEqual(Array.from({ length: 100 }, (_, i) => 249 - i));
    expect(findings.map(({ value }) => value)).toEqual(Array.from({ length: 100 }, (_, i) => 249 - i));
    expect(more_findings).toBe(50);
    const [few] = latestPollOf(report({ rules: [polled(watched, costs.slice(0, 100))] }), [watched]).rules;
    expect(json(few as never).findings).toHaveLength(100);
    expect(json(few as never)).not.toHaveProperty('more_findings');
  });

  it('has the highest severity of all that fires, also where the worst values are milder', () => {
    const watched = rule('a');
    const costs = Array.from({ length: 150 }, (_, i) => 300 - i);
    const { latest, ...others } = polled(watched, costs);
    const firing = latest?.firing.map((one, i) =>
      i === 149 ? { ...one, steps: [{ ...one.steps[0], severity: 'critical' as const }] as const } : one,
    );
    const changed = { ...others, latest: latest && { ...latest, firing: firing ?? [] } };
    const [found] = latestPollOf(report({ rules: [changed] }), [watched]).rules;
    const { severity, findings, more_findings } = json(found as never);
    expect([severity, findings.length, more_findings]).toEqual(['critical', 100, 50]);
    expect(findings.at(-1)).toMatchObject({ value: 151, severity: 'critical' });
  });

  it('gives the reason of a rule that failed, and of a poll that could read nothing', () => {
    const [a, b] = [rule('a'), rule('b')];
    const broken: PolledRule = {
      rule: b,
      latest: null,
      evaluations: [],
      verdicts: [],
      error: new AppError('store_timeout', 'too slow', { hint: 'add an index' }),
    };
    const partly = latestPollOf(report({ rules: [polled(a, [1]), broken], error: broken.error }), [a, b]);
    expect([partly.error, ...partly.rules.map(({ status, error }) => [status, error])]).toEqual([
      null,
      ['ok', null],
      ['error', 'too slow (add an index)'],
    ]);
    const away = latestPollOf(
      report({ newestRow: null, error: new AppError('store_unreachable', 'connection refused') }),
      [a, b],
    );
    expect(away.error).toBe('connection refused');
    expect(away.rules.map(({ status, error }) => [status, error])).toEqual([
      ['error', 'connection refused'],
      ['error', 'connection refused'],
    ]);
  });
});
