import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { findingJson } from '../../src/model/finding-json.ts';
import { firstSentence } from '../../src/model/first-sentence.ts';
import { jsonText } from '../../src/model/json.ts';
import { fixedFromNumber, ONE, parseFixed } from '../../src/model/money.ts';
import { type Series, seriesOfCells } from '../../src/model/series.ts';
import { unexplained } from '../../src/pipeline/explain.ts';
import { change } from '../../src/rules/change.ts';
import { cellOf, plainly, ruleOf, seriesOf } from './rule-fixtures.ts';

const AT = Date.UTC(2026, 10, 20, 2, 5);
const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const CONTEXT = { at: AT, zone: 'UTC' };
const usd = fixedFromNumber;

function ruleWith(keys: Record<string, unknown> = {}) {
  const limit = keys.ratios === undefined ? { ratio: 2 } : {};
  return ruleOf('change', { against: 'day', group_by: ['service'], min_change: 0, ...limit, ...keys });
}

function judge(keys: Record<string, unknown>, series: Series) {
  return plainly(change.judge(ruleWith(keys), CONTEXT, [series]));
}

/** What services spent in the window and in the one before; null is no call. */
function spending(amounts: Readonly<Record<string, readonly [now: number | null, before: number | null]>>) {
  return seriesOf(
    ...Object.entries(amounts).map(
      ([name, [now, before]]) => [[name], cellOf(now), cellOf(before)] as [[string], null, null],
    ),
  );
}

function firingOf(keys: Record<string, unknown>, amounts: Parameters<typeof spending>[0]): string[] {
  return judge(keys, spending(amounts)).firing.map(({ key }) => String(key[0]));
}

describe('a change', () => {
  it('asks for its window and the one before in one query', () => {
    expect(change.queries(ruleWith({ against: 'week' }), CONTEXT)).toEqual([
      {
        measures: ['cost', 'calls'],
        where: {},
        groupBy: ['service'],
        windows: [
          { from: AT - HOUR, to: AT },
          { from: AT - HOUR - 7 * DAY, to: AT - 7 * DAY },
        ],
      },
    ]);
  });

  it.each(['up', 'down', 'both'] as const)(
    'fires %s exactly at its ratio and min_change, and its bounds are the values from which it does',
    (direction) => {
      const amount = fc.bigInt({ min: -2n * ONE, max: 50n * ONE });
      const thousandths = fc.integer({ min: 1_001, max: 9_000 });
      const near = fc.constantFrom(-1n, 0n, 1n);
      const which = fc.constantFrom('anything', 'ratio up', 'ratio down', 'change up', 'change down');
      fc.assert(
        fc.property(
          fc.record({ before: amount, value: amount, mild: thousandths, more: thousandths, near, which }),
          fc.constantFrom('0', '0.5', '7.000000000001'),
          ({ before, value: any, mild, more, near: by, which: at }, minChange) => {
            const thousand = 1000n;
            const ratio = BigInt(mild);
            const least = parseFixed(minChange) ?? 0n;
            const value = {
              anything: any,
              'ratio up': (before * ratio) / thousand + by,
              'ratio down': (before * thousand) / ratio + by,
              'change up': before + least + by,
              'change down': before - least + by,
            }[at] as bigint;
            const ratios = { warning: mild / 1000, critical: (mild + more) / 1000 };
            const cells = [value, before].map((cost) => ({ sums: { cost, calls: ONE }, sketches: {} }));
            const series = seriesOfCells([{ key: ['a'], cells }]);
            const { firing, status } = judge({ ratios, min_change: minChange, direction }, series);
            const reached = [BigInt(mild), BigInt(mild + more)].filter((one) => {
              const up = value * thousand >= before * one && value - before >= least;
              const down = value * one <= before * thousand && before - value >= least;
              return before > 0n && ((up && direction !== 'down') || (down && direction !== 'up'));
            });
            expect(firing[0]?.steps.length ?? 0).toBe(reached.length);
            expect(status).toBe(before <= 0n ? 'no_data' : reached.length > 0 ? 'firing' : 'ok');
            for (const { bound, operator, severity } of firing[0]?.steps ?? []) {
              const ofStep = (cost: bigint) =>
                judge(
                  { ratios: { [severity]: ratios[severity as 'warning'] }, min_change: minChange, direction },
                  seriesOfCells([
                    { key: ['a'], cells: [{ sums: { cost, calls: ONE }, sketches: {} }, cells[1] ?? null] },
                  ]),
                ).status;
              const short = operator === '>=' ? bound - 1n : bound + 1n;
              expect([ofStep(bound), ofStep(short)]).toEqual(['firing', 'ok']);
            }
          },
        ),
        { numRuns: 400 },
      );
    },
  );

  it('judges groups of either window, but for those that had 0 or less before', () => {
    const amounts = {
      both: [30, 10],
      gone: [null, 10],
      fresh: [30, null],
      credited: [30, -1],
      free: [30, 0],
    } as const;
    expect(firingOf({}, amounts)).toEqual(['both']);
    expect(firingOf({ direction: 'down' }, amounts)).toEqual(['gone']);
    expect(judge({}, spending(amounts)).observed.map(({ key }) => key[0])).toEqual(['both', 'gone']);
    expect(judge({}, spending({ fresh: [30, null] }))).toMatchObject({ status: 'no_data', observed: [] });
    expect(judge({}, spending({})).status).toBe('no_data');
  });

  it('lists the largest value first, with down the smallest, and with both the largest change', () => {
    const amounts = { a: [100, 50], b: [40, 4], c: [1, 100], d: [2, 40] } as const;
    const order = (direction: string) =>
      judge({ direction }, spending(amounts)).observed.map(({ key }) => key[0]);
    expect([order('up'), order('down'), order('both')]).toEqual([
      ['a', 'b', 'd', 'c'],
      ['c', 'd', 'b', 'a'],
      ['c', 'a', 'd', 'b'],
    ]);
  });

  it('of a ratio needs calls in both windows, and as many now as min_calls asks for', () => {
    const failing = (calls: number | null, failed: number) =>
      cellOf(calls === null ? null : 0, calls ?? 0, { failed });
    const of = (now: ReturnType<typeof cellOf>, before: ReturnType<typeof cellOf>, more = {}) =>
      judge({ metric: 'error_rate', min_change: undefined, ...more }, seriesOf([['a'], now, before]));
    expect(of(failing(100, 20), failing(100, 5)).firing).toMatchObject([{ steps: [{ bound: usd(0.1) }] }]);
    expect(of(failing(100, 20), failing(100, 5), { min_calls: 101 }).status).toBe('ok');
    // 5 % is the least change of a rate.
    expect(of(failing(100, 4), failing(100, 1)).status).toBe('ok');
    expect(of(failing(100, 20), failing(null, 0)).status).toBe('no_data');
    expect(of(failing(null, 0), failing(100, 20), { direction: 'down' }).status).toBe('no_data');
  });

  it('needs the least change of an anomaly', () => {
    expect(ruleWith({ min_change: undefined }).minChange).toBe(usd(1));
    expect(ruleWith({ min_change: undefined, metric: 'calls' }).minChange).toBe(usd(10));
  });
});

describe('the words of a change', () => {
  function told(keys: Record<string, unknown>, now: number, before: number) {
    const rule = ruleWith(keys);
    const series = spending({ search: [now, before] });
    const { firing, observed } = change.judge(rule, CONTEXT, [series]);
    return { rule, observed, finding: unexplained(rule, firing[0] as never) };
  }

  it.each<[Record<string, unknown>, number, number, string]>([
    [{ against: 'previous' }, 44, 10, '+340 % on the hour before'],
    [{ against: 'previous', window: '15m' }, 20, 10, '+100 % on the 15 minutes before'],
    [{ against: 'day' }, 12_345, 10, '+123,350 % on the day before'],
    [{ against: 'week', direction: 'down' }, 2.5, 10, '-75 % on the week before'],
    [{ against: 'month' }, 44, 10, '+340 % on 28 days before'],
    [{ against: 'month', window: 'this_month' }, 44, 10, '+340 % on the month before'],
    [{ against: 'previous', window: 'this_month' }, 44, 10, '+340 % on the month before'],
    [{ against: 'previous', window: 'today' }, 44, 10, '+340 % on the day before'],
    [{ against: 'previous', window: 'this_week' }, 44, 10, '+340 % on the week before'],
    [{ against: 'month', window: 'this_week' }, 44, 10, '+340 % on 28 days before'],
    [{ against: 'day', ratio: 1.05 }, 10.56, 10, '+5.6 % on the day before'],
    [{ against: 'day', direction: 'down' }, 0, 10, '-100 % on the day before'],
  ])('with %j of %d after %d are: %s', (keys, now, before, words) => {
    expect(told(keys, now, before).finding.description.reason).toBe(words);
  });

  it('say what both were, and when', () => {
    const { finding, rule, observed } = told({ ratios: { warning: 2, critical: 4 } }, 44, 10);
    expect(firstSentence(rule, finding, AT, 'UTC')).toBe(
      'Service search spent $44 in the last hour, +340 % on the day before ($10). At this rate: $1,060 a day.',
    );
    expect(finding.description.facts).toEqual([
      ['Value', '$44.00'],
      ['Change', '+340 % on the day before: $10.00 from 2026-11-19 01:05 to 02:05 UTC'],
      ['Limit', 'here $40.00 or more is critical'],
    ]);
    expect(JSON.parse(jsonText(findingJson(finding)))).toMatchObject({
      value: 44,
      previous_value: 10,
      ratio: 4.4,
      bound: 40,
      operator: '>=',
      unit: 'USD',
    });
    expect(change.perfdata(rule, observed.worst(1)[0])).toEqual({
      value: '44',
      warning: '20',
      critical: '40',
    });
  });

  it('name their limits as changes', () => {
    const limit = (keys: Record<string, unknown>) => change.limitText(ruleWith(keys));
    expect(limit({ ratios: { warning: 2, critical: 4 } })).toBe('+100 % / +300 % on the day before');
    expect(limit({ direction: 'down', against: 'week' })).toBe('-50 % on the week before');
    expect(limit({ direction: 'both', ratio: 1.5 })).toBe('+50 % or -33 % on the day before');
    const { rule, observed } = told({ direction: 'both' }, 44, 10);
    expect(change.perfdata(rule, observed.worst(1)[0])).toMatchObject({ warning: '5:20' });
  });
});

describe('the identity of a change', () => {
  const identity = (keys: Record<string, unknown>) => JSON.stringify(change.identity(ruleWith(keys)));

  it('is that of what it compares and its limits', () => {
    expect(identity({ ratio: '2.0', min_change: '0.00' })).toBe(identity({}));
    const others = [
      { ratio: 3 },
      { against: 'week' },
      { direction: 'down' },
      { min_change: 1 },
      { window: '2h' },
    ];
    expect(new Set([identity({}), ...others.map(identity)]).size).toBe(6);
  });
});

describe('advice on a change', () => {
  const advice = (window: string, against: string) => change.advice?.({ window, against }) ?? null;

  it('is given where the windows overlap', () => {
    const overlapping = [
      ['25h', 'day'],
      ['8d', 'week'],
      ['30d', 'month'],
      ['this_week', 'day'],
      ['this_month', 'day'],
      ['this_month', 'week'],
    ] as const;
    for (const [window, against] of overlapping)
      expect(advice(window, against)?.message).toContain('overlaps');
    const apart = [
      ['24h', 'day'],
      ['30d', 'previous'],
      ['today', 'day'],
      ['yesterday', 'day'],
      ['this_week', 'week'],
      ['this_week', 'month'],
      ['this_month', 'month'],
      ['oops', 'day'],
    ] as const;
    for (const [window, against] of apart) expect(advice(window, against)).toBeNull();
  });
});
