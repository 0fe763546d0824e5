import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { sumsSource } from '../../src/check/sums-source.ts';
import { formatFixed } from '../../src/model/money.ts';
import type { Source } from '../../src/pipeline/collect.ts';
import { type Figures, type FiguresQuestion, readFigures } from '../../src/top/figures.ts';
import type { OpenIncident } from '../../src/top/incidents.ts';
import { AT, checkOf, DAY, HOUR, hourlyBurn, MINUTE } from '../check/check-parts.ts';
import { ruleOf } from '../rules/rule-fixtures.ts';
import { type CallStore, openCallStore } from '../support/call-store.ts';

const LATENESS_MS = 15 * MINUTE;
const RULES = [
  hourlyBurn(),
  ruleOf('threshold', { name: 'month', window: '30d', threshold: 5000 }),
  ruleOf('anomaly', { name: 'odd', window: '6h', baseline: '8d', group_by: ['model'], zscore: 3 }),
];

let calls: CallStore;

beforeAll(async () => {
  calls = await openCallStore();
});
afterAll(() => calls?.stop());
beforeEach(() => calls.clear());

function incident(subject: OpenIncident['subject'], spentFrom: number): OpenIncident {
  const id = `inc-${subject.dimension}-${subject.value}`;
  return { id, subject, spentFrom, began: spentFrom, severity: 'critical', alerts: 1, rules: [] };
}

function questionOf(source: Source | null, incidents: readonly OpenIncident[] = []): FiguresQuestion {
  return { parts: checkOf(calls, RULES, { source }), incidents, allRules: RULES };
}

/** Without bigints, which no assertion can print, and without rules as a whole. */
function plain({ minutes, tops, spent, rules, ...others }: Figures) {
  const money = (value: bigint | null) => (value === null ? null : formatFixed(value, 12));
  return {
    ...others,
    minutes: minutes?.map(money),
    tops: tops.map(({ dimension, groups, more }) => ({
      ...{ dimension, more },
      groups: groups.map(({ name, now, hour }) => [name, money(now), money(hour)]),
    })),
    spent: Object.fromEntries([...spent].map(([id, value]) => [id, money(value)])),
    rules: rules.map(({ rule, limit, value, share, ...row }) => ({
      ...row,
      ...{ rule: rule.name, value: money(value), limit: limit && money(limit.bound) },
      share: share?.toFixed(9) ?? null,
    })),
  };
}

describe('the figures of a minute', () => {
  it('are the exact spend of each minute, of who spends now, and of incidents since they began', async () => {
    await calls.log(
      { at: AT - 1, user: 'job', cost: '0.000001' },
      { at: AT - MINUTE, user: 'job', cost: '300.1' },
      { at: AT - 10 * MINUTE, service: 'chat', model: 'gpt-5', user: null, cost: '40' },
      { at: AT - HOUR, service: 'chat', user: 'ann', cost: '1' },
      { at: AT - HOUR - 1, service: 'chat', user: 'ann', cost: '7000' },
      { at: AT, user: 'ann', cost: '8000' },
    );
    const incidents = [
      incident({ dimension: 'service', value: 'search' }, AT - MINUTE),
      incident({ dimension: 'service', value: 'chat' }, AT - HOUR - 1),
      incident({ dimension: 'user', value: null }, AT - DAY),
      incident({ dimension: null, value: 'month' }, AT - 30 * MINUTE),
      incident({ dimension: null, value: 'a rule that is gone' }, AT - HOUR),
      incident({ dimension: 'team', value: 'a dimension that is gone' }, AT - HOUR),
      incident({ dimension: 'service', value: 'not yet' }, AT),
      incident({ dimension: 'service', value: 'long ago' }, AT - 8 * DAY),
    ];
    const found = plain(await readFigures(questionOf(null, incidents), AT));
    const spentAt = found.minutes?.flatMap((value, i) => (value === '0' ? [] : [[i, value]]));
    expect(spentAt).toEqual([
      [0, '1'],
      [50, '40'],
      [59, '300.100001'],
    ]);
    expect(found.tops).toEqual([
      {
        dimension: 'service',
        more: 0,
        groups: [
          ['search', '300.100001', '300.100001'],
          ['chat', '0', '41'],
        ],
      },
      {
        dimension: 'model',
        more: 0,
        groups: [
          ['gpt-4.1', '300.100001', '301.100001'],
          ['gpt-5', '0', '40'],
        ],
      },
      {
        dimension: 'user',
        more: 0,
        groups: [
          ['job', '300.100001', '300.100001'],
          ['(none)', '0', '40'],
          ['ann', '0', '1'],
        ],
      },
    ]);
    expect(found.spent).toEqual({
      'inc-service-search': '300.100001',
      'inc-service-chat': '7041',
      'inc-user-null': '40',
      'inc-null-month': '340.100001',
    });
    expect(found.rules[1]).toMatchObject({
      ...{
        rule: 'month',
        state: 'warning',
        key: [],
        value: '7341.100001',
        limit: '5000',
        share: '1.468220000',
      },
    });
    expect(found.rules[0]).toMatchObject({
      rule: 'hourly-burn',
      state: 'critical',
      key: ['search'],
      firing: 1,
    });
    expect(found.rules[2]).toMatchObject({ rule: 'odd', state: 'no data', value: null });
  });

  it('are those of an empty table, too', async () => {
    const found = plain(await readFigures(questionOf(null), AT));
    expect(new Set(found.minutes)).toEqual(new Set(['0']));
    expect(found.tops.map(({ groups }) => groups)).toEqual([[], [], []]);
    expect(found.newestRow).toBeNull();
  });
});

it('minute after minute they equal what the table says, and only what is new is read', async () => {
  await calls.store.insert(history());
  const rowsRead: number[] = [];
  let direct = 0;
  const counting: CallStore['store'] = {
    ...calls.store,
    read(...args) {
      direct += 1;
      return calls.store.read(...args);
    },
  };
  const sums = sumsSource(counting, null, LATENESS_MS);
  const source: Source = {
    ...sums,
    async refresh(...args) {
      const refreshed = await sums.refresh?.(...args);
      if (refreshed === undefined) throw new Error('the sums are refreshed');
      rowsRead.push(refreshed.rowsRead);
      return refreshed;
    },
  };
  const incidents = [incident({ dimension: 'service', value: 'search' }, AT - 90_500)];
  // Past the end of two hours, with a pause as of a slow store.
  for (const minute of [0, 1, 2, 10, 54, 55, 56, 57, 115, 117]) {
    const at = AT + minute * MINUTE;
    await calls.log(
      { at: at - 500, user: `u${minute % 3}`, cost: `${minute}.000001` },
      // A row that comes late, and one whose cost is filled in late.
      { at: at - 9 * MINUTE, service: 'chat', user: 'late', cost: '0.5' },
    );
    await calls.sql.query(
      `UPDATE api_audit_logs SET cost_usd = 2 WHERE user_id = 'unknown' AND cost_usd IS NULL`,
    );
    await calls.log({ at: at - 2 * MINUTE, user: 'unknown', cost: null });
    const kept = plain(await readFigures(questionOf(source, incidents), at));
    expect(kept).toEqual(plain(await readFigures(questionOf(null, incidents), at)));
  }
  const [first = 0, ...later] = rowsRead;
  expect(first).toBeGreaterThan(0);
  // Of 5,760 calls, a later look goes through those of the last minutes, and of hours into which long windows begin or end.
  expect(Math.max(...later)).toBeLessThan(150);
  expect(direct).toBe(0);
});

/** A call every ten minutes for forty days. */
function history() {
  return Array.from({ length: 40 * 144 }, (_, i) => ({
    time: new Date(AT - (i + 1) * 10 * MINUTE).toISOString(),
    service: i % 3 === 0 ? 'search' : 'chat',
    model: i % 5 === 0 ? 'gpt-5' : 'gpt-4.1',
    user: `u${i % 7}`,
    cost: `0.${String((i * 7919) % 1000).padStart(3, '0')}`,
    status: 200,
  }));
}
