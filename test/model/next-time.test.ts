import { expect, it } from 'vitest';
import { nextTime } from '../../src/model/next-time.ts';

const next = (expression: string, after: string, zone = 'UTC'): string | null => {
  const at = nextTime(expression, zone, Date.parse(after));
  return at === null ? null : new Date(at).toISOString().slice(0, 16);
};

it('is the first time after an instant, in the zone', () => {
  expect(next('0 8 * * *', '2026-11-20T07:59:59Z')).toBe('2026-11-20T08:00');
  expect(next('0 8 * * *', '2026-11-20T08:00:00Z')).toBe('2026-11-21T08:00');
  expect(next('0 8 * * mon', '2026-11-20T08:00:00Z', 'Asia/Tokyo')).toBe('2026-11-22T23:00');
  expect(next('0 8 1 * *', '2026-11-20T08:00:00Z')).toBe('2026-12-01T08:00');
});

it('is remembered until it has gone by, and forgotten when the clock is set back', () => {
  const hourly = (after: string) => next('30 * * * *', after);
  expect(hourly('2026-11-20T08:00:00Z')).toBe('2026-11-20T08:30');
  expect(hourly('2026-11-20T08:29:59Z')).toBe('2026-11-20T08:30');
  expect(hourly('2026-11-20T08:30:00Z')).toBe('2026-11-20T09:30');
  expect(hourly('2026-11-20T06:00:00Z')).toBe('2026-11-20T06:30');
});

it('is none for a date that does not come within a year', () => {
  expect(next('0 0 29 2 *', '2025-03-01T00:00:00Z')).toBeNull();
});
