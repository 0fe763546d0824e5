import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../src/demo/random.ts';
import { fixedFromNumber } from '../../src/model/money.ts';
import {
  type GroupKey,
  type HourSums,
  type Series,
  seriesOfCells,
  spanOfHours,
} from '../../src/model/series.ts';
import { ruleTypes } from '../../src/rules/index.ts';
import { minutesOfFirstHour } from '../../src/rules/new-value-judge.ts';
import type { NewValueRule } from '../../src/rules/new-value-rule.ts';
import { cellOf, faultsOf } from './rule-fixtures.ts';

const { new_value: newValue } = ruleTypes;
const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const AT = Date.parse('2026-11-20T15:30:00Z');
const CONTEXT = { at: AT, zone: 'UTC' };

const rule = (keys: object = {}): NewValueRule =>
  newValue.schema.parse({ type: 'new_value', name: 'r', dimension: 'model', ...keys })({
    severity: 'warning',
    notify: [],
  });

interface Value {
  readonly key: GroupKey;
  readonly spent?: number;
  readonly calls?: number;
  readonly unpriced?: number;
  readonly before?: number;
}

const OLD = seriesOfCells([{ key: [], cells: [cellOf(0, 5)] }]);

function judge(values: readonly Value[], judged = rule(), old: Series = OLD) {
  const series = seriesOfCells(
    values.map(({ key, spent = 5, calls = 10, unpriced = 0, before = 0 }) => ({
      key,
      cells: [
        calls === 0 ? null : cellOf(spent, calls, { unpriced }),
        before === 0 ? null : cellOf(1, before),
      ],
    })),
  );
  return newValue.judge(judged, CONTEXT, [series, old]);
}

const firing = (...args: Parameters<typeof judge>) => judge(...args).firing.map(({ key }) => key.join());

describe('a new value', () => {
  it('had no call in the baseline, and has spent min_spend or made 100 calls without a price', () => {
    const values: Value[] = [
      { key: ['old'], before: 1 },
      { key: ['gone'], before: 4, calls: 0 },
      { key: ['exact'], spent: 1 },
      { key: ['small'], spent: 0.999999 },
      { key: ['large'], spent: 400 },
      { key: ['unknown'], spent: 0, calls: 100, unpriced: 100 },
      { key: ['few'], spent: 0, calls: 99, unpriced: 99 },
    ];
    expect(firing(values)).toEqual(['large', 'exact', 'unknown']);
    expect(firing(values, rule({ min_spend: 2 }))).toEqual(['large', 'unknown']);
    expect(firing(values, rule({ min_spend: 0, min_calls: 99 }))).toEqual(['few', 'unknown']);
    // Known values are not observed: they have nothing to do with the limit.
    expect([...judge(values).observed].map(({ key }) => key[0])).toEqual([
      'large',
      'exact',
      'small',
      'few',
      'unknown',
    ]);
  });

  it('is never NULL, but may be new in a group that is', () => {
    expect(firing([{ key: [null] }])).toEqual([]);
    const inService = rule({ group_by: ['service'] });
    expect(inService.groupBy).toEqual(['service', 'model']);
    const values: Value[] = [
      { key: [null, 'm'] },
      { key: ['search', null] },
      { key: ['search', 'm'], before: 1 },
    ];
    expect(judge(values, inService).firing.map(({ key }) => key)).toEqual([[null, 'm']]);
  });

  it('needs a week of data before the window', () => {
    expect(judge([{ key: ['a'] }], rule(), seriesOfCells([])).status).toBe('no_data');
    expect(judge([], rule()).status).toBe('ok');
    const [values, old] = newValue.queries(rule({ baseline: '14d', delay: '30m' }), CONTEXT);
    const from = AT - DAY;
    expect(values?.windows).toEqual([
      { from, to: AT },
      { from: from - 14 * DAY, to: from },
    ]);
    expect(old).toEqual({
      measures: ['calls'],
      where: {},
      groupBy: [],
      windows: [{ from: from - 21 * DAY, to: from - 7 * DAY }],
    });
  });

  it('agrees with a naive look at random calls, and finds the minute of the first', () => {
    const random = seededRandom(9);
    for (let round = 0; round < 100; round += 1) {
      const judged = rule({ window: ['24h', 'today', '30m', '3d'][round % 4] });
      const calls = Array.from({ length: 1 + Math.floor(random() * 5) }, () => ({
        // Half of the values are young.
        at: AT - Math.floor(random() * (round % 2 === 0 ? 20 * 60 : (60 * DAY) / 60_000)) * 60_000 - 1,
        cost: random(),
      }));
      const queries = newValue.queries(judged, CONTEXT);
      const [counted] = queries;
      const within = ({ from, to }: { from: number; to: number }) =>
        calls.filter(({ at }) => at >= from && at < to);
      const cellIn = (window: { from: number; to: number }) => {
        const some = within(window);
        return some.length === 0
          ? null
          : cellOf(
              some.reduce((sum, { cost }) => sum + cost, 0),
              some.length,
            );
      };
      if (counted?.hours === undefined) throw new Error('no hours are asked for');
      const { from, to } = spanOfHours(counted.hours);
      const sums = Float64Array.from(
        { length: (to - from) / HOUR },
        (_, i) => within({ from: from + i * HOUR, to: from + (i + 1) * HOUR }).length,
      );
      const hours: HourSums = { to, of: () => sums, past: () => sums };
      const series = { ...seriesOfCells([{ key: ['m'], cells: counted.windows.map(cellIn) }]), hours };
      const [found] = newValue.judge(judged, CONTEXT, [series, OLD]).firing;
      const [window = { from: 0, to: 0 }, baseline = window] = counted.windows;
      const spent = fixedFromNumber(within(window).reduce((sum, { cost }) => sum + cost, 0));
      expect(found !== undefined).toBe(within(baseline).length === 0 && spent >= fixedFromNumber(1));
      if (found === undefined) continue;
      const first = within(window).reduce((least, { at }) => Math.min(least, at), AT);
      const minutes = minutesOfFirstHour(judged, found);
      const detail = seriesOfCells([{ key: ['m'], cells: minutes.windows.map(cellIn) }]);
      const seen = newValue.describe(judged, found, detail).fields.first_seen;
      expect(seen).toBe(new Date(Math.floor(first / 60_000) * 60_000).toISOString().replace('.000Z', 'Z'));
      const roughly = Date.parse(String(newValue.describe(judged, found).fields.first_seen));
      expect(first - roughly).toBeGreaterThanOrEqual(0);
      expect(first - roughly).toBeLessThan(HOUR);
    }
  });
});

describe('the keys of a new_value rule', () => {
  const faults = (keys: Record<string, unknown>) =>
    faultsOf('new_value', { metric: undefined, window: undefined, dimension: 'model', ...keys }).map(
      ({ path, message }) => `${path}: ${message}`,
    );

  it('are those of every rule but metric and errors, told once whatever the value grows to', () => {
    expect(faults({ where: { service: 'search' }, for: '5m', min_calls: 5, severity: 'info' })).toEqual([]);
    expect(rule()).toMatchObject({
      dedupe: 'episode',
      growth: null,
      window: { text: '24h' },
      baselineDays: 28,
    });
    expect(rule({ growth: 100 }).growth).toBe(100);
    expect(faults({ metric: 'spend', errors: [429] })).toEqual([
      'metric: a new value takes no metric',
      'errors: a new value does not look at failed calls',
    ]);
    expect(faults({ dedupe: 'day' })).toEqual(['dedupe: a new value is notified once: dedupe is episode']);
    expect(faults({ group_by: ['model'] })).toEqual(['group_by.0: this is the dimension of the rule']);
    expect(faults({ min_spend: -1 })).toEqual(['min_spend: must not be negative']);
  });
});
