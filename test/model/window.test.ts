import fc from 'fast-check';
import { Temporal } from 'temporal-polyfill';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { daysBefore } from '../../src/model/local-time.ts';
import {
  CALENDAR_WINDOWS,
  type CalendarPeriod,
  dedupeEnd,
  dedupeKey,
  formatDuration,
  isoInstant,
  parseDuration,
  parseWindow,
  periodEnd,
  periodKey,
  periodStart,
  periodTogether,
  type Window,
  type WindowSpec,
  wholePeriod,
  windowAt,
  windowDaysBefore,
} from '../../src/model/window.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const ZONES = [
  'UTC',
  'America/New_York',
  'America/Sao_Paulo',
  'America/Havana',
  'Atlantic/Azores',
  'Africa/Cairo',
  'Africa/Casablanca',
  'Asia/Beirut',
  'Asia/Kathmandu',
  'Australia/Lord_Howe',
  'Pacific/Chatham',
];

const zone = fc.constantFrom(...ZONES);
/** Whole minutes of the years in which the worker runs. */
const minute = fc
  .integer({ min: Date.UTC(2023, 0, 1) / 60_000, max: Date.UTC(2030, 0, 1) / 60_000 })
  .map((n) => n * 60_000);
/** Minutes within three hours of a change of clocks, where arithmetic goes wrong if it does. */
const nearChange = fc
  .tuple(zone, minute, fc.integer({ min: -180, max: 180 }))
  .map(([name, at, minutes]): [string, number] => {
    const next = Temporal.Instant.fromEpochMilliseconds(at)
      .toZonedDateTimeISO(name)
      .getTimeZoneTransition('next');
    return [name, (next?.epochMilliseconds ?? at) + minutes * 60_000];
  });
const anywhere = fc.oneof(fc.tuple(zone, minute), nearChange);

function spec(text: string): WindowSpec {
  const parsed = parseWindow(text);
  if (parsed === null) throw new Error(`not a window: ${text}`);
  return parsed;
}

function at(text: string): number {
  return Temporal.Instant.from(text).epochMilliseconds;
}

function isoWindow(text: string, instant: string, name: string): [string, string] {
  const { from, to } = windowAt(spec(text), at(instant), name);
  return [isoInstant(from), isoInstant(to)];
}

function localDate(instant: number, name: string): string {
  return Temporal.Instant.fromEpochMilliseconds(instant).toZonedDateTimeISO(name).toPlainDate().toString();
}

describe('durations', () => {
  it.each([
    ['90s', 90_000],
    ['15m', 900_000],
    ['1h', HOUR],
    ['1h30m', 5_400_000],
    ['24h', DAY],
    ['7d', 7 * DAY],
    ['2w', 14 * DAY],
    ['0s', 0],
  ])('reads %s', (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
  });

  it.each(['', '1', 'h', '-1h', '1.5h', '1 h', '1H', '30m1h', '1hour', '1h1h', 'today', '99999999w', '1y'])(
    'refuses %j',
    (text) => {
      expect(parseDuration(text)).toBeNull();
    },
  );

  it('reads back what it writes, to the second', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 3_660 * 86_400 }), (seconds) => {
        expect(parseDuration(formatDuration(seconds * 1_000))).toBe(seconds * 1_000);
      }),
    );
  });

  it('shows durations the way people write them', () => {
    expect([0, 90_000, 5_400_000, DAY, 7 * DAY, 61_999].map(formatDuration)).toEqual([
      '0s',
      '1m30s',
      '1h30m',
      '1d',
      '7d',
      '1m1s',
    ]);
  });
});

describe('windows', () => {
  it('reads calendar words and durations and refuses anything else', () => {
    for (const word of CALENDAR_WINDOWS)
      expect(parseWindow(word)).toEqual({ kind: 'calendar', word, text: word });
    expect(parseWindow('60m')).toEqual({ kind: 'rolling', ms: HOUR, text: '60m' });
    for (const text of ['0s', 'tomorrow', 'Today', '', 'this month']) expect(parseWindow(text)).toBeNull();
  });

  it('judges the whole day that ended at midnight, and the new day just after it', () => {
    expect(isoWindow('today', '2026-11-20T05:00:00Z', 'America/New_York')).toEqual([
      '2026-11-19T05:00:00Z',
      '2026-11-20T05:00:00Z',
    ]);
    expect(isoWindow('today', '2026-11-20T05:01:00Z', 'America/New_York')).toEqual([
      '2026-11-20T05:00:00Z',
      '2026-11-20T05:01:00Z',
    ]);
    expect(isoWindow('yesterday', '2026-11-20T05:00:00Z', 'America/New_York')).toEqual([
      '2026-11-18T05:00:00Z',
      '2026-11-19T05:00:00Z',
    ]);
  });

  it.each([
    ['today', '2026-11-02T04:59:00Z', 'America/New_York', '2026-11-01T04:00:00Z', '2026-11-02T04:59:00Z'],
    ['yesterday', '2026-11-02T12:00:00Z', 'America/New_York', '2026-11-01T04:00:00Z', '2026-11-02T05:00:00Z'],
    ['yesterday', '2026-03-09T12:00:00Z', 'America/New_York', '2026-03-08T05:00:00Z', '2026-03-09T04:00:00Z'],
    [
      'yesterday',
      '2026-10-05T00:00:00Z',
      'Australia/Lord_Howe',
      '2026-10-03T13:30:00Z',
      '2026-10-04T13:00:00Z',
    ],
    ['today', '2026-11-20T00:00:00Z', 'Asia/Kathmandu', '2026-11-19T18:15:00Z', '2026-11-20T00:00:00Z'],
    // Cairo skips midnight: the day begins at one o'clock.
    ['today', '2026-04-24T12:00:00Z', 'Africa/Cairo', '2026-04-23T22:00:00Z', '2026-04-24T12:00:00Z'],
    // Havana has midnight twice: the day begins with the first.
    ['today', '2026-11-01T20:00:00Z', 'America/Havana', '2026-11-01T04:00:00Z', '2026-11-01T20:00:00Z'],
  ])('cuts %s at %s in %s where the clocks change', (text, instant, name, from, to) => {
    expect(isoWindow(text, instant, name)).toEqual([from, to]);
  });

  it('begins weeks on Monday and months on the first, seen from the instant just before', () => {
    expect(isoWindow('this_week', '2026-11-16T00:00:00Z', 'UTC')[0]).toBe('2026-11-09T00:00:00Z');
    expect(isoWindow('this_week', '2026-11-16T00:01:00Z', 'UTC')[0]).toBe('2026-11-16T00:00:00Z');
    expect(isoWindow('this_month', '2026-12-01T00:00:00Z', 'UTC')[0]).toBe('2026-11-01T00:00:00Z');
    expect(isoWindow('this_month', '2026-11-20T00:00:00Z', 'America/New_York')[0]).toBe(
      '2026-11-01T04:00:00Z',
    );
    expect(isoWindow('this_month', '2028-03-01T00:00:00Z', 'UTC')[0]).toBe('2028-02-01T00:00:00Z');
    expect(isoWindow('this_week', '1969-12-31T00:00:00Z', 'UTC')[0]).toBe('1969-12-29T00:00:00Z');
  });

  it('keeps the real length of a rolling window in every zone', () => {
    fc.assert(
      fc.property(anywhere, fc.integer({ min: 1, max: 40 * 24 * 60 }), ([name, instant], minutes) => {
        const window = windowAt(spec(`${minutes}m`), instant, name);
        expect(window).toEqual({ from: instant - minutes * 60_000, to: instant });
      }),
    );
  });

  it('puts yesterday right before today, at any instant', () => {
    fc.assert(
      fc.property(anywhere, ([name, instant]) => {
        const today = windowAt(spec('today'), instant, name);
        const yesterday = windowAt(spec('yesterday'), instant, name);
        expect(yesterday.to).toBe(today.from);
        expect(yesterday.from).toBeLessThan(yesterday.to);
        expect(today.from).toBeLessThan(today.to);
        expect(localDate(today.from, name)).toBe(localDate(instant - 1, name));
        expect(localDate(today.from - 1, name)).not.toBe(localDate(instant - 1, name));
      }),
      { numRuns: 500 },
    );
  });

  it('begins days, weeks and months where Temporal does', () => {
    fc.assert(
      fc.property(anywhere, ([name, instant]) => {
        const before = Temporal.Instant.fromEpochMilliseconds(instant - 1).toZonedDateTimeISO(name);
        const monday = before.toPlainDate().subtract({ days: before.dayOfWeek - 1 });
        const from = (text: string) => windowAt(spec(text), instant, name).from;
        expect(from('today')).toBe(before.startOfDay().epochMilliseconds);
        expect(from('this_week')).toBe(monday.toZonedDateTime(name).epochMilliseconds);
        expect(from('this_month')).toBe(
          before.toPlainDate().with({ day: 1 }).toZonedDateTime(name).epochMilliseconds,
        );
      }),
      { numRuns: 500 },
    );
  });
});

describe('the same time on an earlier day', () => {
  it.each([
    [
      'keeps the local time when clocks go back',
      '2026-11-02T17:00:00Z',
      2,
      'America/New_York',
      '2026-10-31T16:00:00Z',
    ],
    [
      'keeps the local time when clocks go forward',
      '2026-03-09T16:00:00Z',
      1,
      'America/New_York',
      '2026-03-08T16:00:00Z',
    ],
    ['takes the later of two', '2026-11-02T06:30:00Z', 1, 'America/New_York', '2026-11-01T06:30:00Z'],
    [
      'takes the later instant of a skipped one',
      '2026-03-09T06:30:00Z',
      1,
      'America/New_York',
      '2026-03-08T07:30:00Z',
    ],
    [
      'takes the later of two in the season before',
      '2027-11-01T05:30:00Z',
      365,
      'America/New_York',
      '2026-11-01T06:30:00Z',
    ],
    ['follows half an hour', '2026-10-04T15:00:00Z', 1, 'Australia/Lord_Howe', '2026-10-03T15:30:00Z'],
    [
      'counts plain days where nothing changes',
      '2026-11-20T00:15:00Z',
      28,
      'Asia/Kathmandu',
      '2026-10-23T00:15:00Z',
    ],
  ])('%s', (_, instant, days, name, expected) => {
    expect(isoInstant(daysBefore(at(instant), days, name))).toBe(expected);
  });

  it('is what Temporal calls the later instant of the local time', () => {
    fc.assert(
      fc.property(anywhere, fc.integer({ min: 0, max: 60 }), ([name, instant], days) => {
        const local = Temporal.Instant.fromEpochMilliseconds(instant)
          .toZonedDateTimeISO(name)
          .toPlainDateTime();
        const expected = local.subtract({ days }).toZonedDateTime(name, { disambiguation: 'later' });
        // Zero days before is the instant itself unless its local time comes again.
        expect(daysBefore(instant, days, name)).toBe(expected.epochMilliseconds);
      }),
      { numRuns: 1_000 },
    );
  });

  it('never compares a calendar window with itself, and keeps whole days whole', () => {
    for (const name of ['America/Havana', 'Atlantic/Azores']) {
      for (let day = 0; day < 366; day += 1) {
        const midnight = windowAt(spec('today'), Date.UTC(2026, 0, 10, 12) + day * DAY, name).from;
        for (const text of ['today', 'yesterday']) {
          const windows = Array.from({ length: 8 }, (_, k) =>
            windowDaysBefore(spec(text), midnight, k, name),
          );
          for (const [k, window] of windows.entries()) {
            expect(window.to - window.from).toBeGreaterThanOrEqual(23 * HOUR);
            if (k > 0) expect(window.to).toBe(windows[k - 1]?.from);
          }
        }
      }
    }
  });
});

describe('the period of a calendar window', () => {
  const LENGTHS = {
    today: { days: 1 },
    this_week: { weeks: 1 },
    this_month: { months: 1 },
    this_quarter: { months: 3 },
    this_year: { years: 1 },
  } as const;

  /** The naive way: the first beginning, from long before, whose period does not end before the instant. */
  function plainly(word: keyof typeof LENGTHS, starts: number, instant: number, zone: string): Window {
    const date = Temporal.Instant.fromEpochMilliseconds(instant - 1)
      .toZonedDateTimeISO(zone)
      .toPlainDate();
    const first = { year: date.year - 1, month: 1, day: starts };
    let begin = word === 'today' ? date : Temporal.PlainDate.from(first);
    if (word === 'this_week') begin = date.subtract({ days: date.dayOfWeek - 1 });
    let count = 0;
    const at = (n: number): Temporal.PlainDate => {
      const length = LENGTHS[word];
      return begin.add(Object.fromEntries(Object.entries(length).map(([unit, of]) => [unit, of * n])));
    };
    while (Temporal.PlainDate.compare(at(count + 1), date) <= 0) count += 1;
    const [from, to] = [at(count), at(count + 1)].map((day) => day.toZonedDateTime(zone).epochMilliseconds);
    return { from: from as number, to: to as number };
  }

  it('is what a calendar says, in any zone, from any day of the month on', () => {
    const words = Object.keys(LENGTHS) as (keyof typeof LENGTHS)[];
    fc.assert(
      fc.property(
        anywhere,
        fc.constantFrom(...words),
        fc.integer({ min: 1, max: 28 }),
        ([zone, instant], word, starts) => {
          const spec = { kind: 'calendar', word, starts, text: word } as const;
          const period = wholePeriod(spec, instant, zone);
          expect(period).toEqual(plainly(word, starts, instant, zone));
          expect(windowAt(spec, instant, zone)).toEqual({ from: period.from, to: instant });
          // The last instant of a period still belongs to it.
          expect(wholePeriod(spec, period.to, zone)).toEqual(period);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('is the dedupe period of a rule that is notified once in its window, also where it is judged late', () => {
    const window = { kind: 'calendar', word: 'this_quarter', starts: 15, text: 'quarter' } as const;
    const rule = { metric: 'spend', dedupe: 'window', window, delayMs: 120_000 } as const;
    const key = (instant: string): string | null => dedupeKey(rule, at(instant), 'UTC');
    expect(key('2026-10-15T00:02:00Z')).toBe('window/2026-07-15T00:00:00Z');
    expect(key('2026-10-15T00:02:01Z')).toBe('window/2026-10-15T00:00:00Z');
    expect(dedupeEnd(rule, at('2026-10-15T00:02:00Z'), 'UTC')).toBe(at('2026-10-15T00:02:00Z'));
    expect(dedupeKey({ ...rule, dedupe: 'episode' }, 0, 'UTC')).toBeNull();
  });

  it('is shared by the groups of a rule, whatever their limits, when they go out together', () => {
    expect(periodTogether('window/2026-10-15T00:00:00Z/2000')).toBe('window/2026-10-15T00:00:00Z');
    expect(periodTogether('day/2026-10-15T00:00:00Z')).toBe('day/2026-10-15T00:00:00Z');
    expect(periodTogether('episode/2026-10-15T02:05:00Z')).toBe('episode');
  });
});

describe('dedupe periods', () => {
  it.each([
    ['day', '2026-11-20T00:00:00Z', 'UTC', 'day/2026-11-19T00:00:00Z'],
    ['day', '2026-11-20T00:01:00Z', 'UTC', 'day/2026-11-20T00:00:00Z'],
    ['day', '2026-11-20T04:59:00Z', 'America/New_York', 'day/2026-11-19T05:00:00Z'],
    ['week', '2026-11-16T00:00:00Z', 'UTC', 'week/2026-11-09T00:00:00Z'],
    ['month', '2026-11-20T00:00:00Z', 'UTC', 'month/2026-11-01T00:00:00Z'],
    ['hour', '2026-11-20T02:00:00Z', 'UTC', 'hour/2026-11-20T01:00:00Z'],
    ['hour', '2026-11-20T02:05:00Z', 'Asia/Kathmandu', 'hour/2026-11-20T01:15:00Z'],
    // One o'clock comes twice: two hours, two periods.
    ['hour', '2026-11-01T05:30:00Z', 'America/New_York', 'hour/2026-11-01T05:00:00Z'],
    ['hour', '2026-11-01T06:30:00Z', 'America/New_York', 'hour/2026-11-01T06:00:00Z'],
  ] as const)('the %s of %s in %s is %s', (period, instant, name, key) => {
    expect(periodKey(period, at(instant), name)).toBe(key);
  });

  it('begin before the instant, never go back, and are one from begin to end', () => {
    const periods: CalendarPeriod[] = ['hour', 'day', 'week', 'month'];
    fc.assert(
      fc.property(
        anywhere,
        fc.constantFrom(...periods),
        fc.integer({ min: 1, max: 6_000 }),
        ([name, instant], period, minutes) => {
          const start = periodStart(period, instant, name);
          expect(start).toBeLessThan(instant);
          expect(periodStart(period, start + 1, name)).toBe(start);
          expect(periodStart(period, start, name)).toBeLessThan(start);
          expect(periodStart(period, instant + minutes * 60_000, name)).toBeGreaterThanOrEqual(start);
          const end = periodEnd(period, instant, name);
          expect(end).toBeGreaterThanOrEqual(instant);
          expect(periodStart(period, end, name)).toBe(start);
          expect(periodStart(period, end + 1, name)).toBe(end);
        },
      ),
      { numRuns: 500 },
    );
  });
});

describe('speed', () => {
  it('cuts the windows of a month of minutes without asking Temporal for each', () => {
    const asked = vi.spyOn(Temporal.Instant.prototype, 'toZonedDateTimeISO');
    onTestFinished(() => asked.mockRestore());
    let cuts = 0;
    for (let instant = Date.UTC(2026, 9, 15); instant < Date.UTC(2026, 10, 15); instant += 60_000) {
      const cut = daysBefore(instant, 1 + (cuts % 28), 'America/New_York');
      if (windowAt(spec('today'), cut, 'America/New_York').to === cut) cuts += 1;
    }
    expect(cuts).toBe(31 * 1_440);
    // Only near the change of clocks of 1 November is there anything to ask.
    expect(asked.mock.calls.length).toBeLessThan(cuts / 10);
  });
});

it('writes instants with milliseconds only where there are some', () => {
  expect(isoInstant(Date.UTC(2026, 10, 20, 2, 5))).toBe('2026-11-20T02:05:00Z');
  expect(isoInstant(Date.UTC(2026, 10, 20, 2, 5, 0, 7))).toBe('2026-11-20T02:05:00.007Z');
});
