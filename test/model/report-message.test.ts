import { describe, expect, test } from 'vitest';
import { displayWidth } from '../../src/model/display-text.ts';
import type { Message, MessageSection, MessageTable } from '../../src/model/message.ts';
import { plainBody, plainText } from '../../src/model/plain-text.ts';
import type { Report } from '../../src/model/report.ts';
import { reportMessage } from '../../src/model/report-message.ts';
import { hostileReport, monthReport, quietReport, sampleReport } from '../channels/sample-reports.ts';

const told = (report: Report): Message => reportMessage(report, { timestamp: report.at + 1500 });
const week = told(sampleReport());

const sectionOf = (message: Message, headline: string): MessageSection => {
  const found = message.sections.find((section) => section.headline === headline);
  if (found === undefined) throw new RangeError(`no section ${headline}`);
  return found;
};
const tableOf = (message: Message, headline: string): MessageTable =>
  sectionOf(message, headline).tables[0] as MessageTable;
const cents = (text: string): number => Math.round(Number(text.replace(/[^\d.-]/g, '')) * 100);
const sum = (numbers: readonly number[]): number => numbers.reduce((total, one) => total + one, 0);
const fixed = (dollars: number): bigint => BigInt(Math.round(dollars * 1e6)) * 1_000_000n;

describe('the title of a report', () => {
  test('says what was spent, when, and the change', () => {
    expect(week.title).toBe(
      'Spend report weekly: $1,214.62 in the week of 23 November, +17 % on the week before',
    );
    expect(told(monthReport()).title).toBe('Spend report search-monthly: at least €1,214.62 in October 2026');
    expect(told(quietReport()).title).toBe('Spend report daily: nothing spent on 28 November');
  });

  test.each([
    [120, 100, '+20 % on the week before'],
    [80, 100, '-20 % on the week before'],
    [100.2, 100, '+0.2 % on the week before'],
    [100, 100, 'as much as the week before'],
    [1300, 100, '+1,200 % on the week before'],
  ])('compares %d with %d', (now, before, change) => {
    const spend = { now: fixed(now), before: fixed(before) };
    expect(told(sampleReport({ spend })).title.split(', ').slice(-1)[0]).toBe(change);
  });

  test.each([
    [5, 0],
    [5, -3],
  ])('tells no percentage of %d after %d', (now, before) => {
    const spend = { now: fixed(now), before: fixed(before) };
    expect(told(sampleReport({ spend })).title).toBe('Spend report weekly: $5.00 in the week of 23 November');
  });
});

describe('the first sentences of a report', () => {
  test('say how much, where it is heading, which budget is used up, and what moved', () => {
    expect(week.lead).toEqual([
      'All services together spent $1,214.62 from Monday 23 to Sunday 29 November 2026, 17 % more than in the week before ($1,038.44).',
      'At this pace November 2026 comes to about $4,910.',
      'The budget team-budget of service search is used up: 104 % of $2,500.',
      'What changed most is service search: +$157.28, mostly from more calls.',
    ]);
  });

  test('name what the report is about, and why its sum is a lower bound', () => {
    expect(told(monthReport()).lead).toEqual([
      'Service search spent at least €1,214.62 in October 2026.',
      '1,204 calls have no price, and count as nothing.',
    ]);
  });

  test.each([
    [{ now: fixed(10), before: fixed(10) }, ', as much as in the week before.'],
    [{ now: fixed(10), before: 0n }, '; in the week before it was nothing.'],
    [{ now: fixed(10), before: fixed(10.01) }, ', 0.1 % less than in the week before ($10.01).'],
    [{ now: fixed(8), before: fixed(10) }, ', 20 % less than in the week before ($10.00).'],
    [{ now: fixed(8), before: null }, ' November 2026.'],
  ])('compare $now with $before', (spend, end) => {
    expect(told(sampleReport({ spend })).lead[0]?.endsWith(end)).toBe(true);
  });

  test('write a week over the end of a month and of a year in full', () => {
    const from = Date.parse('2026-12-28T00:00:00Z');
    const window = { from, to: from + 7 * 86_400_000 };
    expect(told(sampleReport({ window })).lead[0]).toContain(
      'from Monday 28 December 2026 to Sunday 3 January 2027',
    );
  });
});

describe('a table of spend', () => {
  const tables = ['Spend by service', 'Spend by model', 'Spend by user'].map((name) => tableOf(week, name));

  test.each(tables.map((table) => [table.columns[0], table] as const))(
    'by %s has rows that add up to its total, in money and in shares',
    (_, { columns, rows }) => {
      const [parts, total] = [rows.slice(0, -1), rows.at(-1) ?? []];
      const column = (name: string) => columns.indexOf(name);
      const [spend, share] = [column('spend'), column('share')];
      expect(total[0]).toBe('total');
      expect(total[spend]).toBe('$1,214.62');
      expect(sum(parts.map((row) => cents(row[spend] ?? '')))).toBe(121_462);
      expect(sum(parts.map((row) => Number.parseInt(row[share] ?? '', 10)))).toBe(100);
    },
  );

  test('rounds no amount by a cent or more', () => {
    for (const [i, { rows }] of tables.entries()) {
      const exact = sampleReport().tables[i]?.rows ?? [];
      for (const [place, row] of exact.entries()) {
        const shown = cents(rows[place]?.[1] ?? '') / 100;
        expect(Math.abs(shown - Number(row.spend.now) / 1e12)).toBeLessThan(0.01);
      }
    }
  });

  test('has bars as long as its rows, and none for the total', () => {
    const { bars = [], rows } = tables[0] as MessageTable;
    expect(bars).toHaveLength(rows.length - 1);
    expect(bars[0]).toBe(1);
    expect(bars[1]).toBeCloseTo(231.7749 / 812.404999, 9);
  });

  test('shows what is new, credits, and no change where nothing is known of before', () => {
    const [table] = sampleReport().tables;
    const [first, second] = table?.rows ?? [];
    if (table === undefined || first === undefined || second === undefined) throw new RangeError('no rows');
    const row = (now: number, before: number | null) => ({
      ...first,
      spend: { now: fixed(now), before: before === null ? null : fixed(before) },
    });
    const shown = (before: bigint | null, ...rows: ReturnType<typeof row>[]) =>
      tableOf(
        told(sampleReport({ spend: { now: fixed(7), before }, tables: [{ ...table, rows, others: null }] })),
        'Spend by service',
      );
    expect(shown(fixed(2), row(9, 0), row(-2, 2)).rows).toEqual([
      ['search', '$9.00', 'new', '100%'],
      ['search', '-$2.00', '-200%', 'credit'],
      ['total', '$7.00', '+250%', '100%'],
    ]);
    expect(shown(null, row(7, null)).columns).toEqual(['service', 'spend', 'share']);
  });

  test('of small sums has digits to tell them apart', () => {
    const [table] = sampleReport().tables;
    const rows = (table?.rows ?? []).slice(0, 3).map((row, i) => ({
      ...row,
      spend: { now: fixed(0.0012 * (i + 1)), before: 0n },
    }));
    const spend = { now: fixed(0.0072), before: 0n };
    const { rows: shown } = tableOf(
      told(sampleReport({ spend, tables: [{ dimension: 'service', rows, others: null }] })),
      'Spend by service',
    );
    expect(shown.map((row) => row[1])).toEqual(['$0.0012', '$0.0024', '$0.0036', '$0.0072']);
  });
});

describe('what changed most', () => {
  test('has parts that add up to the change as shown', () => {
    const { facts } = sectionOf(week, 'What changed most since the week before');
    expect(facts).toHaveLength(3);
    for (const [, value] of facts) {
      const [change = '', parts = ''] = value.split(': ');
      const amounts = parts.match(/[+-]\$[\d,.]+\d/g) ?? [];
      if (amounts.length > 0) expect(sum(amounts.map(cents))).toBe(cents(change));
    }
    expect(facts[1]).toEqual(['evals', '+$41.11: new']);
  });

  test('names the part that says most of it, or the two that do together', () => {
    const { movers } = sampleReport();
    const [first] = movers;
    if (first === undefined) throw new RangeError('no mover');
    const reason = (parts: Partial<Report['movers'][number]['split']>): string | undefined =>
      told(sampleReport({ movers: [{ ...first, split: { ...first.split, ...parts } }] })).lead.at(-1);
    const none = { calls: 0n, mix: 0n, length: 0n, price: 0n };
    const change = fixed(-10);
    expect(reason({ ...none, change, calls: fixed(-10) })).toMatch(
      /search: -\$10\.00, all from fewer calls\.$/,
    );
    expect(reason({ ...none, change, calls: fixed(-5), length: fixed(-5) })).toMatch(
      /from fewer calls and shorter calls\.$/,
    );
    expect(reason({ ...none, change, calls: fixed(5), price: fixed(-15) })).toMatch(
      /all from a lower cost per token\.$/,
    );
    expect(reason({ change: fixed(10), before: 0n })).toMatch(/which is new\.$/);
    expect(reason({ change: fixed(-10), now: 0n })).toMatch(/which spent nothing any more\.$/);
  });
});

describe('the parts of a report', () => {
  test('are left out where they have no content', () => {
    const quiet = told(quietReport());
    expect(quiet.sections.map(({ headline }) => headline)).toEqual(['Alerts']);
    expect(plainBody(quiet).split('\n').length).toBeLessThan(12);
    expect(quiet.chart).toBeNull();
    const nothing = told(quietReport({ quiet: null, incidents: null, figures: [] }));
    expect(nothing.sections).toEqual([]);
  });

  test('say on a quiet period that somebody watched', () => {
    const [alerts] = told(quietReport()).sections;
    expect(alerts?.sentence).toBe(
      '10,080 evaluations, nothing fired, nearest rule: daily-budget, 83 % of the way to an alert.',
    );
    const [alone] = told(quietReport({ quiet: { evaluations: 1, nearest: null } })).sections;
    expect(alone?.sentence).toBe('1 evaluation, nothing fired.');
  });

  test('tell a difference between invoice and record above 10 % in a sentence', () => {
    const [invoice] = sampleReport().invoices;
    if (invoice === undefined) throw new RangeError('no invoice');
    const shown = (billed: number, recorded: number): MessageSection =>
      sectionOf(
        told(sampleReport({ invoices: [{ ...invoice, billed: fixed(billed), recorded: fixed(recorded) }] })),
        'Invoices',
      );
    expect(shown(110, 100).sentence).toBeUndefined();
    expect(shown(110.01, 100).sentence).toBe(
      'For October 2026, $10.01 (10 %) more was billed than recorded.',
    );
    expect(shown(50, 100).sentence).toBe('For October 2026, $50.00 (100 %) more was recorded than billed.');
    expect(shown(110, 100).facts).toEqual([['October 2026', 'billed $110.00, recorded $100.00 (+$10.00)']]);
  });

  test('say what another model would have cost, and where its price is not known', () => {
    expect(sectionOf(week, 'What other models would have cost').facts).toEqual([
      [
        'gpt-4.1 → gemini-2.5-flash',
        '18,204 calls under 2,000 tokens cost $212.55, there $31.90: $180.65 less',
      ],
      [
        'claude-sonnet-4 → in-house-7b',
        '25,210 calls cost $388.00; the price list has no price of in-house-7b',
      ],
    ]);
  });

  test('show the fullest budgets first and count the rest', () => {
    const [budget] = sampleReport().budgets;
    if (budget === undefined) throw new RangeError('no budget');
    const budgets = Array.from({ length: 12 }, (_, i) => ({ ...budget, spent: fixed(i) }));
    const { sentence, tables } = sectionOf(told(sampleReport({ budgets })), 'Budgets');
    expect(sentence).toBe('And 2 budgets more, less of which is used.');
    expect(tables[0]?.rows.map((row) => row[1])).toEqual(
      Array.from({ length: 10 }, (_, i) => `$${11 - i}.00`),
    );
  });

  test('say where the table begins within the period before', () => {
    const { retention, before } = sampleReport();
    const young = { ...retention, oldestRow: before.from + 3_600_000 };
    expect(told(sampleReport({ retention: young })).footer[2]).toBe(
      'It begins within the week before, which has spent at least what is shown.',
    );
    const { now } = sampleReport().spend;
    expect(told(sampleReport({ retention: young, spend: { now, before: null } })).footer[2]).toBe(
      'It begins within the week before, so nothing is compared.',
    );
    expect(week.footer.join()).not.toContain('It begins');
  });

  test('say since when a month and a year are counted that the table does not hold from their beginning', () => {
    const { retention, invoices } = sampleReport();
    const oldestRow = Date.parse('2026-10-12T09:00:00Z');
    const young = told(
      sampleReport({
        retention: { ...retention, oldestRow },
        invoices: invoices.map((one) => ({ ...one, billed: fixed(150), recorded: fixed(100) })),
      }),
    );
    expect(sectionOf(young, 'Forecast').facts.map(([name]) => name)).toEqual([
      'November 2026',
      '2026, from 12 October',
    ]);
    expect(young.lead.join()).toContain('At this pace November 2026 comes to about $4,910.');
    expect(sectionOf(young, 'Invoices')).toMatchObject({
      sentence:
        'For October 2026, $50.00 (50 %) more was billed than recorded; the table begins on 12 October.',
      facts: [['October 2026', 'billed $150.00, recorded since 12 October $100.00 (+$50.00)']],
    });
    const younger = { ...retention, oldestRow: Date.parse('2026-11-10T09:00:00Z') };
    expect(told(sampleReport({ retention: younger })).lead.join()).toContain(
      'At this pace November 2026 comes to about $4,910, counted from 10 November.',
    );
  });

  test('name the days that a forecast is made of', () => {
    const { forecasts } = sampleReport();
    const few = forecasts.map((one) => ({ ...one, byWeekday: null }));
    const [month] = sectionOf(told(sampleReport({ forecasts: few })), 'Forecast').facts;
    expect(month?.[1]).toContain('by the mean of the days so far');
  });

  test('count all incidents, and say where the cost is not that of the whole one', () => {
    const { window, incidents } = sampleReport();
    const [first] = incidents ?? [];
    if (first === undefined) throw new RangeError('no incident');
    const long = { ...first, openedAt: window.from - 3_600_000, closedAt: window.from + 3_600_000 };
    const all = told(sampleReport({ incidents: [first, long], incidentCount: 57 }));
    const { sentence, facts } = sectionOf(all, '57 incidents');
    expect(sentence).toBe('And 55 incidents more, shorter ones.');
    expect(facts.map(([, text]) => text)).toEqual([
      'critical (hourly-burn, spend-anomaly), 3 h 10 min from 2026-11-24 02:05 UTC: $311.10',
      'critical (hourly-burn, spend-anomaly), 2 h from 2026-11-22 23:00 UTC: $311.10 within the week',
    ]);
  });

  test('leave out the forecast of a month that is over', () => {
    const { forecasts, window } = sampleReport();
    const ended = forecasts.map((one) => ({ ...one, window: { ...one.window, to: window.to } }));
    const message = told(sampleReport({ forecasts: ended }));
    expect(message.sections.map(({ headline }) => headline)).not.toContain('Forecast');
    expect(message.lead.join()).not.toContain('At this pace');
  });
});

test.each([
  ['a week', sampleReport()],
  ['a month', monthReport()],
  ['a quiet day', quietReport()],
  ['hostile names', hostileReport()],
])('%s fits 80 columns, and no name breaks a line', (_, report) => {
  const text = plainText(told(report), 80);
  expect(Math.max(...text.split('\n').map(displayWidth))).toBeLessThanOrEqual(80);
  expect(text).not.toMatch(/[\u202e\r]/);
  expect(text).not.toContain('line\nbreak');
});

test('the webhook gets the report as JSON', () => {
  expect(JSON.parse(week.json)).toMatchObject({
    type: 'report',
    timestamp: '2026-11-30T07:00:01.500Z',
    data: { report: 'weekly', spend: { value: 1214.624699 } },
  });
});
