import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { AppError } from '../../src/model/errors.ts';
import { priceEntry } from '../../src/model/price-list.ts';
import { type CellRead, type Query, seriesOfCells } from '../../src/model/series.ts';
import type { Window } from '../../src/model/window.ts';
import { postgres } from '../../src/stores/postgres.ts';
import { ruleOf } from '../rules/rule-fixtures.ts';
import { type CallStore, openCallStore } from '../support/call-store.ts';
import { DAY, decimal, figureOf, PRICES, reportOn } from './report-world.ts';

/** The week from Monday, 2 November, in Berlin. */
const AT = '2026-11-10T07:00:00Z';
const MONDAY = Date.parse('2026-11-01T23:00:00Z');
const HOUR = 3_600_000;

let calls: CallStore;
beforeAll(async () => {
  calls = await openCallStore('postgres', {}, PRICES);
});
afterAll(() => calls?.stop());
beforeEach(() => calls.clear());

describe('a table with few rows', () => {
  it('has a report without any row', async () => {
    const rules = [ruleOf('budget', { window: undefined, period: 'month', amount: 5 })];
    const report = await reportOn(calls.store, { invoices: new Map([['2026-10', 5n]]) }, AT, { rules });
    expect(report.spend).toEqual({ now: 0n, before: null });
    expect(report.tables).toEqual(
      ['service', 'model', 'user'].map((dimension) => ({ dimension, rows: [], others: null })),
    );
    expect(report).toMatchObject({ movers: [], models: [], forecasts: [], troubles: [], newestRow: null });
    expect(report.retention).toEqual({ oldestRow: null, newestRow: null, rows: 0, users: 0 });
    expect(report.invoices).toEqual([]);
    expect(report.budgets).toMatchObject([{ spent: 0n, amount: decimal('5') }]);
    expect(figureOf(report, 'cost_per_call')).toMatchObject({ now: null, before: null });
    expect(report.days.map(({ spend }) => spend)).toEqual(new Array(7).fill(0n));
  });

  it('compares with nothing where its first row is in the period', async () => {
    await calls.log({ at: MONDAY, cost: '1.5' });
    const report = await reportOn(calls.store, {}, AT);
    expect(report.spend).toEqual({ now: decimal('1.5'), before: null });
    expect(report.tables[0]?.rows).toMatchObject([{ key: 'search', calls: { before: null } }]);
    expect(report.days).toHaveLength(7);
    expect(report.movers).toEqual([]);
    expect(figureOf(report, 'calls')).toMatchObject({ now: { calls: 1 }, before: null });
  });

  it('compares with nothing where it begins after the first day of the period before', async () => {
    await calls.log({ at: MONDAY - 6 * DAY, cost: '1' }, { at: MONDAY, cost: '1.5' });
    expect((await reportOn(calls.store, {}, AT)).spend).toEqual({ now: decimal('1.5'), before: null });
    await calls.log({ at: MONDAY - 6 * DAY - 1, cost: '1' });
    expect((await reportOn(calls.store, {}, AT)).spend.before).toBe(decimal('2'));
  });

  it('names values that were only called before among the others', async () => {
    const old = { service: 'old', user: null };
    await calls.log({ at: MONDAY - 1, cost: '2', ...old }, { at: MONDAY - 7 * DAY, cost: '0', ...old });
    const report = await reportOn(calls.store, {}, AT);
    expect(report.spend).toEqual({ now: 0n, before: decimal('2') });
    expect(report.tables[0]).toEqual({
      dimension: 'service',
      rows: [],
      others: {
        count: 1,
        spend: { now: 0n, before: decimal('2') },
        calls: { now: 0n, before: decimal('2') },
      },
    });
    expect(report.movers).toMatchObject([{ key: 'old', split: { change: decimal('-2') } }]);
  });

  it('has a change from 0 where the filter takes no row of the period before, although the table has some', async () => {
    await calls.log({ at: MONDAY - 7 * DAY, service: 'old' }, { at: MONDAY, service: 'new', cost: '3' });
    const report = await reportOn(calls.store, { where: { service: { in: ['new'] } } }, AT);
    expect(report.spend).toEqual({ now: decimal('3'), before: 0n });
  });

  it('lets credits reduce the total, and ranks them last', async () => {
    await calls.log(
      { at: MONDAY, cost: '3' },
      { at: MONDAY, cost: '-1', service: 'refund' },
      { at: MONDAY, cost: '0', service: 'free' },
    );
    const report = await reportOn(calls.store, {}, AT);
    expect(report.spend.now).toBe(decimal('2'));
    expect(report.tables[0]?.rows.map(({ key }) => key)).toEqual(['search', 'free', 'refund']);
  });
});

describe('the forecast', () => {
  it('is what was spent, and the mean of the last 14 days or of the same weekdays for each day left', async () => {
    // From Monday, 5 October: 3 on Mondays, 8 on Sundays, else 1, which is 16 a week; from 26 October on twice as much.
    const first = Date.parse('2026-10-05T10:00:00Z');
    for (let day = 0; day < 35; day += 1) {
      const usual = [3, 1, 1, 1, 1, 1, 8][day % 7] as number;
      await calls.log({ at: first + day * DAY, cost: day < 21 ? usual : 2 * usual });
    }
    const { forecasts } = await reportOn(calls.store, {}, AT);
    // October: three weeks, and Monday to Saturday twice. November: a Sunday, and a week.
    const [october, november] = [3 * 16 + 2 * 8, 2 * 8 + 2 * 16];
    // 22 days are left. The last 14 had 64: 22 × 64 / 14 = 100.571428571429, rounded to 12 places.
    expect(forecasts[0]).toMatchObject({
      period: 'month',
      spent: decimal(String(november)),
      byMean: decimal('148.571428571429'),
    });
    // Three weeks and a Monday. Of the last four weeks two had 16, and two 32.
    expect(forecasts[0]?.byWeekday).toBe(decimal(String(november + 3 * 24 + 4.5)));
    expect(forecasts[0]?.window.to).toBe(Date.parse('2026-11-30T23:00:00Z'));
    // 53 days to the end of the year: seven weeks, and Monday to Thursday.
    expect(forecasts[1]).toMatchObject({
      period: 'year',
      spent: decimal(String(october + november)),
      byMean: decimal('354.285714285714'),
    });
    expect(forecasts[1]?.byWeekday).toBe(decimal(String(october + november + 7 * 24 + 4.5 + 3 * 1.5)));
    expect(forecasts).toHaveLength(2);
  });

  it('has no weekdays before two weeks, and needs three days', async () => {
    const last = MONDAY + 7 * DAY - HOUR;
    await calls.log({ at: last, cost: '4' }, { at: last - DAY, cost: '2' });
    expect((await reportOn(calls.store, {}, AT)).forecasts).toEqual([]);
    await calls.log({ at: last - 2 * DAY, cost: '3' });
    const { forecasts } = await reportOn(calls.store, {}, AT);
    expect(forecasts[0]).toMatchObject({ byMean: decimal(String(9 + 22 * 3)), byWeekday: null });
  });
});

describe('routing', () => {
  const route = { from: 'large', to: 'small', belowTokens: 2_000 };
  const list = {
    models: {
      large: [priceEntry({ input: '2', output: '8' })],
      small: [
        priceEntry({
          input: '0.4',
          output: '1.6',
          cachedInput: '0.1',
          batch: '0.5',
          above: [{ ...priceEntry({ input: '1', output: '3' }), tokens: 1_500 }],
        }),
        priceEntry({ input: '0.2', output: '0.8', from: MONDAY + DAY }),
      ],
    },
    aliases: {},
    strip: [],
  };
  const worked = async (keys: Partial<typeof route> = {}) => {
    const store = postgres.open(calls.sql, {}, list);
    const report = await reportOn(store, { routing: [{ ...route, ...keys }] }, AT, { prices: list });
    return report.routing[0];
  };
  const call = { at: MONDAY, model: 'large', input_tokens: 1_000, output_tokens: 500, cost: '0.01' };

  it('prices each call alone: cached tokens, tiers, batches and the prices of its day', async () => {
    await calls.log(
      // 1,000 × 0.4 + 500 × 1.6 = 1,200
      call,
      // 600 × 0.4 + 400 × 0.1 + 500 × 1.6 = 1,080
      { ...call, cached_tokens: 400 },
      // 1,600 × 1 + 100 × 3 = 1,900
      { ...call, input_tokens: 1_600, output_tokens: 100 },
      // half of 1,200
      { ...call, batch: 'true' },
      // From the next day on 1,000 × 0.2 + 500 × 0.8 = 600
      { ...call, at: MONDAY + DAY },
      { ...call, at: MONDAY + DAY - 1 },
      // Recorded is nothing, so that it cost 1,000 × 2 + 500 × 8 by the list; 1,200 elsewhere
      { ...call, cost: null },
      // Not below 2,000, of another model, and of another week.
      { ...call, output_tokens: 1_000 },
      { ...call, model: 'larger' },
      { ...call, at: MONDAY - 1 },
    );
    expect(await worked()).toEqual({
      route,
      calls: 7,
      recorded: decimal('0.066'),
      rerouted: decimal('0.007780'),
    });
  });

  it('is not known where the list has no price of the other model, and leaves out calls of unknown cost', async () => {
    await calls.log(call, { ...call, model: 'unlisted', cost: null }, { ...call, model: 'unlisted' });
    expect(await worked({ to: 'nobody' })).toMatchObject({ calls: 1, rerouted: null });
    expect(await worked({ from: 'unlisted' })).toMatchObject({ calls: 1, recorded: decimal('0.01') });
    expect(await worked({ from: 'uncalled' })).toMatchObject({ calls: 0, recorded: 0n, rerouted: 0n });
  });
});

describe('incidents', () => {
  const incident = { severity: 'critical', rules: ['burn'], closedAt: null } as const;
  const about = (value: string) => ({ dimension: 'service', value });

  it('have what their subject spent while they were open, within the period', async () => {
    await calls.log(
      { at: MONDAY - 1, cost: '1' },
      { at: MONDAY, cost: '2' },
      { at: MONDAY + HOUR, cost: '4', service: 'chat' },
      { at: MONDAY + 2 * HOUR, cost: '8' },
      { at: MONDAY + 2 * HOUR - 1, cost: '16', model: 'small' },
    );
    const rules = [ruleOf('threshold', { name: 'small', threshold: 1, where: { model: 'small' } })];
    const found = [
      { ...incident, id: 'a', subject: about('chat'), openedAt: MONDAY, closedAt: MONDAY + HOUR },
      { ...incident, id: 'b', subject: about('search'), openedAt: MONDAY - DAY, closedAt: MONDAY + 2 * HOUR },
      { ...incident, id: 'c', subject: { dimension: null, value: 'small' }, openedAt: MONDAY + HOUR },
      { ...incident, id: 'd', subject: { dimension: 'team', value: 'x' }, openedAt: MONDAY },
    ];
    const report = await reportOn(calls.store, {}, AT, { rules, incidentsIn: async () => found });
    expect(report.incidents?.map(({ id, cost }) => [id, cost])).toEqual([
      ['d', null],
      ['c', decimal('16')],
      ['b', decimal('18')],
      ['a', 0n],
    ]);
    expect(report.incidents?.map(({ subject }) => subject)).toEqual([
      'team x',
      'rule small',
      'service search',
      'service chat',
    ]);
  });
});

describe('kept sums', () => {
  const stale = (spend: string) =>
    seriesOfCells([
      { key: [], cells: [{ sums: { calls: decimal('1'), cost: decimal(spend) }, sketches: {} }] },
    ]);

  it('answer as of their latest refresh, and never a part of what must add up', async () => {
    await calls.log({ at: MONDAY, cost: '2' }, { at: MONDAY - 40 * DAY, cost: '1' });
    const refreshedTo = Date.parse(AT) - 60_000;
    const source = {
      read: (...[reads, before]: Parameters<typeof calls.store.read>) => calls.store.read(reads, before),
      refreshedTo: () => refreshedTo,
      known: (queries: readonly Query[], before: number) =>
        queries.map(({ groupBy }) => (groupBy.length === 0 && before === refreshedTo ? stale('70') : null)),
    };
    const rules = [ruleOf('budget', { name: 'month', window: undefined, period: 'month', amount: 100 })];
    const report = await reportOn(calls.store, {}, AT, { source, rules });
    expect(report.spend.now).toBe(decimal('2'));
    expect(report.tables[0]?.rows).toMatchObject([{ key: 'search', spend: { now: decimal('2') } }]);
    expect(report.budgets).toMatchObject([{ spent: decimal('70') }]);
  });
});

it('tells how far the reading has come, up to the end', async () => {
  const told: (readonly [number, number])[] = [];
  await reportOn(calls.store, {}, AT, { progressed: (done, total) => told.push([done, total]) });
  const [, total = 0] = told[0] ?? [];
  expect(told).toEqual(Array.from({ length: total }, (_, i) => [i + 1, total]));
  expect(total).toBeGreaterThan(3);
});

describe('what cannot be read', () => {
  it('is named, and the rest stands', async () => {
    await calls.log({ at: MONDAY, cost: '2' }, { at: MONDAY - 7 * DAY, cost: '1' });
    const refused = new AppError('store_query_failed', 'no such column');
    const source = {
      read: async (...[reads, before]: Parameters<typeof calls.store.read>) => {
        const { answers, ...rest } = await calls.store.read(reads, before);
        const isRefused = ({ groupBy, where }: Pick<CellRead, 'groupBy' | 'where'>) =>
          groupBy.includes('user') || where.service !== undefined;
        return {
          ...rest,
          answers: answers.map((one, i) => (isRefused(reads[i] as CellRead) ? refused : one)),
        };
      },
    };
    const report = await reportOn(calls.store, {}, AT, {
      source,
      incidentsIn: () => Promise.reject(new AppError('store_unreachable', 'nobody answers')),
      quietOf: () => Promise.reject(new AppError('state_unreadable', 'broken')),
    });
    expect(report.spend.now).toBe(decimal('2'));
    expect(report.tables.map(({ dimension }) => dimension)).toEqual(['service', 'model']);
    expect(report).toMatchObject({ movers: [], incidents: null, quiet: null });
    expect(report.retention).toMatchObject({ oldestRow: MONDAY - 7 * DAY, rows: null, users: null });
    expect(report.troubles).toEqual([
      'the spend by user could not be read: no such column',
      'what the largest changes are made of could not be read: no such column',
      'incidents could not be read: nobody answers',
      'how often the rules were evaluated could not be read: broken',
      'the number of rows could not be read: no such column',
    ]);
  });

  it('is no sum of the year where nobody knows how far back the table goes', async () => {
    await calls.log({ at: MONDAY, cost: '2' }, { at: MONDAY - 40 * DAY, cost: '1' });
    const occupied = (spans: readonly Window[]) =>
      spans.some(({ from }) => from === 0)
        ? Promise.reject(new AppError('store_timeout', 'it took too long'))
        : calls.store.occupied(spans);
    const store = { snapshot: calls.store.snapshot, occupied };
    const report = await reportOn(calls.store, { invoices: new Map([['2026-10', 5n]]) }, AT, { store });
    expect(report).toMatchObject({ invoices: [], forecasts: [], spend: { now: decimal('2') } });
    expect(report.retention).toMatchObject({ oldestRow: null, rows: null, users: null });
    expect(report.troubles).toEqual([
      'forecasts and invoices could not be read: it took too long',
      'the oldest row could not be read: it took too long',
    ]);
  });

  it('fails the report where it is the total', async () => {
    const source = { read: () => Promise.reject(new AppError('store_unreachable', 'nobody answers')) };
    await expect(reportOn(calls.store, {}, AT, { source })).rejects.toThrow('nobody answers');
  });
});
