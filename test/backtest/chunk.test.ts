import { describe, expect, it } from 'vitest';
import { nextChunk } from '../../src/backtest/chunk.ts';
import type { Observation } from '../../src/model/observation.ts';
import { observedHere } from '../../src/model/observed.ts';
import type { Rule } from '../../src/model/rule.ts';
import { ruleOf } from '../rules/rule-fixtures.ts';

const MINUTE = 60_000;

/** What a chunk came to in which the rule saw so many groups. */
function seen(rule: Rule, groups: number) {
  const at = Date.parse('2026-03-01T00:00:00Z');
  const window = { from: at - 60 * MINUTE, to: at };
  const observed = Array.from({ length: groups }, (_, i): Observation => {
    return {
      key: [`u${i}`],
      value: { fixed: 1n, number: 1, calls: 1 },
      window,
      badness: 1n,
    };
  });
  return {
    rule,
    evaluations: [
      { at, judgement: { status: 'ok', observed: observedHere(observed), firing: [] }, pending: [] },
    ],
  } as const;
}

describe('a chunk', () => {
  const threshold = ruleOf('threshold', { threshold: 1, group_by: ['user'] });
  const anomaly = ruleOf('anomaly', { group_by: ['user'] });

  it('is shorter the more groups there are, and never empty', () => {
    const sizes = [1, 1_000, 10_000, 1_000_000].map((groups) =>
      nextChunk(5 * MINUTE, [seen(threshold, groups)]),
    );
    expect(sizes).toEqual([...sizes].sort((a, b) => b - a));
    expect(sizes.at(-1)).toBe(1);
    expect((sizes[2] as number) * 10_000).toBeLessThanOrEqual(400_000);
  });

  it('counts the windows that an anomaly compares with, once where instants share them', () => {
    const even = nextChunk(5 * MINUTE, [seen(anomaly, 10)]);
    const uneven = nextChunk(7 * MINUTE, [seen(anomaly, 10)]);
    expect(uneven).toBeLessThan(even);
    expect(uneven * 10 * 57).toBeLessThanOrEqual(400_000);
  });
});
