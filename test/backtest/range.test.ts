import { describe, expect, it } from 'vitest';
import { rangeOf } from '../../src/backtest/range.ts';
import { isoWeek, weeksOf } from '../../src/backtest/result.ts';

const NOW = Date.parse('2026-11-20T12:00:00Z');
const given = (from: string, to: string, step = '5m') => ({ from, to, step });

describe('the range of a backtest', () => {
  it('takes instants with a zone as they are, and dates as days of the zone of the file', () => {
    expect(rangeOf(given('2026-03-29', '2026-03-30T01:00:00+02:00'), 'Europe/Berlin', NOW)).toEqual({
      from: Date.parse('2026-03-28T23:00:00Z'),
      to: Date.parse('2026-03-29T23:00:00Z'),
      stepMs: 300_000,
    });
    expect(rangeOf(given('2026-03-29', '2026-03-30', 'schedule'), 'UTC', NOW).stepMs).toBeNull();
  });

  it('with --last is the last days up to now, cut to the minute', () => {
    expect(rangeOf({ last: '28d', step: '5m' }, 'Europe/Berlin', NOW + 59_999)).toEqual({
      from: NOW - 28 * 86_400_000,
      to: NOW,
      stepMs: 300_000,
    });
  });

  it.each([
    [
      '--last beside --from',
      { last: '28d', from: '2026-03-01', step: '5m' },
      /--last cannot be used together with --from/,
    ],
    ['--last that is no duration', { last: 'month', step: '5m' }, /--last month is not a duration/],
    ['--last of nothing', { last: '0d', step: '5m' }, /--last 0d must be above 0 and at most 3660d/],
    ['--last of centuries', { last: '99999d', step: '5m' }, /--last 99999d must be .* at most 3660d/],
    ['--last of no text', { last: '', step: '5m' }, /not a duration/],
    ['a beginning without an end', { from: '2026-03-01', step: '5m' }, /--to is missing/],
    ['no range', { step: '5m' }, /--from is missing/],
    ['a time without a zone', given('2026-03-01T00:00:00', '2026-03-02'), /not an instant/],
    ['a day that is not in the calendar', given('2026-02-30', '2026-03-02'), /not an instant/],
    ['words', given('yesterday', '2026-03-02'), /not an instant/],
    ['an end before the beginning', given('2026-03-02', '2026-03-01'), /not after/],
    ['no time at all', given('2026-03-02', '2026-03-02'), /not after/],
    ['the future', given('2026-11-20', '2026-11-20T12:00:01Z'), /future/],
    ['a step that is no duration', given('2026-03-01', '2026-03-02', 'often'), /not a duration/],
    ['a step of nothing', given('2026-03-01', '2026-03-02', '0s'), /--step 0s must be above 0/],
    ['a step of centuries', given('2026-03-01', '2026-03-02', '99999d'), /--step 99999d must be/],
    ['more instants than anybody wants', given('2020-03-01', '2026-03-02', '1s'), /instants to replay/],
  ])('refuses %s', (_, options, message) => {
    expect(() => rangeOf(options, 'UTC', NOW)).toThrow(message);
  });
});

describe('an ISO week', () => {
  it('begins on Monday and belongs to the year of its Thursday', () => {
    const week = (day: string) => isoWeek(Date.parse(`${day}T12:00:00Z`), 'UTC');
    expect(['2026-11-16', '2026-11-22', '2026-11-23'].map(week)).toEqual([
      '2026-W47',
      '2026-W47',
      '2026-W48',
    ]);
    expect(['2027-01-03', '2027-01-04', '2024-12-30'].map(week)).toEqual([
      '2026-W53',
      '2027-W01',
      '2025-W01',
    ]);
  });

  it('of a midnight is that of the day which ends there, as every period is', () => {
    expect(isoWeek(Date.parse('2026-11-16T00:00:00Z'), 'UTC')).toBe('2026-W46');
    expect(isoWeek(Date.parse('2026-11-16T00:00:00Z'), 'Asia/Tokyo')).toBe('2026-W47');
  });

  it('is listed once for every week that a range touches', () => {
    const from = Date.parse('2026-11-14T10:00:00Z');
    expect(weeksOf(from, from + 9 * 86_400_000, 'UTC')).toEqual(['2026-W46', '2026-W47', '2026-W48']);
  });
});
