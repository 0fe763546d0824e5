import { Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { noteGauges } from '../../../src/worker/health-notes/gauges.ts';
import { samplesOf } from '../../support/exposition.ts';

const KINDS = [
  { gauge: { name: 'by_model', help: 'x', labelNames: ['model'] } },
  { gauge: { name: 'alone', help: 'x', labelNames: [] } },
];

describe('the gauges of health messages', () => {
  it('show what was seen last, and nothing before the first look and after they are cleared', async () => {
    const registry = new Registry();
    const gauges = noteGauges(registry, KINDS);
    const shown = async () =>
      samplesOf(await registry.metrics()).map(({ name, labels, value }) => [name, labels.model, value]);
    expect(await shown()).toEqual([]);
    gauges.show('by_model', [
      { labels: { model: 'a' }, value: 3 },
      { labels: { model: 'b' }, value: 1 },
    ]);
    gauges.show('alone', [{ labels: {}, value: 7 }]);
    expect(await shown()).toEqual([
      ['by_model', 'a', 3],
      ['by_model', 'b', 1],
      ['alone', undefined, 7],
    ]);
    gauges.show('by_model', [{ labels: { model: 'b' }, value: 2 }]);
    gauges.show('alone', []);
    expect(await shown()).toEqual([['by_model', 'b', 2]]);
    gauges.clear();
    expect(await shown()).toEqual([]);
  });
});
