import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { findingJson } from '../../src/model/finding-json.ts';
import { firstSentence } from '../../src/model/first-sentence.ts';
import { jsonText } from '../../src/model/json.ts';
import { fixedFromNumber, ONE } from '../../src/model/money.ts';
import { type Series, seriesOfCells } from '../../src/model/series.ts';
import { unexplained } from '../../src/pipeline/explain.ts';
import { share } from '../../src/rules/share.ts';
import { cellOf, plainly, ruleOf, seriesOf } from './rule-fixtures.ts';

const AT = Date.UTC(2026, 10, 20, 2, 5);
const usd = fixedFromNumber;

function ruleWith(keys: Record<string, unknown> = {}) {
  const limit = keys.thresholds === undefined ? { threshold: '50%' } : {};
  return ruleOf('share', { group_by: ['service'], ...limit, ...keys });
}

function judge(keys: Record<string, unknown>, series: Series) {
  return plainly(share.judge(ruleWith(keys), { at: AT, zone: 'UTC' }, [series]));
}

function spending(amounts: Readonly<Record<string, number>>): Series {
  return seriesOf(
    ...Object.entries(amounts).map(([name, amount]) => [[name], cellOf(amount)] as [[string], never]),
  );
}

describe('a share', () => {
  it('is what a group has of the total of all groups', () => {
    const { status, observed, firing } = judge({}, spending({ search: 62, chat: 30, batch: 8 }));
    expect(status).toBe('firing');
    expect(observed.map(({ key, value }) => [key[0], value.number])).toEqual([
      ['search', 0.62],
      ['chat', 0.3],
      ['batch', 0.08],
    ]);
    expect(firing).toMatchObject([
      { key: ['search'], total: usd(100), part: usd(62), steps: [{ bound: usd(0.5), operator: '>=' }] },
    ]);
  });

  it('reaches every limit up to its own, and the highest names it', () => {
    const { firing } = judge(
      { thresholds: { warning: '50%', critical: 0.6 } },
      spending({ search: 60, chat: 40 }),
    );
    expect(firing[0]?.steps.map(({ severity }) => severity)).toEqual(['warning', 'critical']);
  });

  it('fires exactly where the part times 1 reaches the limit times the total, down to the last digit', () => {
    const part = fc.bigInt({ min: -3n * ONE, max: 40n * ONE });
    const nudge = fc.constantFrom(-1n, 0n, 1n);
    fc.assert(
      fc.property(
        fc.array(part, { maxLength: 6 }),
        fc.integer({ min: 1, max: 100 }),
        nudge,
        (given, percent, by) => {
          // The first group is put at the limit, or a picodollar beside it.
          const rest = given.filter((value) => value > 0n).reduce((sum, value) => sum + value, 0n);
          const own = percent === 100 ? ONE : (rest * BigInt(percent)) / BigInt(100 - percent) + by;
          const parts = [own, ...given];
          const series = seriesOfCells(
            parts.map((cost, i) => ({
              key: [`g${i}`],
              cells: [{ sums: { cost, calls: ONE }, sketches: {} }],
            })),
          );
          const { firing, status } = judge({ threshold: `${percent}%` }, series);
          const positive = parts.filter((value) => value > 0n);
          const total = positive.reduce((sum, value) => sum + value, 0n);
          const isJudged = total >= 10n * ONE && positive.length >= 2;
          const expected = parts.flatMap((value, i) =>
            isJudged && value > 0n && value * 100n >= BigInt(percent) * total ? [`g${i}`] : [],
          );
          expect(firing.map(({ key }) => key[0]).sort()).toEqual(expected);
          expect(status).toBe(expected.length > 0 ? 'firing' : 'ok');
        },
      ),
    );
  });

  it('is not judged below min_total, of one group alone, and of credits', () => {
    expect(judge({}, spending({ search: 9.99, chat: 0.009999 }))).toMatchObject({
      status: 'ok',
      observed: [],
    });
    expect(judge({}, spending({ search: 9.99, chat: 0.01 })).status).toBe('firing');
    expect(judge({ min_total: 0 }, spending({ search: 0.02, chat: 0.01 })).status).toBe('firing');
    expect(judge({}, spending({ search: 500 }))).toMatchObject({ status: 'ok', observed: [] });
    expect(judge({}, spending({ search: 500, chat: -100, batch: 0 })).status).toBe('ok');
    expect(judge({}, spending({ chat: -100, batch: 0 })).status).toBe('ok');
    expect(judge({}, spending({}))).toMatchObject({ status: 'ok', observed: [] });
  });

  it('of few calls does not fire', () => {
    const series = spending({ search: 62, chat: 38 });
    expect(judge({ min_calls: 101 }, series)).toMatchObject({ status: 'ok', firing: [] });
    expect(judge({ min_calls: 100 }, series).status).toBe('firing');
  });

  it('is told as a percentage, with the dollars behind it, and never as dollars itself', () => {
    const rule = ruleWith({ thresholds: { warning: '50%', critical: '80%' } });
    const series = seriesOf([['search'], cellOf(83.25)], [['chat'], cellOf(16.75)]);
    const { firing, observed } = share.judge(rule, { at: AT, zone: 'UTC' }, [series]);
    const finding = { ...unexplained(rule, firing[0] as never), unpriced: { calls: 12, models: 1 } };
    expect(firstSentence(rule, finding, AT, 'UTC')).toBe(
      'Service search made up 83.3 % of the total spend in the last hour, $83.25 of $100, over its limit of 80 %.',
    );
    const part = (key: string, amount: number) => ({
      key,
      value: { fixed: usd(amount), number: amount, calls: 9 },
    });
    const breakdown = { user: [part('svc-indexer', 80), part('ann', 2)], model: [part('gpt-4.1', 83.25)] };
    const others = { user: { keys: 1, value: part('', 1.25).value, calls: 1, credits: null } };
    expect(firstSentence(rule, { ...finding, breakdown, others, unpriced: null }, AT, 'UTC')).toMatch(
      /of 80 %; svc-indexer on gpt-4.1 makes up 96 % of its part\.$/,
    );
    const { facts, lines, reason } = finding.description;
    expect([...facts, lines, reason]).toEqual([
      ['Share', '83.3 % of the total spend: $83.25 of $100.00 in 2 groups'],
      ['Limit', '80 % or more is critical'],
      ['$83.25 of $100.00 in 2 groups'],
      'limit 80 %',
    ]);
    expect(JSON.parse(jsonText(findingJson(finding)))).toMatchObject({
      metric: 'spend',
      unit: 'ratio',
      value: 0.8325,
      bound: 0.8,
      total: 100,
      per_day: null,
    });
    expect(share.limitText(rule)).toBe('>= 50 % / 80 %');
    expect(share.perfdata(rule, observed.worst(1)[0])).toEqual({
      value: '0.8325',
      warning: '0.5',
      critical: '0.8',
    });
  });

  it('of nearly all is not all', () => {
    const rule = ruleWith();
    const series = seriesOf([['search'], cellOf(99_999)], [['chat'], cellOf(0.01)]);
    const { firing } = share.judge(rule, { at: AT, zone: 'UTC' }, [series]);
    expect(unexplained(rule, firing[0] as never).description.value).toBe('>99.9 % of the total spend');
  });

  it('counts what its metric counts', () => {
    const series = seriesOf([['search'], cellOf(1, 700)], [['chat'], cellOf(99, 300)]);
    const rule = ruleWith({ metric: 'calls' });
    const { firing } = share.judge(rule, { at: AT, zone: 'UTC' }, [series]);
    expect(unexplained(rule, firing[0] as never).description.facts[0]).toEqual([
      'Share',
      '70 % of the total calls: 700 of 1,000 calls in 2 groups',
    ]);
  });

  it.each(['50%', ' 50.0 % ', 0.5, '0.5', '5e-1'])('takes %j as a half', (threshold) => {
    expect(ruleWith({ threshold }).steps).toEqual([{ severity: 'warning', bound: ONE / 2n }]);
  });
});

describe('the identity of a share', () => {
  const identity = (keys: Record<string, unknown>) => JSON.stringify(share.identity(ruleWith(keys)));

  it('is that of what it measures and its limits', () => {
    expect(identity({ threshold: 0.5, min_total: '10.0' })).toBe(identity({}));
    const others = [{ threshold: '51%' }, { min_total: 11 }, { metric: 'calls' }, { group_by: ['user'] }];
    expect(new Set([identity({}), ...others.map(identity)]).size).toBe(5);
  });
});
