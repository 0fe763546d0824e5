import { describe, expect, it } from 'vitest';
import { daysSvg } from '../../src/charts/days-svg.ts';
import { pictureOf } from '../../src/charts/picture.ts';
import type { DaysChart } from '../../src/model/chart.ts';
import type { Report } from '../../src/model/report.ts';
import { daysChart } from '../../src/model/report-chart.ts';
import { monthReport, quietReport, sampleReport } from '../channels/sample-reports.ts';

const textsOf = (svg: string): string[] =>
  [...svg.matchAll(/<text[^>]*>([^<]*)<\/text>/g)].map(([, text = '']) => text);
const chartOf = (report: Report): DaysChart => {
  const chart = daysChart(report);
  if (chart === null) throw new RangeError('no chart');
  return chart;
};
const barsIn = (svg: string) =>
  [...svg.matchAll(/<rect x="([\d.]+)" y="([\d.]+)" width="([\d.]+)" height="([\d.]+)"/g)]
    .slice(1)
    .map((match) => {
      const [x = 0, y = 0, width = 0, height = 0] = match.slice(1).map(Number);
      return { x, y, width, height };
    });

describe('the picture of a report', () => {
  const week = chartOf(sampleReport());

  it('names the report, the periods, their sums and the days', () => {
    expect(textsOf(daysSvg(week))).toEqual(
      expect.arrayContaining([
        'weekly: spend per day',
        '23 Nov to 29 Nov: $1,214.62',
        'week before: $1,038.44',
        'Mon',
        'Sun',
      ]),
    );
    expect(week.alt).toBe(
      'Chart of the spend per day from Monday 23 to Sunday 29 November 2026: $1,214.62 in all.',
    );
  });

  it('has a bar for each day, as high as its spend', () => {
    const bars = barsIn(daysSvg(week));
    expect(bars).toHaveLength(7);
    const ratio = (bars[5]?.height ?? 0) / (bars[0]?.height ?? 1);
    expect(ratio).toBeCloseTo(6 / 17, 2);
  });

  it('has no line where nothing is known of the period before', () => {
    const svg = daysSvg(chartOf(monthReport()));
    expect(svg).not.toContain('stroke-linejoin');
    expect(barsIn(svg)).toHaveLength(31);
    expect(textsOf(svg)).toContain('October 2026: €1,214.62');
  });

  it('labels as many days as have room', () => {
    const days = textsOf(daysSvg(chartOf(monthReport()))).filter((text) => /^\d+$/.test(text));
    expect(days.slice(0, 2)).toEqual(['1', '4']);
  });

  it('draws a credit below zero', () => {
    const { days, ...report } = sampleReport();
    const credited = days.map((day, i) => (i === 8 ? { ...day, spend: -day.spend } : day));
    const [first, credit] = barsIn(daysSvg(chartOf({ ...report, days: credited })));
    expect(credit?.y).toBeCloseTo((first?.y ?? 0) + (first?.height ?? 0), 1);
    expect(credit?.height).toBeGreaterThan(10);
  });

  it('is none for a single day, and where nothing was spent', () => {
    expect(daysChart(quietReport())).toBeNull();
    const { days, ...report } = sampleReport();
    expect(daysChart({ ...report, days: days.map((day) => ({ ...day, spend: 0n })) })).toBeNull();
  });

  it.each([
    ['a week', week],
    ['a month', chartOf(monthReport())],
    [
      'large sums',
      { ...week, now: '23 Nov to 29 Nov: $123,456,789,012.34', before: 'week before: $98,765,432,109.87' },
    ],
    ['a name of six thousand letters', chartOf(sampleReport({ name: '<b>very-long'.repeat(500) }))],
  ])('of %s stays within its frame and makes no markup', async (_, chart) => {
    const svg = daysSvg(chart);
    expect(svg).not.toMatch(/NaN|Infinity|undefined|null|<b>/);
    const places = [...svg.matchAll(/ x="([^"]+)"/g)].map(([, x]) => Number(x));
    expect(places.every((x) => x >= 0 && x <= 720)).toBe(true);
    expect((await pictureOf(chart))?.subarray(1, 4).toString()).toBe('PNG');
  });

  it('leaves out a name that its font cannot write', () => {
    expect(textsOf(daysSvg(chartOf(sampleReport({ name: '每周' }))))[0]).toBe('spend per day');
  });
});
