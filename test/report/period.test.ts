import { describe, expect, it } from 'vitest';
import type { ReportPeriod } from '../../src/model/report.ts';
import { isoInstant } from '../../src/model/window.ts';
import { daysIn, reportPeriods } from '../../src/report/period.ts';

function periods(period: ReportPeriod, at: string, zone = 'Europe/Berlin'): string[] {
  const { window, before } = reportPeriods(period, Date.parse(at), zone);
  expect(before.to).toBe(window.from);
  return [before.from, window.from, window.to].map(isoInstant);
}

describe('the period that ended last, and the one before', () => {
  it.each([
    // Monday at eight: the week up to Sunday.
    ['week', '2026-11-09T07:00:00Z', '2026-10-25T23:00:00Z', '2026-11-01T23:00:00Z', '2026-11-08T23:00:00Z'],
    // In the middle of a week it is still that one.
    ['week', '2026-11-12T12:00:00Z', '2026-10-25T23:00:00Z', '2026-11-01T23:00:00Z', '2026-11-08T23:00:00Z'],
    // At the very instant at which a period ends, it has ended; a millisecond before, it has not.
    ['day', '2026-11-08T23:00:00Z', '2026-11-06T23:00:00Z', '2026-11-07T23:00:00Z', '2026-11-08T23:00:00Z'],
    [
      'day',
      '2026-11-08T22:59:59.999Z',
      '2026-11-05T23:00:00Z',
      '2026-11-06T23:00:00Z',
      '2026-11-07T23:00:00Z',
    ],
    ['month', '2026-11-01T07:00:00Z', '2026-08-31T22:00:00Z', '2026-09-30T22:00:00Z', '2026-10-31T23:00:00Z'],
    // Of a year's first days, the last month and week are those of the year before.
    ['month', '2027-01-01T07:00:00Z', '2026-10-31T23:00:00Z', '2026-11-30T23:00:00Z', '2026-12-31T23:00:00Z'],
    ['week', '2027-01-01T07:00:00Z', '2026-12-13T23:00:00Z', '2026-12-20T23:00:00Z', '2026-12-27T23:00:00Z'],
    // Clocks change within the day, so that it has 25 hours; and in spring 23.
    ['day', '2026-10-26T05:00:00Z', '2026-10-23T22:00:00Z', '2026-10-24T22:00:00Z', '2026-10-25T23:00:00Z'],
    ['day', '2027-03-29T05:00:00Z', '2027-03-26T23:00:00Z', '2027-03-27T23:00:00Z', '2027-03-28T22:00:00Z'],
  ] as const)('of a %s at %s', (period, at, ...wanted) => {
    expect(periods(period, at)).toEqual(wanted);
  });

  it('goes by the zone', () => {
    const wanted = ['2026-11-06T15:00:00Z', '2026-11-07T15:00:00Z', '2026-11-08T15:00:00Z'];
    expect(periods('day', '2026-11-08T16:00:00Z', 'Asia/Tokyo')).toEqual(wanted);
  });
});

describe('the days of a period', () => {
  it('are local days that leave nothing out, also where clocks change', () => {
    const window = { from: Date.parse('2026-09-30T22:00:00Z'), to: Date.parse('2026-10-31T23:00:00Z') };
    const days = daysIn(window, 'Europe/Berlin');
    expect(days).toHaveLength(31);
    expect(days[0]?.from).toBe(window.from);
    expect(days.at(-1)?.to).toBe(window.to);
    expect(days.slice(1).map(({ from }) => from)).toEqual(days.slice(0, -1).map(({ to }) => to));
    const hours = days.map(({ from, to }) => (to - from) / 3_600_000);
    expect(hours.filter((length) => length !== 24)).toEqual([25]);
  });

  it('are one less where a zone skipped a day', () => {
    const { window } = reportPeriods('month', Date.parse('2012-01-02T00:00:00Z'), 'Pacific/Apia');
    expect(daysIn(window, 'Pacific/Apia')).toHaveLength(30);
  });
});
