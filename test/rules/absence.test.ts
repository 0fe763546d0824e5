import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../src/demo/random.ts';
import { fixedFromNumber, ONE } from '../../src/model/money.ts';
import { type HourSums, type Series, seriesOfCells } from '../../src/model/series.ts';
import type { AbsenceRule } from '../../src/rules/absence-rule.ts';
import { ruleTypes } from '../../src/rules/index.ts';
import type { RuleDefaults } from '../../src/rules/rule-type.ts';
import { cellOf, faultsOf } from './rule-fixtures.ts';

const { absence } = ruleTypes;
const HOUR = 3_600_000;
const AT = Date.parse('2026-11-20T15:00:00Z');
const CONTEXT = { at: AT, zone: 'UTC' };
const DEFAULTS = { severity: 'warning', notify: [] } as const;

const rule = (keys: object = {}, defaults: Partial<RuleDefaults> = {}): AbsenceRule =>
  absence.schema.parse({ type: 'absence', name: 'r', window: '1h', group_by: ['service'], ...keys })({
    ...DEFAULTS,
    ...defaults,
  });

/** Groups by their calls now and 1, 2, … days earlier; the store has new rows. */
function groups(calls: Readonly<Record<string, readonly number[]>>): Series[] {
  return [
    seriesOfCells(
      Object.entries(calls).map(([name, list]) => ({
        key: [name],
        cells: list.map((count) => (count === 0 ? null : cellOf(0, count))),
      })),
    ),
    seriesOfCells([{ key: [], cells: [cellOf(0, 1)] }]),
  ];
}

/** No call now, and calls in `withCalls` of the last `days` days, the oldest among them. */
function silent(days: number, withCalls: number): number[] {
  return [0, ...Array.from({ length: days }, (_, i) => (i >= days - withCalls ? 5 : 0))];
}

const judge = (calls: Readonly<Record<string, readonly number[]>>, judged = rule()) =>
  absence.judge(judged, CONTEXT, groups(calls));

const firing = (...args: Parameters<typeof judge>) => judge(...args).firing.map(({ key }) => key[0]);

describe('an absence', () => {
  it('fires for groups without a call that had some in at least `usual` of the windows', () => {
    expect(firing({ a: silent(28, 23), b: silent(28, 22), c: [1, ...silent(28, 28).slice(1)] })).toEqual([
      'a',
    ]);
    expect(firing({ a: silent(10, 8), b: silent(10, 7) })).toEqual(['a']);
    expect(firing({ a: silent(28, 28), b: silent(28, 27) }, rule({ usual: '100%' }))).toEqual(['a']);
    expect(firing({ a: silent(28, 14), b: silent(28, 13) }, rule({ usual: '50%' }))).toEqual(['a']);
  });

  it('counts from the first window with calls, and asks for `min_history` of them', () => {
    expect(firing({ a: silent(7, 7), b: silent(6, 6) })).toEqual(['a']);
    expect(firing({ a: silent(3, 3), b: silent(2, 2) }, rule({ min_history: 3 }))).toEqual(['a']);
    expect(judge({ a: silent(6, 6) }).status).toBe('no_data');
    expect(judge({ a: silent(7, 5) }).status).toBe('ok');
  });

  it('never judges what works on weekdays alone, once it is known for three weeks', () => {
    for (let weeks = 3; weeks <= 4; weeks += 1) {
      const days = Array.from({ length: weeks * 7 }, (_, i) => ((i + 1) % 7 < 2 ? 0 : 3));
      expect(firing({ office: [0, ...days] })).toEqual([]);
    }
  });

  it('agrees with a naive count over random histories', () => {
    const random = seededRandom(5);
    for (let round = 0; round < 300; round += 1) {
      const often = 0.6 + 0.4 * random();
      const list = Array.from({ length: 29 }, (_, i) => (i > 0 && random() < often ? 1 + i : 0));
      list[0] = random() < 0.3 ? 2 : 0;
      const young = Math.floor(random() * 29);
      list.fill(0, 1 + young);
      const past = list.slice(1);
      const n = past.findLastIndex((count) => count > 0) + 1;
      const hits = past.filter((count) => count > 0).length;
      const expected = list[0] === 0 && n >= 7 && hits * 10 >= n * 8;
      const { firing: found, observed } = judge({ a: list });
      expect(found.length > 0, list.join()).toBe(expected);
      if (expected) {
        const [one] = found;
        if (one === undefined) throw new Error('nothing fires');
        expect(absence.describe(rule(), one).fields).toEqual({ usual_share: hits / n });
        expect(one).toMatchObject({ value: { fixed: 0n, calls: 0 }, withCalls: hits, windows: n });
      }
      // Whoever calls is seen, too: a call is what resolves an alert.
      expect(observed.length).toBe(expected || list[0] !== 0 ? 1 : 0);
    }
  });

  it('puts the group that is silent least often first, and then those with the fewest calls', () => {
    const calls = { busy: [9, 5], few: [2, 5], a: silent(28, 24), b: silent(28, 28) };
    expect([...judge(calls).observed].map(({ key }) => key[0])).toEqual(['b', 'a', 'few', 'busy']);
  });

  it('asks for the same window on each earlier day', () => {
    const [counted] = absence.queries(rule({ window: '6h', baseline: '7d' }), CONTEXT);
    expect(counted?.windows).toHaveLength(8);
    expect(counted?.windows[7]).toEqual({
      from: Date.parse('2026-11-13T09:00:00Z'),
      to: Date.parse('2026-11-13T15:00:00Z'),
    });
  });
});

it('an absence says when the group made its last call, to the minute or to ten', () => {
  const [one] = judge({ search: silent(28, 28) }).firing;
  if (one === undefined) throw new Error('nothing fires');
  const from = AT - HOUR;
  const said = (ago: number, zone = 'UTC'): string => {
    const firing = { ...one, zone };
    const asked = absence.detail?.(rule(), firing);
    const cells = (asked?.windows ?? []).map((span) =>
      from - ago >= span.from && from - ago < span.to ? cellOf(0, 1) : null,
    );
    const answer = seriesOfCells([
      { key: ['other'], cells },
      { key: ['search'], cells },
    ]);
    return absence.describe(rule(), firing, answer).sentence[1].split('at this time')[1] ?? '';
  };
  expect(said(1)).toBe('; the last call was at 13:59');
  expect(said(HOUR)).toBe('; the last call was at 13:00');
  expect(said(HOUR + 1)).toBe('; the last call was about 12:50');
  expect(said(24 * HOUR)).toBe('; the last call was about 14:00 on 2026-11-19');
  expect(said(24 * HOUR, 'Asia/Shanghai')).toBe('; the last call was about 22:00 on 2026-11-19');
  expect(said(24 * HOUR + 1)).toBe('');
});

describe('the newest row of the store', () => {
  /** The store's calls by hours before AT, counted from 1; the rule's group is silent. */
  function withStore(hours: readonly number[], defaults: Partial<RuleDefaults> = {}, at = AT) {
    const judged = rule({}, defaults);
    const queries = absence.queries(judged, { at, zone: 'UTC' });
    const hasRow = (from: number, to: number): boolean =>
      hours.some((calls, i) => calls > 0 && AT - (i + 1) * HOUR >= from && AT - (i + 1) * HOUR < to);
    const [own = seriesOfCells([])] = groups({ search: silent(28, 28) });
    const newest = queries[1];
    if (newest === undefined) return absence.judge(judged, { at, zone: 'UTC' }, [own]).status;
    const series = seriesOfCells([
      {
        key: [],
        cells: newest.windows.map(({ from, to }) => (hasRow(from, to) ? cellOf(0, 1) : null)),
      },
    ]);
    const to = newest.hours?.to ?? 0;
    const sums = Float64Array.from({ length: 672 }, (_, i) => hours[(AT - to) / HOUR + 671 - i] ?? 0);
    const hourSums: HourSums = { to, of: () => sums, past: () => sums };
    return absence.judge(judged, { at, zone: 'UTC' }, [
      own,
      newest.hours === undefined ? series : { ...series, hours: hourSums },
    ]).status;
  }

  const busy = Array.from({ length: 672 }, () => 500);
  const hourly = busy.map(() => 1);
  const nightly = busy.map((calls, i) => (i % 24 >= 10 ? calls : 0));
  const since = (hours: number, list: readonly number[]): number[] =>
    list.map((calls, i) => (i < hours ? 0 : calls));

  it('must not be older than stale_after', () => {
    expect(withStore(busy, { staleAfter: 2 * HOUR })).toBe('firing');
    expect(withStore(since(1, busy), { staleAfter: 2 * HOUR })).toBe('firing');
    expect(withStore(since(2, busy), { staleAfter: 2 * HOUR })).toBe('no_data');
    expect(withStore([], { staleAfter: 'off' })).toBe('firing');
  });

  it('may be as old as twice the longest gap with `auto`', () => {
    expect(withStore(busy)).toBe('firing');
    expect(withStore(since(1, busy))).toBe('no_data');
    expect(withStore(since(1, hourly))).toBe('firing');
    expect(withStore(since(2, hourly))).toBe('no_data');
    expect([withStore(nightly), withStore(since(19, nightly))]).toEqual(['firing', 'firing']);
    expect(withStore(since(20, nightly))).toBe('no_data');
    expect(withStore([])).toBe('no_data');
  });

  it('is as of the poll, whatever the delay of the rule', () => {
    const delayed = rule({ delay: '30m' }, { staleAfter: HOUR });
    const [own, newest] = absence.queries(delayed, { at: AT - HOUR / 2, zone: 'UTC' });
    expect(own?.windows[0]).toEqual({ from: AT - 1.5 * HOUR, to: AT - HOUR / 2 });
    expect(newest).toEqual({
      measures: ['calls'],
      where: {},
      groupBy: [],
      windows: [{ from: AT - HOUR, to: AT }],
    });
  });
});

describe('the keys of an absence', () => {
  const faults = (keys: Record<string, unknown>) => faultsOf('absence', { metric: undefined, ...keys });

  it('are those of every rule, without a metric', () => {
    expect(faults({})).toEqual([]);
    expect(faults({ where: { service: 'search' }, for: '10m', delay: '2m', severity: 'critical' })).toEqual(
      [],
    );
    expect(faults({ metric: 'spend', errors: [429], min_calls: 3 }).map(({ path }) => path)).toEqual([
      'metric',
      'errors',
      'min_calls',
    ]);
  });

  it('take windows that come again each day', () => {
    for (const window of ['15m', '24h', 'today', 'yesterday']) expect(faults({ window })).toEqual([]);
    for (const window of ['25h', 'this_week', 'this_month'])
      expect(faults({ window }).map(({ path, message }) => [path, message])).toEqual([
        ['window', 'too long for an absence'],
      ]);
    expect(absence.advice?.({ window: 'today' })?.hint).toContain('for: 1h');
    expect([absence.advice?.({ window: 'today', for: '1h' }), absence.advice?.({ window: '1h' })]).toEqual([
      null,
      null,
    ]);
  });

  it('take a percentage', () => {
    expect([rule().usual, rule({ usual: '66.5%' }).usual, rule({ usual: '100 %' }).usual]).toEqual([
      fixedFromNumber(0.8),
      fixedFromNumber(0.665),
      ONE,
    ]);
    for (const usual of ['0%', '101%', '80', '-5%', 'many']) expect(faults({ usual })).toHaveLength(1);
    expect(faults({ baseline: '5d' })).toMatchObject([{ path: 'baseline' }]);
  });
});
