import { describe, expect, it } from 'vitest';
import { pictureOf } from '../../src/charts/picture.ts';
import type { Chart } from '../../src/model/chart.ts';
import { SAMPLE_CHARTS } from './sample-charts.ts';

const MOST_BYTES = 60_000;

describe('a picture', () => {
  it.each(Object.entries(SAMPLE_CHARTS))('of %s is a small PNG of 1200 × 700', async (_, chart) => {
    const picture = await pictureOf(chart);
    expect(picture?.subarray(1, 4).toString()).toBe('PNG');
    expect([picture?.readUInt32BE(16), picture?.readUInt32BE(20)]).toEqual([1200, 700]);
    expect(picture?.length).toBeGreaterThan(5_000);
    expect(picture?.length).toBeLessThan(MOST_BYTES);
  });

  it('of the same chart is the same to the byte', async () => {
    const { alert } = SAMPLE_CHARTS;
    const [one, other] = await Promise.all([pictureOf(alert), pictureOf(alert)]);
    expect(one?.equals(other ?? Buffer.alloc(0))).toBe(true);
  });

  it('that cannot be drawn is none', async () => {
    const broken = { ...SAMPLE_CHARTS.alert, ticks: null } as unknown as Chart;
    expect(await pictureOf(broken)).toBeNull();
  });
});
