import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parsePrices } from '../../src/config/prices/read.ts';
import { decimalText, parseDecimal, shifted } from '../../src/model/decimal.ts';
import { importedList } from '../../src/prices/litellm-list.ts';
import { parseWrittenJson } from '../../src/prices/written-json.ts';

/** What becomes of one model: its line of the list, or the reason why it has none; and prices that were left out. */
function imported(fields: string): string {
  const { yaml, skipped, left } = importedList(
    parseWrittenJson(`{"m": ${fields}}`) as Record<string, unknown>,
    'f',
  );
  const line = yaml
    .split('\n')
    .find((one) => one.startsWith('  m: '))
    ?.slice('  m: '.length);
  return [
    line ?? [...skipped.keys()].join(),
    ...(left.size === 0 ? [] : [`without ${[...left.keys()].join(', ')}`]),
  ].join(' ');
}

describe("LiteLLM's model prices", () => {
  it.each([
    [
      '{"input_cost_per_token": 1.5e-07, "output_cost_per_token": 2.9999999999999997e-07}',
      '{ input: 0.15, output: 0.29999999999999997 }',
    ],
    [
      '{"mode": "embedding", "input_cost_per_token": 2E-8, "output_cost_per_token": 0.0}',
      '{ input: 0.02, output: 0 }',
    ],
    ['{"mode": "rerank", "input_cost_per_query": 0.002}', '{ per_call: 0.002 }'],
    [
      '{"input_cost_per_token": 3e-06, "output_cost_per_token": 1.5e-05, "cache_read_input_token_cost": 3e-07, "cache_creation_input_token_cost": 3.75e-06, "cache_creation_input_token_cost_above_1hr": 6e-06}',
      '{ input: 3, output: 15, cached_input: 0.3, cache_write: 3.75 } without cache writes for an hour',
    ],
    [
      '{"input_cost_per_token": 1e-06, "input_cost_per_token_cache_hit": 1e-07, "output_cost_per_reasoning_token": 3e-06}',
      '{ input: 1, cached_input: 0.1, reasoning: 3 }',
    ],
    [
      '{"input_cost_per_token": 2.5e-06, "output_cost_per_token": 1e-05, "input_cost_per_token_batches": 1.25e-06, "output_cost_per_token_batches": 5e-06}',
      '{ input: 2.5, output: 10, batch: 50% }',
    ],
    [
      '{"input_cost_per_token": 2e-06, "output_cost_per_token": 1e-05, "input_cost_per_token_batches": 1e-06, "output_cost_per_token_batches": 4e-06}',
      '{ input: 2, output: 10 } without batches',
    ],
    [
      '{"input_cost_per_token": 3e-06, "input_cost_per_token_batches": 1e-06}',
      '{ input: 3 } without batches',
    ],
    [
      '{"input_cost_per_token": 1.25e-06, "output_cost_per_token": 1e-05, "input_cost_per_token_above_200k_tokens": 2.5e-06, "output_cost_per_token_above_200k_tokens": 1.5e-05, "cache_read_input_token_cost_above_200k_tokens": 6e-07, "input_cost_per_token_above_128k_tokens": 2e-06}',
      '{ input: 1.25, output: 10, above: { 128000: { input: 2 }, 200000: { input: 2.5, output: 15, cached_input: 0.6 } } }',
    ],
    [
      '{"input_cost_per_token": 1e-06, "input_cost_per_audio_token": 1e-05, "input_cost_per_image": 0.001, "input_cost_per_token_priority": 2e-06}',
      '{ input: 1 } without audio, image, priority and flex service',
    ],
    ['{"mode": "image_generation", "input_cost_per_token": 1e-06}', 'image generation'],
    ['{"mode": "chat", "input_cost_per_second": 0.001}', 'priced by second'],
    ['{"mode": "chat", "max_tokens": 4096}', 'no price'],
    ['{"input_cost_per_token": 2.5}', 'a price below 0.001 or above 1,000,000 USD per million'],
    ['{"input_cost_per_token": "free", "output_cost_per_token": null}', 'no price'],
  ])('%s is %s', (fields, told) => {
    expect(imported(fields)).toBe(told);
  });

  it('keep each digit of a price as it is written', () => {
    const digits = fc.tuple(fc.bigInt({ min: 1n, max: 10n ** 17n }), fc.integer({ min: 0, max: 6 }));
    fc.assert(
      fc.property(digits, ([units, places]) => {
        const written = decimalText({ units, places: places + 12 });
        const exponent = `${units}e-${places + 12}`;
        const meant = decimalText(shifted(parseDecimal(written) as never, 6));
        const told = imported(`{"input_cost_per_token": ${exponent}}`);
        if (told.startsWith('{')) expect(told).toBe(`{ input: ${meant} }`);
        else expect(told).toMatch(/^a price below/);
      }),
      { numRuns: 200 },
    );
  });

  it('keep their names, whatever these are, in a list without faults', () => {
    const names = [
      'gpt-4o',
      'azure/eu/gpt-4o',
      'us.anthropic.claude-v1:0',
      '@cf/meta/llama',
      'null',
      '1e5',
      'a: b',
      'a"b\\',
      'sample_spec',
      'bedrock/*/x',
    ];
    const models = Object.fromEntries(names.map((name) => [name, { input_cost_per_token: '0.000001' }]));
    const { yaml, models: count, free, skipped } = importedList(models, 'prices.json');
    const { prices, problems } = parsePrices('prices.yaml', yaml);
    expect(problems).toEqual([]);
    expect(Object.keys(prices?.models ?? {}).sort()).toEqual(names.slice(0, 8).sort());
    expect({ count, free, skipped: [...skipped] }).toEqual({
      count: 8,
      free: 0,
      skipped: [['a name with *', 1]],
    });
  });
});
