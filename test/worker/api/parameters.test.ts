import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ApiError } from '../../../src/worker/api/answer.ts';
import { askedBy, PARAMETERS, type ParameterName } from '../../../src/worker/api/parameters.ts';

const ALL = Object.keys(PARAMETERS) as ParameterName[];
const DAY = 86_400_000;

function refusedBy(query: string, allowed: readonly ParameterName[] = ALL): ApiError {
  try {
    askedBy(query, allowed);
  } catch (error) {
    if (error instanceof ApiError) return error;
    throw error;
  }
  throw new Error(`taken: ${query}`);
}

describe('the parameters of a request', () => {
  it('may all be left out', () => {
    const nothing = { rules: [], channels: [], outcomes: [], sinceMs: null, limit: 100 };
    expect(askedBy('', ALL)).toEqual(nothing);
    expect(askedBy('&&', ALL)).toEqual(nothing);
  });

  it('are read as forms write them, lists by repeating them', () => {
    const query =
      'rule=a+b&rule=%C3%A4%2F&channel=oncall&outcome=pending&outcome=given_up&since=7d&limit=1000';
    expect(askedBy(query, ALL)).toEqual({
      rules: ['a b', 'ä/'],
      channels: ['oncall'],
      outcomes: ['pending', 'given_up'],
      sinceMs: 7 * DAY,
      limit: 1000,
    });
  });

  it.each([
    ['chanel=x', 'there is no parameter "chanel" here', 'did you mean channel?'],
    ['zzz', 'there is no parameter "zzz" here', 'there are: rule, channel, outcome, since, limit'],
    ['limit=0', 'limit is "0"', 'write a whole number from 1 to 1000'],
    ['limit=1001', 'limit is "1001"', 'write a whole number from 1 to 1000'],
    ['limit=1e2', 'limit is "1e2"', 'write a whole number from 1 to 1000'],
    ['limit=5&limit=6', 'limit may be given once at most', 'leave out the others'],
    ['since=yesterday', 'since is "yesterday"', 'write a number and a unit: 90m, 2h, 7d'],
    ['since=0d', 'since is "0d"', 'it is 0, or far too long'],
    ['since=99999999w', 'since is "99999999w"', 'it is 0, or far too long'],
    ['outcome=lost', 'outcome is "lost"', 'allowed are delivered, pending, given_up'],
    ['rule=', 'rule has no value', 'write rule=VALUE, or leave it out'],
    ['rule=a%00b', 'rule is not a name or a value: "a␀b"', 'is it encoded as URLs need it?'],
    [`rule=${'x'.repeat(201)}`, /^rule is not a name or a value: "x+…"$/, /./],
    ['rule=a&'.repeat(51), 'rule may be given 50 times at most', 'leave out the others'],
  ])('are refused with what is wrong and what to do: %s', (query, message, hint) => {
    const refused = refusedBy(query);
    expect(refused.status).toBe(400);
    expect(refused.message).toMatch(message);
    expect(refused.hint).toMatch(hint);
  });

  it('are refused where a path takes none', () => {
    expect(refusedBy('rule=a', [])).toMatchObject({ status: 400, hint: 'this path takes none' });
  });

  it('whatever a query string holds, are understood or refused in a short line', () => {
    const query = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc
        .array(fc.tuple(fc.constantFrom(...ALL), fc.string({ unit: 'binary' })))
        .map((pairs) => new URLSearchParams(pairs).toString()),
    );
    fc.assert(
      fc.property(query, (text) => {
        let asked: ReturnType<typeof askedBy>;
        try {
          asked = askedBy(text, ALL);
        } catch (error) {
          expect(error).toBeInstanceOf(ApiError);
          expect((error as ApiError).message.length).toBeLessThan(200);
          return;
        }
        expect(asked.limit).toBeLessThanOrEqual(1000);
        for (const value of [...asked.rules, ...asked.channels]) expect(value).toMatch(/^[^\0]{1,200}$/su);
      }),
    );
  });
});
