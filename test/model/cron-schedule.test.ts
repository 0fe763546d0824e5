import { createTask } from 'node-cron';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { cronSchedule } from '../../src/model/cron-schedule.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const iso = (at: number | null) => (at === null ? null : new Date(at).toISOString().replace('.000Z', 'Z'));
const utc = (text: string) => Date.parse(text);

/** The instants due within some days from one on, in UTC. */
function due(expression: string, zone: string, from: string, days = 1): (string | null)[] {
  return cronSchedule(expression, zone)
    .instants(utc(from), utc(from) + days * DAY)
    .map(iso);
}

describe('a schedule', () => {
  it('names the instants of its zone, from the first inclusive to the last exclusive', () => {
    const hourly = cronSchedule('0 * * * *', 'Europe/Berlin');
    const at = utc('2026-11-20T02:00:00Z');
    expect(hourly.instants(at, at + 2 * HOUR).map(iso)).toEqual([
      '2026-11-20T02:00:00Z',
      '2026-11-20T03:00:00Z',
    ]);
    expect(hourly.instants(at + 1, at + HOUR)).toEqual([]);
    expect(hourly.instants(at, at)).toEqual([]);
    expect(due('30 9 * * *', 'Europe/Berlin', '2026-11-20T00:00:00Z')).toEqual(['2026-11-20T08:30:00Z']);
    expect(due('15 6 * * *', 'Asia/Kathmandu', '2026-11-20T00:00:00Z')).toEqual(['2026-11-20T00:30:00Z']);
  });

  it.each([
    ['30 2 L * *', ['2026-11-30T02:30:00Z']],
    ['0 9 15W * *', ['2026-11-16T09:00:00Z']],
    ['0 9 LW * *', ['2026-11-30T09:00:00Z']],
    ['0 9 * * 1#2', ['2026-11-09T09:00:00Z']],
    ['0 9 * * 5L', ['2026-11-27T09:00:00Z']],
    [
      '0 0 * * 7',
      [
        '2026-11-01T00:00:00Z',
        '2026-11-08T00:00:00Z',
        '2026-11-15T00:00:00Z',
        '2026-11-22T00:00:00Z',
        '2026-11-29T00:00:00Z',
      ],
    ],
    ['0 0 1 nov *', ['2026-11-01T00:00:00Z']],
    ['0 0 1 12 *', []],
  ])('takes %s as cron does', (expression, instants) => {
    expect(due(expression, 'UTC', '2026-11-01T00:00:00Z', 30)).toEqual(instants);
  });

  it.each([
    '*/7 3-5,22 * * *',
    '59 23 L * *',
    '0 0,12 1,15 */2 *',
    '5-50/15 * * 11 sun',
    '*/20 30 6 * * *',
    '0,59 * 0-4 * * 6',
    '@hourly',
  ])('is due when %s names all fields of the time', (expression) => {
    const whole = createTask(expression, () => undefined, { timezone: 'UTC' });
    const schedule = cronSchedule(expression, 'UTC');
    const from = utc('2026-10-30T22:00:00Z');
    const instants = Array.from({ length: (3 * DAY) / 10_000 }, (_, i) => from + i * 10_000);
    const named = instants.filter((at) => whole.match(new Date(at)));
    expect(named.length).toBeGreaterThan(0);
    expect(instants.filter(schedule.isDue).map(iso)).toEqual(named.map(iso));
  });

  it.each([
    ['0 9 1 * mon', ['01', '02', '09', '16', '23', '30']],
    ['0 9 13,14 11 5', ['06', '13', '14', '20', '27']],
    ['0 0 9 L * 2', ['03', '10', '17', '24', '30']],
    ['0 9 1-7 * */6', ['01', '07']],
    ['0 9 */15 * mon', ['16']],
    ['0 9 ? * mon', ['02', '09', '16', '23', '30']],
    ['0 9 13 * ?', ['13']],
  ])(
    'means either day field where both are restricted, and both where one begins with a star or is a ?: %s',
    (expression, days) => {
      const schedule = cronSchedule(expression, 'UTC');
      const instants = days.map((day) => `2026-11-${day}T09:00:00Z`);
      expect(due(expression, 'UTC', '2026-11-01T00:00:00Z', 30)).toEqual(instants);
      const all = Array.from({ length: 30 * 24 }, (_, i) => utc('2026-11-01T00:00:00Z') + i * HOUR);
      expect(all.filter(schedule.isDue).map(iso)).toEqual(instants);
      expect(iso(schedule.latest(utc('2026-11-30T23:59:00Z')))).toBe(instants.at(-1));
    },
  );

  it('takes a nickname', () => {
    expect(due('@daily', 'UTC', '2026-11-01T00:00:00Z', 2)).toEqual([
      '2026-11-01T00:00:00Z',
      '2026-11-02T00:00:00Z',
    ]);
  });

  describe('with a field for seconds', () => {
    const quick = cronSchedule('*/20 * * * * *', 'UTC');
    const at = utc('2026-11-20T02:05:00Z');

    it('is due at those seconds, whatever the milliseconds', () => {
      expect(quick.hasSeconds).toBe(true);
      expect([0, 20_999, 40_000].map((ms) => quick.isDue(at + ms))).toEqual([true, true, true]);
      expect([1_000, 19_999, 59_000].map((ms) => quick.isDue(at + ms))).toEqual([false, false, false]);
    });

    it('shows whole minutes as its instants, each minute that has a second that is due', () => {
      expect(quick.instants(at, at + 2 * MINUTE)).toEqual([at, at + MINUTE]);
      const late = cronSchedule('59 */5 * * * *', 'UTC');
      expect(late.instants(at, at + 6 * MINUTE)).toEqual([at, at + 5 * MINUTE]);
      expect(iso(late.latest(at))).toBe('2026-11-20T02:00:59Z');
    });

    it('lists every instant to the second on request', () => {
      const [from, to] = [at + 19_000, at + MINUTE];
      expect(quick.everyInstant(from, to).map(iso)).toEqual(['2026-11-20T02:05:20Z', '2026-11-20T02:05:40Z']);
      const each = cronSchedule('* * * * *', 'UTC');
      expect(each.everyInstant(at - 1, at + 2 * MINUTE)).toEqual(each.instants(at - 1, at + 2 * MINUTE));
    });

    it('knows its latest instant to the second', () => {
      expect(iso(quick.latest(at + 59_999))).toBe('2026-11-20T02:05:40Z');
      expect(iso(quick.latest(at))).toBe('2026-11-20T02:05:00Z');
      expect(iso(quick.latest(at - 1))).toBe('2026-11-20T02:04:40Z');
    });

    it('finds a second that was skipped with its hour', () => {
      const odd = cronSchedule('15 30 2 * * *', 'America/New_York');
      expect(iso(odd.latest(utc('2026-03-08T12:00:00Z')))).toBe('2026-03-08T07:00:00Z');
    });
  });

  describe('the latest instant', () => {
    it('is the instant itself where that is due', () => {
      const at = utc('2026-11-20T02:05:00Z');
      expect(cronSchedule('* * * * *', 'UTC').latest(at)).toBe(at);
      expect(cronSchedule('* * * * *', 'UTC').latest(at + 59_999)).toBe(at);
    });

    it.each(['0 0 1 1 *', '0 0 0 1 1 *', '59 59 23 31 12 *'])(
      'of %s, once a year, is found without asking every second of it',
      (expression) => {
        const schedule = cronSchedule(expression, 'UTC');
        const read = vi.spyOn(Date.prototype, 'getTime');
        onTestFinished(() => read.mockRestore());
        const found = schedule.latest(utc('2026-12-31T23:00:00Z'));
        // node-cron is asked with a Date: for each second of a year that would be 31 million.
        expect(read.mock.calls.length).toBeLessThan(10_000);
        expect(['2026-01-01T00:00:00Z', '2025-12-31T23:59:59Z']).toContain(iso(found));
      },
    );

    it('is null where none lies within a year', () => {
      expect(cronSchedule('0 0 29 2 *', 'UTC').latest(utc('2026-11-20T00:00:00Z'))).toBeNull();
    });
  });
});

describe('when clocks change', () => {
  // The two days around each change of 2026, and a zone whose rules ended in 2019, and one of a quarter of an hour.
  const CHANGES = [
    ['America/New_York', '2026-03-08T00:00:00Z'],
    ['America/New_York', '2026-11-01T00:00:00Z'],
    ['Europe/Berlin', '2026-03-28T12:00:00Z'],
    ['Europe/Berlin', '2026-10-24T12:00:00Z'],
    ['Australia/Lord_Howe', '2026-04-04T00:00:00Z'],
    ['Australia/Lord_Howe', '2026-10-03T00:00:00Z'],
    ['America/Sao_Paulo', '2018-11-03T12:00:00Z'],
    ['America/Sao_Paulo', '2026-11-01T00:00:00Z'],
    ['Asia/Kathmandu', '2026-11-01T00:00:00Z'],
  ] as const;

  it.each(CHANGES)('every minute of %s from %s on is due once, without a gap', (zone, from) => {
    const instants = cronSchedule('* * * * *', zone).instants(utc(from), utc(from) + 2 * DAY);
    expect(instants).toHaveLength(2 * 24 * 60);
    expect(new Set(instants.map((at, i) => at - i * MINUTE))).toEqual(new Set([utc(from)]));
  });

  it.each([
    ['America/New_York', '30 2 * * *', '2026-03-08T00:00:00Z', '2026-03-08T07:00:00Z'],
    ['America/New_York', '0,15,59 2 * * *', '2026-03-08T00:00:00Z', '2026-03-08T07:00:00Z'],
    ['America/New_York', '0 2,3 * * *', '2026-03-08T00:00:00Z', '2026-03-08T07:00:00Z'],
    ['Europe/Berlin', '30 2 * * *', '2026-03-29T00:00:00Z', '2026-03-29T01:00:00Z'],
    ['Australia/Lord_Howe', '15 2 * * *', '2026-10-03T12:00:00Z', '2026-10-03T15:30:00Z'],
    ['America/Sao_Paulo', '0 0 * * *', '2018-11-03T12:00:00Z', '2018-11-04T03:00:00Z'],
  ])('in %s, %s of a skipped hour is due once, at the end of the gap', (zone, expression, from, instant) => {
    expect(due(expression, zone, from)).toEqual([instant]);
  });

  it.each([
    [
      'America/New_York',
      '30 1 * * *',
      '2026-11-01T00:00:00Z',
      '2026-11-01T05:30:00Z',
      '2026-11-01T06:30:00Z',
    ],
    ['Europe/Berlin', '30 2 * * *', '2026-10-25T00:00:00Z', '2026-10-25T00:30:00Z', '2026-10-25T01:30:00Z'],
    [
      'Australia/Lord_Howe',
      '45 1 * * *',
      '2026-04-04T12:00:00Z',
      '2026-04-04T14:45:00Z',
      '2026-04-04T15:15:00Z',
    ],
  ])('in %s, %s of a repeated hour is due twice', (zone, expression, from, first, second) => {
    expect(due(expression, zone, from)).toEqual([first, second]);
  });

  it('a time that neither is skipped nor comes twice is due once', () => {
    expect(due('0 9 * * *', 'America/New_York', '2026-03-07T12:00:00Z', 2)).toEqual([
      '2026-03-07T14:00:00Z',
      '2026-03-08T13:00:00Z',
    ]);
    expect(due('0 0 * * *', 'America/Sao_Paulo', '2026-11-01T12:00:00Z')).toEqual(['2026-11-02T03:00:00Z']);
  });
});
