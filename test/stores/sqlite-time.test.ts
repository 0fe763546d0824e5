import { expect, it } from 'vitest';
import { instantIn, offsetIn, spanCondition } from '../../src/stores/sqlite/time-text.ts';

const UTC = { zone: null, offsets: { least: 0, most: 0 }, isMixed: false };

it.each([
  ['2026-03-29 12:00:00', '2026-03-29T12:00:00.000Z'],
  ['2026-03-29T12:00:00.123456Z', '2026-03-29T12:00:00.123Z'],
  ['2026-03-29 12:00', '2026-03-29T12:00:00.000Z'],
  ['2026-03-29 12:00:00.5+05:30', '2026-03-29T06:30:00.500Z'],
  ['2026-03-29 12:00:00.999999999 -0700 MST', '2026-03-29T19:00:00.999Z'],
])('reads %s as an instant', (text, instant) => {
  expect(new Date(instantIn(text, UTC) ?? Number.NaN).toISOString()).toBe(instant);
  expect(offsetIn(text) !== null).toBe(/[+-]\d\d:?\d\d\b/.test(text.slice(10)));
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

it.each(['Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe', 'Asia/Shanghai', 'Pacific/Apia'])(
  'lets every local time of %s pass for the span in which it is read, also one that was skipped or repeated',
  (zone) => {
    // Samoa skipped a whole day.
    const mostHours = zone === 'Pacific/Apia' ? 50 : 5;
    const stored = { zone, offsets: null, isMixed: false };
    const changes = ['2026-03-08', '2026-03-29', '2026-04-05', '2026-10-04', '2026-10-25', '2026-11-01'];
    for (const day of [...changes, '2011-12-30', '2026-06-01']) {
      for (let quarter = -4; quarter < 100; quarter += 1) {
        const local = Date.parse(`${day}T00:00:00Z`) + quarter * 900_000;
        const text = new Date(local).toISOString().slice(0, 19).replace('T', ' ');
        const at = instantIn(text, stored) as number;
        for (const span of [
          { from: at, to: at + 1 },
          { from: at - 3_600_000, to: at + 1 },
        ]) {
          const [low = '', high = ''] = spanCondition('t', span, stored).values as string[];
          expect([text, text >= low && text < high]).toEqual([text, true]);
          // Not many more than are asked for.
          expect(
            Date.parse(`${high.replace(' ', 'T')}Z`) - Date.parse(`${low.replace(' ', 'T')}Z`),
          ).toBeLessThan(mostHours * 3_600_000);
        }
      }
    }
  },
);
