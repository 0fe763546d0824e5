import { describe, expect, it } from 'vitest';
import type { Rule } from '../../src/model/rule.ts';
import type { Series } from '../../src/model/series.ts';
import { budget } from '../../src/rules/budget.ts';
import { ruleTypeOf } from '../../src/rules/index.ts';
import { limitShare } from '../../src/worker/limit-share.ts';
import { cellOf, ruleOf, seriesOf } from '../rules/rule-fixtures.ts';

const AT = Date.parse('2026-11-20T02:05:00Z');

function shareIn(rule: Rule, series: Series): number | null {
  return limitShare(rule, ruleTypeOf(rule).judge(rule, { at: AT, zone: 'UTC' }, [series]).observed);
}

function budgetOf(keys: object): Rule {
  const given = { type: 'budget', name: 'b', period: 'month', group_by: ['service'], ...keys };
  return budget.schema.parse(given)({ severity: 'warning', notify: ['oncall'] });
}

describe('how near a rule is to its limit', () => {
  it('is the part of the mildest limit that the worst group has reached', () => {
    const rule = ruleOf('threshold', { group_by: ['service'], thresholds: { warning: 50, critical: 100 } });
    expect(shareIn(rule, seriesOf([['a'], cellOf(5)], [['b'], cellOf(41.5)], [['c'], cellOf(12)]))).toBe(
      0.83,
    );
  });

  it('is the part of the value that is the limit, where low values fire', () => {
    const rule = ruleOf('threshold', { group_by: ['service'], threshold: 10, operator: '<' });
    expect(shareIn(rule, seriesOf([['a'], cellOf(40)], [['b'], cellOf(12.5)]))).toBe(0.8);
  });

  it('is nothing where there is no group, no ratio with the limit, or no limit of its own', () => {
    const plain = ruleOf('threshold', { metric: 'error_rate', group_by: ['service'], threshold: 0.5 });
    expect(shareIn(plain, seriesOf())).toBeNull();
    const zero = ruleOf('threshold', { group_by: ['service'], threshold: 0, operator: '>' });
    expect(shareIn(zero, seriesOf([['a'], cellOf(0)]))).toBeNull();
    const compared = ruleOf('change', { group_by: ['service'], against: 'day', ratio: 2 });
    expect(shareIn(compared, seriesOf([['a'], cellOf(3), cellOf(2)]))).toBeNull();
  });

  it('passes over groups with too few calls, which cannot fire', () => {
    const rule = ruleOf('threshold', {
      metric: 'cost_per_call',
      group_by: ['user'],
      threshold: 1,
      min_calls: 20,
    });
    const series = seriesOf([['a'], cellOf(6, 2)], [['b'], cellOf(10, 100)], [['c'], cellOf(20, 40)]);
    expect(shareIn(rule, series)).toBe(0.5);
    expect(shareIn(rule, seriesOf([['a'], cellOf(6, 2)]))).toBeNull();
  });

  it('counts of a budget the part of the step that each group has from its own amount', () => {
    const spent = seriesOf([['search'], cellOf(600)], [['ads'], cellOf(300)]);
    expect(shareIn(budgetOf({ amount: 1000 }), spent)).toBe(0.75);
    expect(shareIn(budgetOf({ amount: 1000, amounts: { ads: 400 } }), spent)).toBe(0.9375);
  });

  it('counts of a share the part of the limit on it', () => {
    const rule = ruleOf('share', { group_by: ['service'], threshold: '80%' });
    expect(shareIn(rule, seriesOf([['a'], cellOf(60)], [['b'], cellOf(40)]))).toBeCloseTo(0.75, 12);
  });
});
