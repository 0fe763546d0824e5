import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { findingJson } from '../../src/model/finding-json.ts';
import { jsonText } from '../../src/model/json.ts';
import { inCurrency, type Metric } from '../../src/model/metric.ts';
import { fixedFromInteger, parseFixed } from '../../src/model/money.ts';
import { type GroupSplit, type SumsByModel, splitSpend } from '../../src/model/spend-split.ts';
import { changeFact, whyFact } from '../../src/model/split-facts.ts';
import { earlierWindow, parseWindow, type WrittenWindow, windowAt } from '../../src/model/window.ts';
import { type Against, windowBeforeOf } from '../../src/model/window-before.ts';
import { AT, amount, type FindingChanges, sampleFinding, sampleRule } from '../channels/sample-messages.ts';

/** model -> [calls, tokens, cost] */
function sums(models: Record<string, readonly [number, number, string]>): SumsByModel {
  return new Map(
    Object.entries(models).map(([model, [calls, tokens, cost]]) => [
      model,
      { calls: fixedFromInteger(calls), tokens: fixedFromInteger(tokens), cost: parseFixed(cost) as bigint },
    ]),
  );
}

const spend = (cost: string): SumsByModel => sums({ a: [10, 1000, cost] });

interface Case {
  readonly window?: string;
  readonly against?: Against;
  readonly changes?: FindingChanges;
}

/** A rule and its finding whose window has the second sums, after an earlier one with the first. */
function found(
  old: SumsByModel,
  now: SumsByModel,
  { window = '1h', against = 'previous', changes }: Case = {},
) {
  const spec = parseWindow(window) as WrittenWindow;
  const own = windowAt(spec, AT, 'UTC');
  const split: GroupSplit = {
    ...splitSpend(old, now),
    callsBefore: [...old.values()].reduce((sum, { calls }) => sum + calls, 0n),
    isPartlyUnpriced: false,
    window: windowBeforeOf(spec, own, against, 'UTC'),
    against,
  };
  const value = { ...amount('0', 10), fixed: split.now };
  const finding = sampleFinding({ window: own, value, split, ...changes });
  return { rule: sampleRule({ window: spec, metric: finding.metric }), finding };
}

describe('what a message says of the change in spend', () => {
  const textOf = (old: SumsByModel, now: SumsByModel, more?: Case): string | null => {
    const { rule, finding } = found(old, now, more);
    return changeFact(rule, finding, 'UTC')?.[1] ?? null;
  };

  it.each<[string, SumsByModel, SumsByModel, Case, string | null]>([
    ['the hour before', spend('10'), spend('44'), {}, '+340 % on the hour before: $10.00'],
    ['a fall', spend('10'), spend('2.5'), {}, '-75 % on the hour before: $10.00'],
    ['a factor', spend('0.26'), spend('312.46'), {}, '1,201 times that of the hour before: $0.26'],
    ['no change', spend('10'), spend('10.001'), {}, 'none on the hour before'],
    ['nothing', new Map(), spend('44'), {}, 'nothing recorded in the hour before'],
    [
      'the same part of the month before',
      spend('10'),
      spend('44'),
      { window: 'this_month' },
      '+340 % on the month before: $10.00 from 2026-10-01 00:00 to 2026-10-20 02:05 UTC',
    ],
    [
      'a month before without calls',
      new Map(),
      spend('44'),
      { window: 'this_month' },
      'nothing recorded in the month before (2026-10-01 00:00 to 2026-10-20 02:05 UTC)',
    ],
    [
      'calls without a known cost',
      spend('0'),
      spend('44'),
      {},
      'no known cost of the calls in the hour before',
    ],
    [
      'a day of calls without a known cost',
      spend('0'),
      spend('44'),
      { window: 'today' },
      'no known cost of the calls in the day before (2026-11-19 00:00 to 02:05 UTC)',
    ],
    [
      'calls without a price now',
      spend('10'),
      spend('44'),
      { changes: { unpriced: { calls: 3, models: 1 } } },
      '+340 % of what is priced on the hour before: $10.00',
    ],
    // "Same window" has these values.
    ['the day before', spend('10'), spend('44'), { window: 'today' }, '+340 % on the day before'],
    ['a day before without calls', new Map(), spend('44'), { window: 'today' }, null],
    ['the week before', spend('10'), spend('44'), { against: 'week' }, '+340 % on the week before'],
    [
      'a week before that was not read beside',
      spend('10'),
      spend('44'),
      { against: 'week', changes: { weekAgo: null } },
      '+340 % on the week before: $10.00',
    ],
    ['credits', spend('-3'), spend('44'), {}, null],
  ])('compares with %s', (_, old, now, more, expected) => {
    expect(textOf(old, now, more)).toBe(expected);
  });

  it('is nothing where the split is not known, or the rule type says it', () => {
    const { rule, finding } = found(spend('10'), spend('44'));
    expect(changeFact(rule, { ...finding, split: null }, 'UTC')).toBeNull();
    const description = { ...finding.description, isCompared: true as const };
    expect(changeFact(rule, { ...finding, description }, 'UTC')).toBeNull();
  });

  it('leaves out no value that another window has', () => {
    const { rule, finding } = found(spend('10'), spend('44'), { window: '24h' });
    const spec = parseWindow('24h') as WrittenWindow;
    expect(finding.split?.window).toEqual(earlierWindow(spec, finding.window, 1, 'UTC'));
    expect(changeFact(rule, finding, 'UTC')?.[1]).toBe('+340 % on the 24 hours before');
    // In Berlin, that day had 25 hours: the same window a day before began an hour earlier.
    const at = Date.parse('2026-10-25T20:00:00Z');
    const own = windowAt(spec, at, 'Europe/Berlin');
    const before = windowBeforeOf(spec, own, 'previous', 'Europe/Berlin');
    const split = { ...(finding.split as GroupSplit), window: before };
    const there = { ...finding, window: own, split };
    expect(changeFact(rule, there, 'Europe/Berlin')?.[1]).toBe('+340 % on the 24 hours before: $10.00');
  });
});

describe('what a message says a change is made of', () => {
  const textOf = (old: SumsByModel, now: SumsByModel, changes?: FindingChanges): string | null =>
    whyFact(found(old, now, { ...(changes && { changes }) }).finding)?.[1] ?? null;

  const OLD = sums({ a: [80, 8000, '8'], b: [20, 4000, '20'] });
  const NOW = sums({ a: [100, 20_000, '30'], b: [100, 20_000, '100'] });

  it('has the largest part first, and no part that is nothing', () => {
    expect(textOf(OLD, NOW)).toBe(
      '+$102.00: +$54.00 from dearer models, +$28.00 from more calls, +$10.00 from longer calls, +$10.00 from a higher cost per token',
    );
    expect(textOf(NOW, OLD)).toBe(
      '-$102.00: -$65.00 from fewer calls, -$21.00 from cheaper models, -$12.00 from shorter calls, -$4.00 from a lower cost per token',
    );
    expect(textOf(spend('10'), sums({ a: [44, 4400, '44'] }))).toBe('+$34.00, all from more calls');
  });

  it('says that it is of what is priced, where some calls have no price', () => {
    const text = textOf(spend('10'), sums({ a: [44, 4400, '44'] }), { unpriced: { calls: 3, models: 1 } });
    expect(text).toBe('+$34.00 of what is priced, all from more calls');
  });

  it('is nothing of a small change, and where there was nothing before', () => {
    expect(textOf(new Map(), NOW)).toBeNull();
    expect(textOf(spend('100'), spend('111.11'))).toBeNull();
    expect(textOf(spend('100'), spend('111.12'))).toBe('+$11.12, all from a higher cost per token');
    expect(textOf(spend('0.01'), spend('0.10'))).toBeNull();
    expect(textOf(spend('0.01'), spend('0.11'))).toBe('+$0.10, all from a higher cost per token');
    expect(textOf(spend('-5'), spend('10'))).toBeNull();
  });
});

describe('the parts of any change', () => {
  const model = fc.record({
    calls: fc.integer({ min: 0, max: 1000 }).map((n) => fixedFromInteger(n)),
    tokens: fc.integer({ min: 0, max: 1_000_000 }).map((n) => fixedFromInteger(n)),
    cost: fc.bigInt({ min: 0n, max: 10n ** 16n }),
  });
  const window = fc
    .dictionary(fc.constantFrom('a', 'b', 'c', 'd'), model, { noNullPrototype: true })
    .map((models): SumsByModel => new Map(Object.entries(models)));
  const metric = fc.constantFrom<Metric>('spend', inCurrency('spend', 'JPY'), inCurrency('spend', 'KWD'));
  /** Digits after the point. */
  const PLACES = { spend: 2, 'spend:JPY': 0, 'spend:KWD': 3 } as const;

  /** Every amount of a text, in the smallest coin. */
  function coinsIn(text: string, of: Metric): bigint[] {
    const amounts = text.match(/[+-](?:\$|¥|KWD\s)[\d,]+(?:\.\d+)?/g) ?? [];
    return amounts.map((one) => {
      const digits = one.replace(/[^\d.+-]/g, '');
      expect(digits.split('.')[1]?.length ?? 0).toBe(PLACES[of as keyof typeof PLACES]);
      return BigInt(digits.replace('.', '').replace('+', ''));
    });
  }

  it('add up to the change as they are shown, which is that of the values as they are shown', () => {
    let told = 0;
    fc.assert(
      fc.property(window, window, metric, (old, now, of) => {
        const { finding } = found(old, now, { changes: { metric: of } });
        const text = whyFact(finding)?.[1];
        if (text === undefined) return;
        told += 1;
        const [change = 0n, ...parts] = coinsIn(text, of);
        const coin = 10n ** BigInt(12 - PLACES[of as keyof typeof PLACES]);
        const rounded = (value: bigint): bigint => (value + coin / 2n) / coin;
        const { before, now: after } = finding.split as GroupSplit;
        expect(change).toBe(rounded(after) - rounded(before));
        if (parts.length === 0) expect(text).toContain(', all from ');
        else expect(parts.reduce((sum, one) => sum + one, 0n)).toBe(change);
        expect(parts).not.toContain(0n);
      }),
      { numRuns: 2_000 },
    );
    expect(told).toBeGreaterThan(500);
  });

  it('add up in JSON to the micro-dollar', () => {
    fc.assert(
      fc.property(window, window, (old, now) => {
        const { split } = findingJson(found(old, now).finding);
        if (split === undefined) throw new Error('there is no split');
        expect(split.calls + split.mix + split.length + split.price).toBe(split.change);
        const micro = (value: bigint): bigint =>
          BigInt(
            jsonText(value).replace(
              /^(-?\d+)\.?(\d*)$/,
              (_, whole, rest) => `${whole}${rest.padEnd(6, '0')}`,
            ),
          );
        expect(micro(split.now) - micro(split.before)).toBe(micro(split.change));
        expect(micro(split.calls) + micro(split.mix) + micro(split.length) + micro(split.price)).toBe(
          micro(split.change),
        );
      }),
    );
  });
});
