import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { findingJson, observationJson } from '../../src/model/finding-json.ts';
import { type JsonValue, jsonText, RawJson } from '../../src/model/json.ts';
import { formatFixed } from '../../src/model/money.ts';
import { isoInstant } from '../../src/model/window.ts';
import { amount, sampleFinding } from '../channels/sample-messages.ts';

describe('JSON text', () => {
  test.each([
    ['29999.999997', '29999.999997'],
    ['0.0000005', '0.000001'],
    ['-0.0000005', '-0.000001'],
    ['0.00000049', '0'],
    ['9007199254740993.000001', '9007199254740993.000001'],
    ['47000', '47000'],
  ])('writes the amount %s as %s, never by way of a double', (text, written) => {
    expect(jsonText({ value: amount(text).fixed })).toBe(`{"value":${written}}`);
  });

  test('can be parsed whatever it holds, and indented says the same', () => {
    const { json } = fc.letrec<{ json: JsonValue }>((tie) => ({
      json: fc.oneof(
        { maxDepth: 3 },
        fc.constantFrom(null, true, false),
        fc.double(),
        fc.string({ unit: 'binary' }),
        fc.bigInt({ min: -(10n ** 30n), max: 10n ** 30n }),
        fc.array(tie('json')),
        fc.dictionary(fc.string({ unit: 'binary' }), tie('json')),
      ),
    }));
    fc.assert(
      fc.property(json, (value) => {
        const line = jsonText(value);
        expect(line).not.toContain('\n');
        expect(JSON.stringify(JSON.parse(line))).toBe(JSON.stringify(JSON.parse(jsonText(value, 2))));
      }),
    );
  });

  test('gives back every string as it was, so that none can pass for anything else', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.bigInt(), (name, fixed) => {
        const text = jsonText({ [name]: name, fixed });
        expect(JSON.parse(text)).toMatchObject(name === 'fixed' ? {} : { [name]: name });
        expect(text).toContain(formatFixed(fixed, 6));
      }),
    );
    expect(jsonText(['",{"value":1}'])).toBe('["\\",{\\"value\\":1}"]');
  });

  test('takes other JSON in unread', () => {
    expect(jsonText({ original: new RawJson('{"value":9007199254740993}') })).toBe(
      '{"original":{"value":9007199254740993}}',
    );
  });

  test('has instants in UTC with a fraction only where there is one', () => {
    expect(isoInstant(Date.parse('2026-11-20T03:05:00+01:00'))).toBe('2026-11-20T02:05:00Z');
    expect(isoInstant(1)).toBe('1970-01-01T00:00:00.001Z');
  });
});

describe('a finding in JSON', () => {
  test('has the members of the contract in its order', () => {
    expect(
      jsonText(
        findingJson(
          sampleFinding({
            onset: null,
            breakdown: { model: [{ key: null, value: amount('300.1', 890_000) }] },
          }),
        ),
      ),
    ).toBe(
      '{"group":{"service":"search"},"severity":"critical","metric":"spend","unit":"USD","value":312.456789,' +
        '"bound":100,"operator":">=","window":{"from":"2026-11-20T01:05:00Z","to":"2026-11-20T02:05:00Z"},' +
        '"onset":null,"baseline":null,"zscore":null,"breakdown":{"model":[{"key":"(none)","value":300.1,"calls":890000}]},"calls":890412,' +
        '"per_day":7498.962936,"yesterday":11.2,"week_ago":9.87}',
    );
  });

  test('has plain numbers for ratios, as fine as they are', () => {
    const ratio = { fixed: 1_234_567n, number: 0.000001234567, calls: 3 };
    const finding = sampleFinding({
      metric: 'cost_per_call',
      value: ratio,
      bound: 1_000_000n,
      breakdown: {},
    });
    expect(JSON.parse(jsonText(findingJson(finding)))).toMatchObject({
      value: 0.000001234567,
      bound: 0.000001,
    });
  });

  test('says what has no price only where there is such, and a silence only when silenced', () => {
    const plain = JSON.parse(jsonText(findingJson(sampleFinding())));
    expect(plain).not.toHaveProperty('unpriced');
    expect(plain).not.toHaveProperty('silenced');
    const finding = sampleFinding({ unpriced: { calls: 1204, models: 2 } });
    const silenced = { reason: 'load test', until: Date.parse('2026-11-21T00:00:00Z') };
    expect(JSON.parse(jsonText(findingJson(finding, silenced)))).toMatchObject({
      unpriced: { calls: 1204, models: 2 },
      silenced: { reason: 'load test', until: '2026-11-21T00:00:00Z' },
    });
  });

  test('has the baseline of an anomaly', () => {
    const baseline = { mean: 41.2, stddev: 0.1 + 0.2, floor: 2, n: 28 };
    const parsed = JSON.parse(jsonText(findingJson(sampleFinding({ baseline, zscore: 6.2615 }))));
    expect(parsed).toMatchObject({ baseline, zscore: 6.2615 });
  });
});

test('an observation is its group and value', () => {
  const { window } = sampleFinding();
  const observation = { key: ['a', null], value: amount('0.5'), window, badness: 1n };
  expect(jsonText(observationJson({ metric: 'spend', groupBy: ['service', 'user'] }, observation))).toBe(
    '{"group":{"service":"a","user":"(none)"},"value":0.5}',
  );
  expect(jsonText(observationJson({ metric: 'spend', groupBy: [] }, { ...observation, key: [] }))).toBe(
    '{"group":{},"value":0.5}',
  );
});
