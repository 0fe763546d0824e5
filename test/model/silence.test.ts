import { expect, test } from 'vitest';
import type { Silence } from '../../src/model/rule.ts';
import { silenceOf } from '../../src/model/silence.ts';

const FROM = Date.UTC(2026, 10, 20);
const UNTIL = Date.UTC(2026, 10, 21);
const rule = { name: 'hourly-burn', groupBy: ['service'], where: { model: { in: ['gpt'] } } };

function silence(match: Silence['match'], name: string | null = null): Silence {
  return { rule: name, match, from: FROM, until: UNTIL, reason: 'planned' };
}

test.each([
  ['every key fits', silence({ service: 'loadtest' }, 'hourly-burn'), ['loadtest'], true],
  ['any rule', silence({ service: 'loadtest' }), ['loadtest'], true],
  ['another rule', silence({}, 'daily-budget'), ['loadtest'], false],
  ['another group', silence({ service: 'loadtest' }), ['search'], false],
  ['NULL asked for and met', silence({ service: null }), [null], true],
  ['NULL is not the text', silence({ service: '(none)' }), [null], false],
  ['one of two keys fits', silence({ service: 'loadtest', user: 'ann' }), ['loadtest'], false],
  ['a value that where pins', silence({ model: 'gpt' }), ['search'], true],
  ['another value than where pins', silence({ model: 'claude' }), ['search'], false],
  ['the whole rule', silence({}, 'hourly-burn'), ['search'], true],
])('%s', (_, one, key, expected) => {
  expect(silenceOf(rule, key, FROM, [one])).toBe(expected ? one : null);
});

test('a where of several values matches no silence', () => {
  const several = { ...rule, where: { model: { in: ['gpt', 'claude'] } } };
  expect(silenceOf(several, ['search'], FROM, [silence({ model: 'gpt' })])).toBeNull();
  const others = { ...rule, where: { model: { notIn: ['claude'] } } };
  expect(silenceOf(others, ['search'], FROM, [silence({ model: 'gpt' })])).toBeNull();
});

test('a silence begins at its first instant and has ended at its last', () => {
  const one = silence({});
  expect(silenceOf(rule, ['a'], FROM - 1, [one])).toBeNull();
  expect(silenceOf(rule, ['a'], FROM, [one])).toBe(one);
  expect(silenceOf(rule, ['a'], UNTIL - 1, [one])).toBe(one);
  expect(silenceOf(rule, ['a'], UNTIL, [one])).toBeNull();
});
