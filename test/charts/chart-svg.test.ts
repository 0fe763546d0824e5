import { describe, expect, it } from 'vitest';
import { chartSvg } from '../../src/charts/chart-svg.ts';
import { timeTicks } from '../../src/charts/time-ticks.ts';
import type { Chart } from '../../src/model/chart.ts';
import { SAMPLE_CHARTS } from './sample-charts.ts';

const textsOf = (svg: string): string[] =>
  [...svg.matchAll(/<text[^>]*>([^<]*)<\/text>/g)].map(([, text = '']) => text);
const sample = (name: string) => SAMPLE_CHARTS[name as keyof typeof SAMPLE_CHARTS];

describe('a drawing', () => {
  it('names what is shown, its value, limits, onset and zone', () => {
    expect(textsOf(chartSvg(sample('alert')))).toEqual(
      expect.arrayContaining([
        'service search: spend in 1h',
        '$312.46',
        'UTC',
        'critical $100',
        'warning $50',
        'began 01:19',
      ]),
    );
  });

  it('shows the usual value in place of limits', () => {
    expect(textsOf(chartSvg(sample('anomaly')))).toContain('usual $41.20');
  });

  it('writes what is usual above the line, which would strike it out', () => {
    const chart = sample('anomaly');
    const y = (of: Chart): number => Number(/<text[^>]* y="([^"]+)"[^>]*>usual/.exec(chartSvg(of))?.[1]);
    const higher = chart.points.map(([at, value]) => [at, at < chart.window.from ? 90 : value] as const);
    expect(y({ ...chart, points: higher })).toBeLessThan(y(chart));
  });

  it.each(Object.keys(SAMPLE_CHARTS))(
    'of %s holds only numbers, and nothing outside of the picture',
    (name) => {
      const svg = chartSvg(sample(name));
      expect(svg).not.toMatch(/NaN|Infinity|undefined|null/);
      const places = [...svg.matchAll(/ (?:x|cx)="([^"]+)"/g)].map(([, x]) => Number(x));
      expect(places.every((x) => x >= 0 && x <= 720)).toBe(true);
      expect(chartSvg(sample(name))).toBe(svg);
    },
  );

  it('leaves out names that its font cannot write, and cuts long ones before what is measured', () => {
    expect(textsOf(chartSvg(sample('cjk')))[0]).toBe('spend in 1h');
    expect(textsOf(chartSvg(sample('long-name')))[0]).toMatch(/^service recomm.*…: spend in 1h$/);
  });

  it('makes no markup of names', () => {
    const svg = chartSvg({ ...sample('alert'), title: '<script>"&</script>' });
    expect(svg).not.toContain('<script');
  });
});

describe('the ticks of time', () => {
  const at = (text: string): number => Date.parse(text);

  it('are at round local times, midnight as its date', () => {
    const ticks = timeTicks(at('2026-11-19T02:05:00Z'), at('2026-11-20T02:05:00Z'), 'Asia/Kolkata');
    expect(ticks.map(({ label }) => label)).toEqual(['12:00', '18:00', '20 Nov', '06:00']);
  });

  it('stay right where clocks change', () => {
    const ticks = timeTicks(at('2026-10-24T20:00:00Z'), at('2026-10-25T20:00:00Z'), 'Europe/Berlin');
    expect(ticks.map(({ label }) => label)).toEqual(['25 Oct', '06:00', '12:00', '18:00']);
  });

  it.each([1, 14, 35, 90, 400])('are few over %i days', (days) => {
    const to = at('2026-11-20T02:05:00Z');
    const ticks = timeTicks(to - days * 86_400_000, to, 'UTC');
    expect(ticks.length).toBeLessThan(6);
    if (days < 100) expect(ticks.length).toBeGreaterThan(1);
  });
});
