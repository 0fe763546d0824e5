import { describe, expect, it } from 'vitest';
import { JsonItems, type JsonValue, jsonPieces, jsonText, RawJson } from '../../src/model/json.ts';

const VALUE: JsonValue = {
  amount: 1_500_000_000_000n,
  left_out: undefined,
  none: null,
  nothing: {},
  empty: [],
  raw: new RawJson('{"as":1.50}'),
  rules: [
    { name: 'a "quoted" one', findings: [{ group: { user: 'ann' }, parts: [1, [2, 3], {}] }, 'text'] },
    { name: 'quiet', findings: [] },
  ],
};

describe('JSON in pieces', () => {
  it.each([0, 2])('is the same text as in one piece, however deep the pieces go (indent %i)', (indent) => {
    const whole = jsonText(VALUE, indent);
    expect(JSON.parse(whole)).toMatchObject({ rules: [{ name: 'a "quoted" one' }, { name: 'quiet' }] });
    for (let depth = 0; depth <= 8; depth += 1) {
      expect([...jsonPieces(VALUE, indent, depth)].join('')).toBe(whole);
    }
  });

  it('has one for each of the items that are made meanwhile, and never all of them at once', () => {
    const made: number[] = [];
    function* items(): Generator<JsonValue> {
      for (let i = 0; i < 3; i += 1) {
        made.push(i);
        yield { i };
      }
    }
    const seen: string[] = [];
    for (const piece of jsonPieces({ items: new JsonItems(items()) }, 0, 2))
      seen.push(`${made.length}${piece}`);
    expect(seen).toEqual(['0{"items":', '1[', '1{"i":0}', '2,', '2{"i":1}', '3,', '3{"i":2}', '3]', '3}']);
    expect(jsonText(new JsonItems([{ a: 1 }, 2]))).toBe('[{"a":1},2]');
  });
});
