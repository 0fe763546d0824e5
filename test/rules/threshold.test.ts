import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Reached } from '../../src/model/finding.ts';
import { fixedFromNumber } from '../../src/model/money.ts';
import { type Cell, type Series, seriesOfCells } from '../../src/model/series.ts';
import { threshold } from '../../src/rules/threshold.ts';
import { cellOf, faultsOf, plainly, ruleOf, seriesOf } from './rule-fixtures.ts';

const AT = Date.UTC(2026, 10, 20, 2, 5);
const CONTEXT = { at: AT, zone: 'UTC' };
const usd = fixedFromNumber;

function judge(keys: Record<string, unknown>, series: Series) {
  return plainly(threshold.judge(ruleOf('threshold', keys), CONTEXT, [series]));
}

describe('a threshold', () => {
  it('asks for its window, groups and filter in one query', () => {
    const rule = ruleOf('threshold', {
      threshold: 1,
      group_by: ['service'],
      where: { user: { not: [null] } },
    });
    expect(threshold.queries(rule, CONTEXT)).toEqual([
      {
        measures: ['cost', 'calls'],
        where: { user: { notIn: [null] } },
        groupBy: ['service'],
        windows: [{ from: AT - 3_600_000, to: AT }],
      },
    ]);
  });

  it('of 100.00 fires at exactly 100.00 and not a picodollar below', () => {
    const exact = { key: [], cells: [cellOf(100)] };
    const below = { key: [], cells: [{ sums: { cost: usd(100) - 1n, calls: usd(1) }, sketches: {} }] };
    expect(judge({ threshold: 100.0 }, seriesOfCells([exact])).firing).toHaveLength(1);
    expect(judge({ threshold: 100.0 }, seriesOfCells([below]))).toMatchObject({ status: 'ok', firing: [] });
  });

  it.each([
    ['>=', [100, 101]],
    ['>', [101]],
    ['<=', [99, 100]],
    ['<', [99]],
  ])('with %s fires at %j of 99, 100, 101', (operator, firing) => {
    const values = [99, 100, 101].filter(
      (value) => judge({ threshold: 100, operator }, seriesOf([[], cellOf(value)])).status === 'firing',
    );
    expect(values).toEqual(firing);
  });

  it('reaches in one of many windows what it fires by: near limits, above them, with few calls, and without rows', () => {
    const near = [0, 1e-12, -1e-12, 1e-7, -1e-7, 1, -1];
    const value = fc.record({
      limit: fc.constantFrom(-5, 0, 10.5, 50, 1e9),
      by: fc.constantFrom(...near),
      calls: fc.nat({ max: 40 }),
      isThere: fc.boolean(),
    });
    const limits = fc.constantFrom(
      { threshold: 50 },
      { thresholds: { info: -5, warning: '10.5', critical: 1e9 } },
    );
    const operator = fc.constantFrom('>=', '>', '<=', '<');
    const metric = fc.constantFrom('spend', 'calls', 'cost_per_call', 'errors');
    fc.assert(
      fc.property(
        limits,
        operator,
        metric,
        fc.nat({ max: 30 }),
        fc.oneof(
          fc.record({ groupBy: fc.constant(['service']), values: fc.array(value) }),
          fc.record({ groupBy: fc.constant([]), values: fc.array(value, { maxLength: 1 }) }),
        ),
        (given, op, of, minCalls, { groupBy, values }) => {
          const falling = op.startsWith('<') && 'thresholds' in given;
          const steps = falling ? { thresholds: { info: 1e9, warning: '10.5', critical: -5 } } : given;
          const keys = { ...steps, operator: op, metric: of, min_calls: minCalls, group_by: groupBy };
          const rule = ruleOf('threshold', keys);
          const groups = values.map(({ limit, by, calls, isThere }, i) => {
            const cost = usd(limit) + BigInt(Math.round(by * 1e12));
            const sums = { cost, calls: usd(calls), failed: usd(calls) };
            const cell: Cell | null = isThere ? { sums, sketches: {} } : null;
            return { key: groupBy.map(() => String(i)), cells: [cellOf(20, 100, { failed: 100 }), cell] };
          });
          const all = seriesOfCells(groups);
          const here = groups.flatMap(({ key, cells: [, cell] }) => (cell ? [{ key, cells: [cell] }] : []));
          const told = (reached: readonly Reached[] = []) =>
            reached.map(({ key, steps: own }) => [key, own]).sort();
          const { firing } = threshold.judge(rule, CONTEXT, [seriesOfCells(here)]);
          expect(told(threshold.reached?.(rule, [all], [[1]]))).toEqual(told(firing));
        },
      ),
      { numRuns: 500 },
    );
  });

  it('names every step that was reached, by ascending severity', () => {
    const rule = { thresholds: { critical: 100, info: '10.5', warning: 50 } };
    const steps = (value: number) => judge(rule, seriesOf([[], cellOf(value)])).firing[0]?.steps;
    expect(steps(10)).toBeUndefined();
    expect(steps(60)).toEqual([
      { severity: 'info', bound: usd(10.5), operator: '>=' },
      { severity: 'warning', bound: usd(50), operator: '>=' },
    ]);
    expect(steps(100)?.map(({ severity }) => severity)).toEqual(['info', 'warning', 'critical']);
  });

  it('puts the worst first: the largest, the smallest for < and <=, equal ones by name with NULL last', () => {
    const series = seriesOf(
      [['b'], cellOf(5)],
      [[null], cellOf(5)],
      [['c'], cellOf(9)],
      [['a'], cellOf(5)],
      [['d'], cellOf(1)],
    );
    const order = (operator: string) =>
      judge({ threshold: 5, operator, group_by: ['service'] }, series).observed.map(({ key }) => key[0]);
    expect(order('>=')).toEqual(['c', 'a', 'b', null, 'd']);
    expect(order('<')).toEqual(['d', 'a', 'b', null, 'c']);
  });

  it('observes one zero without rows, or none with group_by, and knows nothing of a ratio', () => {
    const nothing = seriesOf();
    expect(judge({ threshold: 1 }, nothing)).toMatchObject({
      status: 'ok',
      observed: [{ key: [], value: { fixed: 0n } }],
    });
    expect(judge({ threshold: 1, operator: '<' }, nothing).status).toBe('firing');
    expect(judge({ threshold: 1, group_by: ['service'] }, nothing)).toMatchObject({
      status: 'ok',
      observed: [],
    });
    expect(judge({ threshold: 1, metric: 'error_rate' }, nothing)).toMatchObject({
      status: 'no_data',
      observed: [],
    });
    const free = judge({ threshold: 1, metric: 'cost_per_1k_tokens' }, seriesOf([[], cellOf(1)]));
    expect(free).toMatchObject({ status: 'no_data', observed: [] });
  });

  it('observes groups with too few calls without firing for them', () => {
    const judgement = judge(
      { threshold: 1, min_calls: 10, group_by: ['service'] },
      seriesOf([['a'], cellOf(5, 9)], [['b'], cellOf(4, 10)]),
    );
    expect(judgement.observed).toHaveLength(2);
    expect(judgement.firing.map(({ key }) => key[0])).toEqual(['b']);
  });
});

describe('the keys of a threshold', () => {
  it('become a rule, with the defaults of the file for missing ones', () => {
    expect(
      ruleOf('threshold', { threshold: 100.1, for: '15m', delay: '2m', growth: 'off', errors: undefined }),
    ).toEqual({
      type: 'threshold',
      name: 'r',
      enabled: true,
      severity: 'warning',
      metric: 'spend',
      errors: null,
      window: { kind: 'rolling', ms: 3_600_000, text: '1h' },
      groupBy: [],
      where: {},
      notify: { info: ['oncall'], warning: ['oncall'], critical: ['oncall'] },
      message: null,
      owner: null,
      runbook: null,
      links: {},
      labels: {},
      forMs: 900_000,
      delayMs: 120_000,
      resolveAfterMs: 900_000,
      dedupe: 'day',
      growth: null,
      minCalls: 0,
      operator: '>=',
      steps: [{ severity: 'warning', bound: 100_100_000_000_000n }],
    });
  });

  it('take numbers as text, since variables are replaced by text', () => {
    const rule = ruleOf('threshold', {
      threshold: '100.10',
      growth: '2.5',
      min_calls: '7',
      metric: 'errors',
      errors: ['429', '5xx'],
    });
    expect(rule).toMatchObject({
      steps: [{ bound: usd(100.1) }],
      growth: 2.5,
      minCalls: 7,
      errors: { in: [429, '5xx'] },
    });
  });

  it('send severities that notify leaves out where the defaults say', () => {
    const { notify } = ruleOf('threshold', { threshold: 1, notify: { critical: ['pager'], info: [] } });
    expect(notify).toEqual({ info: [], warning: ['oncall'], critical: ['pager'] });
  });

  it('read conditions in all their spellings', () => {
    const where = { a: 'x', b: ['x', null], c: { not: ['x'] }, d: null, e: { not: null } };
    expect(ruleOf('threshold', { threshold: 1, where }).where).toEqual({
      a: { in: ['x'] },
      b: { in: ['x', null] },
      c: { notIn: ['x'] },
      d: { in: [null] },
      e: { notIn: [null] },
    });
  });

  it.each([
    [{}, 'threshold', 'limit is missing', 'threshold: N'],
    [{ threshold: 1, thresholds: { info: 1 } }, 'thresholds', 'exclude each other', 'keep one'],
    [{ thresholds: {} }, 'thresholds', 'no limit', 'at least one'],
    [{ thresholds: { warning: 9, critical: 5 } }, 'thresholds.critical', 'critical is below warning', '<='],
    [{ thresholds: { info: 9, critical: 5 } }, 'thresholds.critical', 'critical is below info', '<='],
    [{ thresholds: { info: 5, critical: 9 }, operator: '<' }, 'thresholds.critical', 'above info', '>='],
    [{ threshold: 'lots' }, 'threshold', 'not a number', 'decimal'],
    [{ threshold: 1, errors: [429] }, 'errors', 'does not look at failed calls', 'error_rate'],
    [{ threshold: 1, metric: 'errors', errors: [204] }, 'errors.0', 'not a failure', '200 to 399'],
    [
      { threshold: 1, metric: 'errors', errors: { not: [429, 204] } },
      'errors.not.1',
      'not a failure',
      '200 to 399',
    ],
    [{ threshold: 1, group_by: ['a', 'a'] }, 'group_by.1', 'twice', 'once'],
    [{ threshold: 1, for: '25h' }, 'for', 'at most 24h', ''],
    [{ threshold: 1, delay: '2 minutes' }, 'delay', 'not a duration', '15m'],
    [{ threshold: 1, window: 'last_week' }, 'window', 'not a window', 'this_week'],
    [{ threshold: 1, growth: 1 }, 'growth', 'above 1, or off', ''],
    [{ threshold: 1, min_calls: 1.5 }, 'min_calls', 'whole number', ''],
    [{ threshold: 1, where: { a: [] } }, 'where.a', 'matches nothing', ''],
  ])('refuse %j at %s', (keys, path, message, hint) => {
    const fault = faultsOf('threshold', keys).find((one) => one.path === path);
    expect(fault?.message).toContain(message);
    expect(fault?.hint).toContain(hint);
  });

  it('report faults between keys beside those of single ones', () => {
    const paths = faultsOf('threshold', {
      metric: 'spent',
      window: '1x',
      errors: 3,
      group_by: ['a', 'a'],
    }).map(({ path }) => path);
    expect(paths.sort()).toEqual(['errors', 'group_by.1', 'metric', 'threshold', 'window']);
  });

  it('allow equal limits', () => {
    expect(faultsOf('threshold', { thresholds: { warning: 5, critical: 5 } })).toEqual([]);
  });
});

describe('the identity of a threshold', () => {
  const identity = (keys: Record<string, unknown>) =>
    JSON.stringify(threshold.identity(ruleOf('threshold', { threshold: 5, group_by: ['service'], ...keys })));
  const same = identity({ where: { user: ['a', 'b'], model: 'x' } });

  it.each([
    [{ name: 'other' }],
    [{ message: 'words' }],
    [{ notify: ['pager'] }],
    [{ dedupe: 'week' }],
    [{ growth: 'off' }],
    [{ enabled: false }],
    [{ window: '60m' }],
    [{ threshold: 5.0 }],
    [{ threshold: undefined, thresholds: { warning: '5.00' } }],
    [{ where: { model: 'x', user: ['b', 'a', 'b'] } }],
  ])('stays with %j', (keys) => {
    expect(identity({ where: { user: ['a', 'b'], model: 'x' }, ...keys })).toBe(same);
  });

  it('differs with everything that it measures or limits', () => {
    const changes = [
      {},
      { metric: 'calls' },
      { metric: 'errors' },
      { metric: 'errors', errors: [429] },
      { metric: 'errors', errors: { not: [429] } },
      { where: { user: null } },
      { where: { user: 'null' } },
      { where: { user: { not: null } } },
      { group_by: ['model'] },
      { window: '2h' },
      { window: 'today' },
      { delay: '1m' },
      { operator: '>' },
      { threshold: 6 },
      { severity: 'critical' },
      { for: '5m' },
      { min_calls: 1 },
    ];
    expect(new Set(changes.map(identity)).size).toBe(changes.length);
  });
});
