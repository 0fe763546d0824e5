import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parsePrices } from '../../../src/config/prices/read.ts';
import { parseFixed } from '../../../src/model/money.ts';
import { modelNamed, priceNames } from '../../../src/model/price-names.ts';
import { priceList } from '../../support/price-list.ts';

describe('a price list', () => {
  it('keeps the digits that its author wrote', () => {
    const text =
      'models:\n  a: { input: 2.00, output: 0.1000000000000000055 }\n  "b-*": { input: "3", output: 0 }\n';
    expect(parsePrices('prices.yaml', text)).toEqual({
      prices: priceList({
        a: { input: '2.00', output: '0.1000000000000000055' },
        'b-*': { input: '3', output: '0' },
      }),
      problems: [],
    });
  });

  it.each([
    ['models: { a: { input: 0x10, output: 1 } }', 1, 23, 'not a decimal number'],
    ['models: { a: { input: .inf, output: 1 } }', 1, 23, 'not a decimal number'],
    ['models: { a: { input: 1, output: "$2" } }', 1, 34, 'not a decimal number'],
    ['models: { a: { input: 1, output: -2 } }', 1, 34, 'negative'],
    ['models: { a: { input: 1, output: 1e12 } }', 1, 34, 'above a million'],
    ['models: { a: { input: 1 } }', 1, 14, 'output price of a is missing'],
    ['models: { a: 3 }', 1, 14, 'needs input and output'],
    ['models: [a]', 1, 9, 'begins with `models:`'],
    ['', 1, 1, 'begins with `models:`'],
    ['models: {}\nmodel: {}', 2, 1, 'unknown key "model"'],
    ['models:\n  a: { input: 1, output: 2 }\n  a: { input: 1, output: 2 }', 3, 3, 'stands here twice'],
    ['models: {', 1, 9, 'is not closed'],
  ])('%s is a fault', (text, line, column, message) => {
    const { prices, problems } = parsePrices('prices.yaml', text);
    expect(prices).toBeNull();
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatchObject({ file: 'prices.yaml', line, column });
    expect(problems[0]?.message).toContain(message);
  });
});

describe('a price per token where one per million belongs', () => {
  const priceOf = (written: string) =>
    parsePrices('prices.yaml', `models:\n  m: { input: ${written}, output: 8 }\n`);

  it.each([
    ['2.5e-06', '2.5'],
    ['2.5E-6', '2.5'],
    ['"2.5e-06"', '2.5'],
    ['.0000025', '2.5'],
    ['0.00000015', '0.15'],
    ['0.000999999999', '999.999999'],
    ['+1e-7', '0.1'],
  ])('%s is refused, however it is written, and the price per million is named', (written, meant) => {
    const { prices, problems } = priceOf(written);
    expect(prices).toBeNull();
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatchObject({ line: 2, column: 15 });
    expect(problems[0]?.message).toBe(
      `the input price of m is ${written.replaceAll('"', '')}: prices are per million, not per token`,
    );
    expect(problems[0]?.hint).toBe(`write USD per million tokens: ${meant}; 0 means free`);
  });

  it('is refused too where it is too small for any digit of a sum', () => {
    expect(priceOf('1e-20').problems[0]?.message).toContain('per million, not per token');
    expect(priceOf('1e-400').problems[0]?.message).toContain('per million, not per token');
  });

  it.each(['2500000', '2.5e6', '1000000.000001'])('and so is %s, for nothing costs that much', (written) => {
    expect(priceOf(written).problems[0]?.message).toMatch(
      /above a million dollars: .*per million, not per token/,
    );
  });

  it.each(['0', '0.0', '-0', '0e-5', '0.001', '1e-3', '1000000', '1e6'])('while %s is a price', (written) => {
    expect(priceOf(written).problems).toEqual([]);
  });
});

describe('the shipped prices.yaml', () => {
  const text = readFileSync(join(import.meta.dirname, '../../../prices.yaml'), 'utf8');
  const { prices, problems } = parsePrices('prices.yaml', text);
  const list = prices ?? priceList({});

  it('is valid, and every output costs at least its input, save for embeddings', () => {
    expect(problems).toEqual([]);
    const odd = Object.entries(list.models).filter(([, entries]) =>
      entries.some(({ input, output }) => (parseFixed(output ?? '') ?? 0n) < (parseFixed(input ?? '') ?? 0n)),
    );
    expect(odd.filter(([model]) => !model.includes('embed'))).toEqual([]);
    expect(Object.keys(list.models).length).toBeGreaterThan(120);
  });

  it('has cached tokens for less than others, and larger inputs for more', () => {
    const fixed = (price: string | null) => (price === null ? null : parseFixed(price));
    for (const [model, entries] of Object.entries(list.models)) {
      for (const { input, cachedInput, cacheWrite, above } of entries) {
        expect([model, (fixed(cachedInput) ?? 0n) <= (fixed(input) ?? 0n)]).toEqual([model, true]);
        expect([model, cacheWrite === null || (fixed(cacheWrite) ?? 0n) >= (fixed(input) ?? 0n)]).toEqual([
          model,
          true,
        ]);
        for (const tier of above)
          expect([model, (fixed(tier.input) ?? 0n) > (fixed(input) ?? 0n)]).toEqual([model, true]);
      }
    }
  });

  it.each([
    ['gpt-4o', '2.50'],
    ['azure/gpt-4o-2024-11-20', '2.50'],
    ['openrouter/openai/gpt-5', '1.25'],
    ['anthropic/claude-sonnet-4-5-20250929', '3.00'],
    ['vertex_ai/claude-sonnet-4-5@20250929', '3.00'],
    ['bedrock/us.anthropic.claude-3-5-sonnet-20241022-v2:0', '3.00'],
    ['global.anthropic.claude-haiku-4-5-20251001-v1:0', '1.00'],
    ['bedrock/us.anthropic.claude-haiku-4-5-20251001-v1:0', '1.10'],
    ['gemini/gemini-2.5-pro', '1.25'],
    ['models/gemini-2.5-flash', '0.30'],
    ['groq/llama-3.3-70b-versatile', '0.59'],
    ['us.meta.llama3-3-70b-instruct-v1:0', '0.72'],
    ['mistral/mistral-large-latest', null],
    ['openai/gpt-oss-120b', null],
    ['azure/eu/gpt-4o-2024-08-06', null],
  ])('knows %s as gateways and clouds name it', (name, input) => {
    const model = modelNamed(name, priceNames(list));
    expect(model === null ? null : (list.models[model]?.at(-1)?.input ?? null)).toBe(input);
  });

  it('says as of when it was collected, where, and that it must be checked', () => {
    expect(text).toMatch(/As of 2026-08-21/);
    expect(text).toMatch(/github\.com\/pydantic\/genai-prices/);
    expect(text).toMatch(/check every line/);
  });
});
