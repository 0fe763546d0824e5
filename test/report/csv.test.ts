import { parse } from 'csv-parse/sync';
import { describe, expect, it } from 'vitest';
import type { Report } from '../../src/model/report.ts';
import { reportCsv } from '../../src/report/csv.ts';
import { NOTHING_TO_SAY } from './empty-report.ts';
import { DAY, decimal } from './report-world.ts';

const NOW = { from: Date.parse('2026-11-01T23:00:00Z'), to: Date.parse('2026-11-08T23:00:00Z') };

function row(now: string, before: string | null = null) {
  const calls = { now: decimal('1'), before: before === null ? null : decimal('2') };
  return { spend: { now: decimal(now), before: before === null ? null : decimal(before) }, calls };
}

function reportOf(parts: Partial<Report> = {}): Report {
  return {
    name: 'weekly',
    period: 'week',
    window: NOW,
    before: { from: NOW.from - 7 * DAY, to: NOW.from },
    at: NOW.to,
    zone: 'Europe/Berlin',
    currency: 'USD',
    where: {},
    newestRow: null,
    spend: { now: decimal('12.000000000001'), before: null },
    ...NOTHING_TO_SAY,
    incidents: null,
    incidentCount: null,
    retention: { oldestRow: null, newestRow: null, rows: null, users: null },
    ...parts,
  };
}

/** The lines of a section, by column. */
function linesOf(report: Report, section: string): Record<string, string>[] {
  const lines = parse(reportCsv(report), { columns: true }) as Record<string, string>[];
  return lines.filter((line) => line.section === section);
}

describe('the CSV of a report', () => {
  it('is RFC 4180: a header, as many cells in each line, CRLF at the end of each', () => {
    const text = reportCsv(reportOf());
    const lines = text.split('\r\n');
    expect(lines.pop()).toBe('');
    expect(lines.map((line) => line.split(',').length)).toEqual(lines.map(() => 13));
    expect(text.replaceAll('\r\n', '')).not.toMatch(/[\r\n]/);
  });

  it('has exact amounts, and empty cells for what is not known', () => {
    expect(linesOf(reportOf(), 'total')).toMatchObject([
      { name: 'weekly', value: '12.000000000001', previous_value: '', change: '', calls: '' },
    ]);
    const spend = { now: decimal('1'), before: decimal('3.5') };
    expect(linesOf(reportOf({ spend }), 'total')).toMatchObject([{ previous_value: '3.5', change: '-2.5' }]);
  });

  it('has no formula that comes from the data, and keeps negative amounts as numbers', () => {
    const keys = [
      '=1+1',
      '+1',
      '-1',
      '@SUM(A1)',
      '\t=1',
      '\r=1',
      'plain',
      'a "quoted", text\nof two lines',
      null,
    ];
    const rows = keys.map((key) => ({ key, ...row('-0.5', '1') }));
    const report = reportOf({ name: '=name', tables: [{ dimension: 'service', rows, others: null }] });
    const lines = linesOf(report, 'table');
    expect(lines.map(({ key }) => key)).toEqual([
      ...["'=1+1", "'+1", "'-1", "'@SUM(A1)", "'\t=1", "'\r=1", 'plain', 'a "quoted", text\nof two lines'],
      '(none)',
    ]);
    expect(lines.map(({ value }) => value)).toEqual(keys.map(() => '-0.5'));
    expect(linesOf(report, 'total')[0]?.name).toBe("'=name");
  });

  it('has all others as a line of their own', () => {
    const others = { count: 7, ...row('2', '1') };
    const report = reportOf({ tables: [{ dimension: 'user', rows: [], others }] });
    expect(linesOf(report, 'others')).toMatchObject([
      { dimension: 'user', key: '7 others', value: '2', previous_value: '1', change: '1', calls: '1' },
    ]);
  });

  it('has what a change is made of, a route, an invoice, a budget, a forecast and an incident', () => {
    const split = {
      before: decimal('1'),
      now: decimal('4'),
      change: decimal('3'),
      calls: decimal('1'),
      mix: decimal('0.5'),
      length: decimal('-0.5'),
      price: decimal('2'),
    };
    const report = reportOf({
      movers: [{ dimension: 'service', key: 'search', split }],
      routing: [
        {
          route: { from: 'a', to: 'b', belowTokens: 9 },
          calls: 3,
          recorded: decimal('5'),
          rerouted: decimal('1'),
        },
        {
          route: { from: 'a', to: 'c', belowTokens: null },
          calls: 3,
          recorded: decimal('5'),
          rerouted: null,
        },
      ],
      invoices: [{ month: '2026-10', window: NOW, billed: decimal('10'), recorded: decimal('8') }],
      budgets: [
        {
          rule: 'monthly',
          metric: 'spend',
          groupBy: ['service'],
          key: [null],
          amount: decimal('100'),
          spent: decimal('40'),
          window: NOW,
          periodEnd: NOW.to + DAY,
        },
      ],
      forecasts: [
        { period: 'year', window: NOW, spent: decimal('1'), byMean: decimal('2'), byWeekday: null },
      ],
      incidents: [
        {
          id: 'inc-1',
          subject: 'service search',
          severity: 'critical',
          rules: ['burn'],
          openedAt: NOW.from,
          closedAt: null,
          cost: null,
        },
      ],
    });
    const values = (section: string) => linesOf(report, section).map((line) => [line.metric, line.value]);
    const changes = linesOf(report, 'mover').map(({ metric, change }) => [metric, change]);
    expect(changes).toEqual([
      ['spend', '3'],
      ['change_by_calls', '1'],
      ['change_by_mix', '0.5'],
      ['change_by_length', '-0.5'],
      ['change_by_price', '2'],
    ]);
    expect(linesOf(report, 'routing').map(({ name, metric, value }) => [name, metric, value])).toEqual([
      ['a to b below 9 tokens', 'calls', '3'],
      ['a to b below 9 tokens', 'recorded', '5'],
      ['a to b below 9 tokens', 'rerouted', '1'],
      ['a to b below 9 tokens', 'saved', '4'],
      ['a to c', 'calls', '3'],
      ['a to c', 'recorded', '5'],
      ['a to c', 'rerouted', ''],
      ['a to c', 'saved', ''],
    ]);
    expect(values('invoice')).toEqual([
      ['billed', '10'],
      ['recorded', '8'],
      ['difference', '2'],
    ]);
    expect(linesOf(report, 'budget')).toMatchObject([
      { name: 'monthly', dimension: 'service', key: '(none)', metric: 'spend', value: '40' },
      { metric: 'amount', value: '100', to: '2026-11-09T23:00:00Z' },
    ]);
    expect(values('forecast')).toEqual([
      ['spent', '1'],
      ['by_mean', '2'],
      ['by_weekday', ''],
    ]);
    expect(linesOf(report, 'incident')).toMatchObject([
      { name: 'inc-1', key: 'service search', value: '', to: '' },
    ]);
  });
});
