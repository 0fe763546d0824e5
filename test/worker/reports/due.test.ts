import { describe, expect, it } from 'vitest';
import type { ReportConfig } from '../../../src/model/report.ts';
import { isToBeSent, latestDue } from '../../../src/worker/reports/due.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const at = (text: string): number => Date.parse(text);
const DAILY = { schedule: '0 8 * * *', period: 'day' } as const;

type Schedule = Pick<ReportConfig, 'schedule' | 'period'>;

/** When it was due and for what period, as of one instant. */
function due(config: Schedule, now: string, zone = 'UTC') {
  const found = latestDue(config, zone)(at(now));
  return found === null ? null : [new Date(found.at).toISOString().slice(0, 16), found.period];
}

describe('the latest time at which a report was to be sent', () => {
  it('is that of its schedule, and about the period that had ended by then', () => {
    expect(due(DAILY, '2026-11-20T09:30:00Z')).toEqual(['2026-11-20T08:00', 'day/2026-11-19T00:00:00Z']);
    expect(due(DAILY, '2026-11-20T07:59:59Z')).toEqual(['2026-11-19T08:00', 'day/2026-11-18T00:00:00Z']);
    const weekly = { schedule: '0 8 * * mon', period: 'week' } as const;
    expect(due(weekly, '2026-11-20T12:00:00Z')).toEqual(['2026-11-16T08:00', 'week/2026-11-09T00:00:00Z']);
    const monthly = { schedule: '0 8 1 * *', period: 'month' } as const;
    expect(due(monthly, '2026-11-30T12:00:00Z')).toEqual(['2026-11-01T08:00', 'month/2026-10-01T00:00:00Z']);
  });

  it('at midnight is about the day that ends then', () => {
    const midnight = { schedule: '0 0 * * *', period: 'day' } as const;
    expect(due(midnight, '2026-11-20T00:00:00Z')).toEqual(['2026-11-20T00:00', 'day/2026-11-19T00:00:00Z']);
  });

  it('is by the clock and the days of the zone', () => {
    expect(due(DAILY, '2026-11-20T09:00:00Z', 'Asia/Tokyo')).toEqual([
      '2026-11-19T23:00',
      'day/2026-11-18T15:00:00Z',
    ]);
  });

  it('has one period for a local time that comes twice, and the end of the gap for one that is skipped', () => {
    const night = { schedule: '30 2 * * *', period: 'day' } as const;
    const zone = 'Europe/Berlin';
    expect(due(night, '2026-10-25T00:45:00Z', zone)).toEqual([
      '2026-10-25T00:30',
      'day/2026-10-23T22:00:00Z',
    ]);
    expect(due(night, '2026-10-25T01:45:00Z', zone)).toEqual([
      '2026-10-25T01:30',
      'day/2026-10-23T22:00:00Z',
    ]);
    expect(due(night, '2026-03-29T01:05:00Z', zone)).toEqual([
      '2026-03-29T01:00',
      'day/2026-03-27T23:00:00Z',
    ]);
  });

  it('is found again from poll to poll, and after the clock was set back', () => {
    const latest = latestDue(DAILY, 'UTC');
    const when = (now: string) => new Date(latest(at(now))?.at ?? 0).toISOString().slice(0, 16);
    expect(when('2026-11-20T07:59:00Z')).toBe('2026-11-19T08:00');
    expect(when('2026-11-20T08:00:00Z')).toBe('2026-11-20T08:00');
    expect(when('2026-11-20T23:00:00Z')).toBe('2026-11-20T08:00');
    expect(when('2026-11-21T08:01:00Z')).toBe('2026-11-21T08:00');
    expect(when('2026-11-21T08:00:59Z')).toBe('2026-11-21T08:00');
    expect(when('2026-11-20T12:00:00Z')).toBe('2026-11-20T08:00');
  });
});

describe('whether a report is to be sent', () => {
  const due = latestDue(DAILY, 'UTC')(at('2026-11-20T12:00:00Z'));
  if (due === null) throw new Error('it has a time every day');
  const sentAt = (time: string, period: string) => ({ at: at(time), period: period as `day/${string}` });
  const today = sentAt('2026-11-20T08:00:00Z', 'day/2026-11-19T00:00:00Z');
  const yesterday = sentAt('2026-11-19T08:00:00Z', 'day/2026-11-18T00:00:00Z');
  const longAgo = sentAt('2026-11-10T08:00:00Z', 'day/2026-11-09T00:00:00Z');
  const toBeSent = (sent: Parameters<typeof isToBeSent>[1], now = due.at + HOUR) =>
    isToBeSent(due, sent, now);

  it('is so once in its period', () => {
    expect(toBeSent([yesterday])).toBe(true);
    expect(toBeSent([yesterday, today])).toBe(false);
  });

  it('is so for a report that was never sent within a day of its time only', () => {
    expect(toBeSent([], due.at + DAY - 1)).toBe(true);
    expect(toBeSent([], due.at + DAY)).toBe(false);
  });

  it('is so however late for one that was sent before: nothing is lost while no worker ran', () => {
    expect(toBeSent([longAgo], due.at + 6 * DAY)).toBe(true);
  });

  it('is not so where it was sent by hand before its time', () => {
    expect(toBeSent([yesterday, { ...today, at: at('2026-11-20T00:00:00Z') }])).toBe(false);
  });

  it('is not so for a time before the last one that was sent, as after the zone or the schedule was changed', () => {
    expect(toBeSent([sentAt('2026-11-20T09:00:00Z', 'day/2026-11-19T15:00:00Z')])).toBe(false);
  });
});
