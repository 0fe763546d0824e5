import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cronSchedule } from '../../src/model/cron-schedule.ts';
import { AppError } from '../../src/model/errors.ts';
import { ONE } from '../../src/model/money.ts';
import type { Query, Series } from '../../src/model/series.ts';
import { type Assignment, evaluateRules, evaluationTimeOf } from '../../src/pipeline/evaluate-rules.ts';
import { ruleOf } from '../rules/rule-fixtures.ts';
import { type CallStore, openCallStore } from '../support/call-store.ts';

const MINUTE = 60_000;
const AT = Date.parse('2026-11-20T14:00:00Z');
const rule = (keys: Record<string, unknown> = {}) =>
  ruleOf('threshold', { window: '5m', threshold: 10, ...keys });

describe('an evaluation time', () => {
  it('looks back at the scheduled instants of the time for which a rule must hold', () => {
    const quarters = cronSchedule('*/15 * * * *', 'UTC');
    expect(evaluationTimeOf(rule(), AT, quarters)).toEqual({ at: AT, earlier: [] });
    expect(evaluationTimeOf(rule({ for: '30m' }), AT, quarters).earlier).toEqual([
      AT - 30 * MINUTE,
      AT - 15 * MINUTE,
    ]);
  });
});

describe('evaluating rules', () => {
  let calls: CallStore;
  beforeAll(async () => {
    calls = await openCallStore();
    await calls.log(
      { at: AT - 6 * MINUTE, cost: 20 },
      { at: AT - MINUTE, cost: 5 },
      { at: AT - MINUTE, cost: 4 },
    );
  });
  afterAll(() => calls.stop());
  const assigned = (keys: Record<string, unknown>, ...instants: number[]): Assignment => ({
    rule: rule(keys),
    times: instants.map((at) => ({ at, earlier: [] })),
  });

  it('judges each rule at all its evaluation times, and the others when one cannot be judged', async () => {
    const { outcomes, newestRow } = await evaluateRules(
      calls.store,
      'UTC',
      [assigned({ group_by: ['team'] }, AT), assigned({}, AT - 5 * MINUTE, AT)],
      AT,
    );
    expect(newestRow).toBe(AT - MINUTE);
    expect(outcomes[0]).toMatchObject({
      evaluations: [],
      error: { message: expect.stringContaining('team') },
    });
    expect(outcomes[1]?.error).toBeNull();
    expect(outcomes[1]?.evaluations.map(({ judgement }) => judgement.status)).toEqual(['firing', 'ok']);
  });

  it('also answers other queries, whatever the rules ask for', async () => {
    const query: Query = {
      measures: ['calls'],
      where: {},
      groupBy: [],
      windows: [{ from: AT - 10 * MINUTE, to: AT }],
    };
    const refused: Query = { ...query, groupBy: ['team'] };
    for (const rules of [[], [assigned({ where: { service: 'nobody' } }, AT)]]) {
      const { outcomes, beside } = await evaluateRules(calls.store, 'UTC', rules, AT, {
        beside: [refused, query],
      });
      expect(outcomes).toHaveLength(rules.length);
      expect(beside[0]).toBeInstanceOf(AppError);
      expect((beside[1] as Series).cell(0, 0)?.sums.calls).toBe(3n * ONE);
    }
    expect((await evaluateRules(calls.store, 'UTC', [], AT)).beside).toEqual([]);
  });
});
