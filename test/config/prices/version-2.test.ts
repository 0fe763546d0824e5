import { describe, expect, it } from 'vitest';
import { parsePrices } from '../../../src/config/prices/read.ts';
import { priceEntry } from '../../../src/model/price-list.ts';

const parse = (text: string) => parsePrices('prices.yaml', `version: 2\n${text}`);

describe('a price list of version 2', () => {
  it('is read with all of its keys, as they are written', () => {
    const { prices, problems } = parse(`currency: USD
models:
  gpt: { input: 2.50, output: "10", cached_input: 1.25, cache_write: 0, reasoning: 12, per_call: 0.005, batch: 50% }
  gemini:
    - { input: 1.25, output: 10.00, above: { 128000: { input: 2.50 }, 200000: { input: 3, output: 15 } } }
    - { from: 2026-06-01, input: 1 }
  "embed-*": { per_call: 1e-9 }
aliases: { prod: big, big: gpt }
strip: ["azure/", "openai/"]
`);
    const none = { input: null, output: null, cachedInput: null, cacheWrite: null, reasoning: null };
    expect(problems).toEqual([]);
    expect(prices).toEqual({
      models: {
        gpt: [
          priceEntry({
            input: '2.50',
            output: '10',
            cachedInput: '1.25',
            cacheWrite: '0',
            reasoning: '12',
            perCall: '0.005',
            batch: '0.5',
          }),
        ],
        gemini: [
          priceEntry({
            input: '1.25',
            output: '10.00',
            above: [
              { ...none, tokens: 128000, input: '2.50' },
              { ...none, tokens: 200000, input: '3', output: '15' },
            ],
          }),
          priceEntry({ from: Date.parse('2026-06-01T00:00:00Z'), input: '1' }),
        ],
        'embed-*': [priceEntry({ perCall: '1e-9' })],
      },
      aliases: { prod: 'big', big: 'gpt' },
      strip: ['azure/', 'openai/'],
    });
  });

  it.each([
    ['models: { m: { inptu: 1, output: 2 } }', '2:16 unknown key "inptu" | did you mean "input"?'],
    [
      'models: { m: { input: 2.5e-06 } }',
      '2:23 the input price of m is 2.5e-06: prices are per million, not per token | write USD per million tokens: 2.5; 0 means free',
    ],
    [
      'models: { m: { input: 1, cached_input: 2e6 } }',
      '2:40 the cached_input price of m is 2e6, above a million dollars: prices are per million, not per token | write USD per million tokens, such as 2.00',
    ],
    [
      'models: { m: { input: 1, reasoning: } }',
      '2:37 the reasoning price of m is not a decimal number | write a decimal, such as 2.00; leave the key out where the price is not known',
    ],
    [
      'models: { m: { per_call: -1 } }',
      '2:26 the per_call price of m is negative | write a decimal, such as 2.00; leave the key out where the price is not known',
    ],
    [
      'models: { m: { per_call: 1e7 } }',
      '2:26 the per_call price of m is 1e7, above a million dollars | write USD per call, such as 0.005',
    ],
    [
      'models: { m: { cached_input: 1 } }',
      '2:14 m has no price: neither input nor output nor per_call | such as `gpt-4.1: { input: 2.00, output: 8.00, cached_input: 0.50 }`, USD per million tokens',
    ],
    [
      'models: { m: 3 }',
      '2:14 the price of m must be a mapping of prices | such as `gpt-4.1: { input: 2.00, output: 8.00, cached_input: 0.50 }`, USD per million tokens',
    ],
    [
      'models: { m: [] }',
      '2:14 m has no price | such as `gpt-4.1: { input: 2.00, output: 8.00, cached_input: 0.50 }`, USD per million tokens',
    ],
    [
      'models: { m: { input: 1, batch: 0.5 } }',
      '2:33 the batch price of m is not a percentage from 0 % to 100 % | write the part of the token price that a batch call costs: 50%',
    ],
    [
      'models: { m: { input: 1, batch: 101% } }',
      '2:33 the batch price of m is not a percentage from 0 % to 100 % | write the part of the token price that a batch call costs: 50%',
    ],
    [
      'models: { m: { input: 1, above: 4 } }',
      '2:33 above must map numbers of input tokens to prices | such as `above: { 200000: { input: 4.00, output: 12.00 } }`',
    ],
    [
      'models: { m: { input: 1, above: { 200k: { input: 1 } } } }',
      '2:35 "200k" is not a number of input tokens | such as `above: { 200000: { input: 4.00, output: 12.00 } }`',
    ],
    [
      'models: { m: { input: 1, above: { 200: {} } } }',
      '2:40 the prices of m above 200 tokens are missing | such as `above: { 200000: { input: 4.00, output: 12.00 } }`',
    ],
    [
      'models: { m: { input: 1, above: { 200: { per_call: 1 } } } }',
      '2:42 unknown key "per_call" | keys that are known here: input, output, cached_input, cache_write, reasoning',
    ],
    [
      'models: { m: { input: 1, above: { 200: { input: 1 }, 100: { input: 1 } } } }',
      '2:54 the numbers of tokens do not ascend | write the smallest first',
    ],
    [
      'models: { m: { input: 1, from: 2026-02-30 } }',
      '2:32 the date from which the price of m is in force is not a day | write the day on which the price begins, in UTC: 2026-06-01',
    ],
    [
      'models: { m: [{ input: 1 }, { input: 2 }] }',
      '2:29 two prices of m have no `from` | write the day on which the price begins, in UTC: 2026-06-01',
    ],
    [
      'models: { m: [{ input: 1, from: 2026-06-01 }, { input: 2, from: 2026-06-01 }] }',
      '2:65 two prices of m begin on 2026-06-01 | write the day on which the price begins, in UTC: 2026-06-01',
    ],
    ['models: { m: { input: 1 } }\naliases: { a: n }', '3:15 the list has no model "n" | did you mean "m"?'],
    [
      'models: { m: { input: 1 } }\naliases: { a: b, b: a }',
      '3:15 aliases go round in a circle: a → b → a | such as `aliases: { "azure/gpt-4o": gpt-4o }`: the name in the table, then the name in `models`',
    ],
    [
      'models: { m: { input: 1 } }\naliases: { "a*": m }',
      '3:12 the alias "a*" is a pattern | a pattern is a key of `models`, with a price',
    ],
    [
      'models: { m: { input: 1 } }\naliases: { m: m }',
      '3:12 "m" is a model of the list already | remove the alias, or the model',
    ],
    [
      'models: { m: { input: 1 } }\naliases: [m]',
      '3:10 aliases must map names to names | such as `aliases: { "azure/gpt-4o": gpt-4o }`: the name in the table, then the name in `models`',
    ],
    [
      'models: { m: { input: 1 } }\nstrip: azure/',
      '3:8 strip must be a list of prefixes | such as `strip: ["azure/", "openai/"]`',
    ],
    [
      'models: { m: { input: 1 } }\nstrip: [""]',
      '3:9 a prefix must be a text | such as `strip: ["azure/", "openai/"]`',
    ],
    [
      'models: { m: { input: 1 } }\ncurrency: EUR',
      '3:11 the prices are in EUR, but costs are in USD | give prices in USD, or say what costs are in: audit.currency. Nothing is converted',
    ],
    ['models: {}\nmodel: {}', '3:1 unknown key "model" | did you mean "models"?'],
  ])('%s is a fault at its place, with a cure', (text, told) => {
    const { prices, problems } = parse(text);
    expect(prices).toBeNull();
    const first = problems[0];
    expect(`${first?.line}:${first?.column} ${first?.message} | ${first?.hint}`).toBe(told);
    expect(problems).toHaveLength(1);
  });

  it('is in the currency of costs, and says so unless that is USD', () => {
    const told = (text: string, currency: string) =>
      parsePrices('prices.yaml', text, currency).problems.map(({ message, hint }) => `${message} | ${hint}`);
    expect(told('version: 2\ncurrency: CNY\nmodels: { m: { input: 1 } }', 'CNY')).toEqual([]);
    const unsaid = [
      'the prices are in USD, but costs are in CNY | if its prices are in CNY, write `version: 2` and `currency: CNY` above `models:`',
    ];
    expect(told('version: 2\nmodels: { m: { input: 1 } }', 'CNY')).toEqual(unsaid);
    expect(told('models: { m: { input: 1, output: 2 } }', 'CNY')).toEqual(unsaid);
    expect(told('models: { m: { input: 1, output: 2 } }\ncurrency: CNY', 'CNY')).toHaveLength(1);
  });

  it.each(['1', '3', 'two'])('of version %s is refused', (version) => {
    expect(parsePrices('prices.yaml', `version: ${version}\nmodels: {}`).problems).toMatchObject([
      { line: 1, column: 10, message: 'the version of a price list is 2' },
    ]);
  });

  it('is named where a list without a version has its keys', () => {
    const text =
      'models: { m: { input: 1, output: 2, cached_input: 1 }, n: [{ input: 1 }] }\naliases: { a: m }';
    expect(parsePrices('prices.yaml', text).problems.map(({ hint }) => hint)).toEqual([
      '"aliases" needs `version: 2` above `models:`',
      '"cached_input" needs `version: 2` above `models:`',
      'several prices of a model need `version: 2` above `models:`',
    ]);
  });
});
