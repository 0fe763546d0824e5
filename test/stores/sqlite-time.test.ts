import { expect, it } from 'vitest';
import { hasOffset, instantIn, spanCondition } from '../../src/stores/sqlite/time-text.ts';

const UTC = { zone: null, hasOffsets: false, isMixed: false };

it.each([
  ['2026-03-29 12:00:00', '2026-03-29T12:00:00.000Z'],
  ['2026-03-29T12:00:00.123456Z', '2026-03-29T12:00:00.123Z'],
  ['2026-03-29 12:00', '2026-03-29T12:00:00.000Z'],
  ['2026-03-29 12:00:00.5+05:30', '2026-03-29T06:30:00.500Z'],
  ['2026-03-29 12:00:00.999999999 -0700 MST', '2026-03-29T19:00:00.999Z'],
])('reads %s as an instant', (text, instant) => {
  expect(new Date(instantIn(text, UTC) ?? Number.NaN).toISOString()).toBe(instant);
  expect(hasOffset(text)).toBe(/[+-]\d\d:?\d\d\b/.test(text.slice(10)));
});

it('reads what is no time as none', () => {
  for (const value of ['yesterday', '', '2026-03-29', null, 5n]) expect(instantIn(value, UTC)).toBeNull();
});

it('reads numbers of any size without loss, rounded down to the millisecond', () => {
  expect(instantIn(1_774_742_400_123_456_789n, { unit: 'ns' })).toBe(1_774_742_400_123);
  expect(instantIn(-1n, { unit: 'us' })).toBe(-1);
  expect(instantIn(1_774_742_400.123, { unit: 's' })).toBe(1_774_742_400_123);
});

it('lets every row of a span pass, however its time is written', () => {
  const from = Date.parse('2026-03-29T23:59:59.500Z');
  const span = { from, to: from + 1000 };
  const texts = [
    '2026-03-29 23:59:59.5',
    '2026-03-29T23:59:59.999Z',
    '2026-03-30 00:00:00',
    '2026-03-30T00:00:00.4999',
  ];
  const [low, high, lowT, highT] = spanCondition('t', span, UTC).values as string[];
  for (const text of texts) {
    const passes = (a = '', b = '') => text >= a && text < b;
    expect([text, passes(low, high) || passes(lowT, highT)]).toEqual([text, true]);
  }
});
