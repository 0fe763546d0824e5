import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { errorFilterOf, isSketch, type Measure } from '../../src/model/measure.ts';
import { describeMetric, drivingMeasure, METRICS, measuresOf } from '../../src/model/metric.ts';
import { sampleOf } from '../../src/model/metric-value.ts';
import { type Fixed, fixedFromInteger, fixedFromNumber, ONE } from '../../src/model/money.ts';
import type { Cell } from '../../src/model/series.ts';
import type { Sketch } from '../../src/model/sketch.ts';
import { SKETCH_GAMMA, sketchQuantile, ZERO_BUCKET } from '../../src/model/sketch.ts';

function cell(
  sums: Readonly<Partial<Record<Measure, number>>>,
  sketches: Partial<Record<Measure, Sketch>> = {},
): Cell {
  const fixed = Object.entries(sums).map(([name, value]): [string, Fixed] => [
    name,
    fixedFromNumber(value ?? 0),
  ]);
  return { sums: Object.fromEntries(fixed), sketches };
}

function sketchOf(values: readonly number[]): Sketch {
  const counts = new Map<number, number>();
  for (const value of values) {
    const bucket = value <= 0 ? ZERO_BUCKET : Math.ceil(Math.log(value) / Math.log(SKETCH_GAMMA));
    counts.set(bucket, (counts.get(bucket) ?? 0) + 1);
  }
  return counts;
}

describe('measures', () => {
  it('always hold the calls, once', () => {
    for (const metric of METRICS) {
      expect(measuresOf(metric, null).filter((measure) => measure === 'calls')).toHaveLength(1);
    }
  });

  it('are narrowed to the failures that count, in one spelling, and can be read back', () => {
    const [failed = 'calls'] = measuresOf('errors', { in: ['timeout', 429, '5xx', 429] });
    expect(failed).toBe('failed@429,5xx,timeout');
    expect(errorFilterOf(failed)).toEqual({ in: [429, '5xx', 'timeout'] });
    const [others = 'calls'] = measuresOf('errors', { notIn: ['timeout', 429] });
    expect(others).toBe('failed@not:429,timeout');
    expect(errorFilterOf(others)).toEqual({ notIn: [429, 'timeout'] });
    expect(drivingMeasure('wasted_spend', { in: [500] })).toBe('failed_cost@500');
    expect(measuresOf('spend', { in: [429] })).toEqual(['cost', 'calls']);
    expect(errorFilterOf('failed')).toBeNull();
  });

  it('are sketches for percentiles only', () => {
    expect(METRICS.filter((metric) => measuresOf(metric, null).some(isSketch))).toEqual([
      'latency_p50',
      'latency_p90',
      'latency_p95',
      'latency_p99',
      'ttft_p95',
      'tokens_p50',
      'tokens_p95',
      'tokens_p99',
      'cost_p95',
      'cost_p99',
    ]);
  });
});

describe('samples', () => {
  it('are zero without rows for additive metrics and nothing for all others', () => {
    for (const metric of METRICS) {
      const expected = describeMetric(metric).additive ? { fixed: 0n, number: 0, calls: 0 } : null;
      expect(sampleOf(metric, null, null)).toEqual(expected);
    }
  });

  it('keep money exact to the last digit', () => {
    const sums = { cost: 29_999_999_997_000_001n, calls: fixedFromInteger(2) };
    expect(sampleOf('spend', null, { sums, sketches: {} })).toMatchObject({
      fixed: 29_999_999_997_000_001n,
      calls: 2,
    });
  });

  it('divide what their names say', () => {
    const given = cell({
      cost: 3,
      calls: 8,
      failed: 2,
      'failed@429': 1,
      input_tokens: 1_500,
      output_tokens: 500,
      cached_tokens: 300,
      latency_sum: 900,
      latency_count: 4,
    });
    const number = (metric: Parameters<typeof sampleOf>[0]) => sampleOf(metric, null, given)?.number;
    expect(number('tokens')).toBe(2_000);
    expect(number('error_rate')).toBe(0.25);
    expect(sampleOf('error_rate', { in: [429] }, given)?.number).toBe(0.125);
    expect(number('cache_hit_rate')).toBe(0.2);
    expect(number('latency_avg')).toBe(225);
    expect(number('cost_per_call')).toBe(0.375);
    expect(number('tokens_per_call')).toBe(250);
    expect(number('cost_per_1k_tokens')).toBe(1.5);
  });

  it('have no value where there is nothing to divide by', () => {
    expect(sampleOf('latency_avg', null, cell({ calls: 3 }))).toBeNull();
    expect(sampleOf('cost_per_1k_tokens', null, cell({ calls: 3, cost: 1 }))).toBeNull();
    expect(sampleOf('latency_p95', null, cell({ calls: 3 }))).toBeNull();
  });

  it('do not round ratios, and compare them to twelve places', () => {
    expect(sampleOf('error_rate', null, cell({ failed: 1, calls: 3 }))).toMatchObject({
      number: 1 / 3,
      fixed: 333_333_333_333n,
    });
    expect(sampleOf('cost_per_call', null, cell({ cost: -1, calls: 3 }))?.fixed).toBe(-ONE / 3n);
  });
});

describe('percentiles', () => {
  it('lie within 1 % of a value between the neighbouring ranks', () => {
    const values = fc.array(fc.double({ min: 0.001, max: 1e7, noNaN: true }), {
      minLength: 1,
      maxLength: 300,
    });
    fc.assert(
      fc.property(values, fc.constantFrom(0, 0.5, 0.9, 0.95, 0.99, 1), (latencies, q) => {
        const sorted = [...latencies].sort((a, b) => a - b);
        const rank = q * (sorted.length - 1);
        const low = sorted[Math.floor(rank)] as number;
        const high = sorted[Math.ceil(rank)] as number;
        const estimate = sketchQuantile(sketchOf(latencies), q) as number;
        expect(estimate).toBeGreaterThanOrEqual(low * 0.99);
        expect(estimate).toBeLessThanOrEqual(high * 1.01);
      }),
    );
  });

  it.each([1e-7, 0.000_03, 0.0199, 1, 9_999.99, 10_000_000])(
    'compare the cost of a call, %d, in all its places',
    (cost) => {
      const sketches = { cost_sketch: sketchOf([-5, cost, cost]) };
      const { fixed, number } = sampleOf('cost_p95', null, { sums: {}, sketches }) ?? {
        fixed: 0n,
        number: 0,
      };
      expect(Math.abs(number / cost - 1)).toBeLessThan(0.01);
      expect(Math.abs(Number(fixed) / 1e12 / cost - 1)).toBeLessThan(0.01);
    },
  );

  it('count zeros below everything else', () => {
    expect(sketchQuantile(sketchOf([0, 0, 0, 100]), 0.5)).toBe(0);
    expect(sketchQuantile(new Map(), 0.5)).toBeNull();
  });

  it('come through to the sample', () => {
    const sketches = { latency_sketch: sketchOf(Array.from({ length: 101 }, (_, i) => i + 1)) };
    const sample = sampleOf('latency_p90', null, cell({ calls: 101 }, sketches));
    expect(sample?.number).toBeGreaterThan(91 * 0.99);
    expect(sample?.number).toBeLessThan(91 * 1.01);
    expect(Number(sample?.fixed) / 1e12).toBeCloseTo(sample?.number ?? 0, 6);
  });
});
