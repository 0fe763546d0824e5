import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { instantOfWall, skippedAt, wallBound } from '../../src/model/wall-clock.ts';

const utc = (text: string): number => Date.parse(`${text}Z`);
const ZONES = [
  'UTC',
  'Asia/Shanghai',
  'Asia/Kolkata',
  'Europe/Berlin',
  'America/New_York',
  'Australia/Lord_Howe',
  'Pacific/Apia',
];

describe('the instant of a local time', () => {
  it.each([
    ['Asia/Shanghai', '2026-03-10T18:00', '2026-03-10T10:00'],
    ['Europe/Berlin', '2026-07-01T12:00', '2026-07-01T10:00'],
    // 02:00 to 03:00 comes twice: the first one is meant.
    ['Europe/Berlin', '2026-10-25T01:59', '2026-10-24T23:59'],
    ['Europe/Berlin', '2026-10-25T02:30', '2026-10-25T00:30'],
    ['Europe/Berlin', '2026-10-25T03:00', '2026-10-25T02:00'],
    ['America/New_York', '2026-11-01T01:30', '2026-11-01T05:30'],
    // 02:00 to 03:00 is skipped: PostgreSQL reads it by the offset before.
    ['Europe/Berlin', '2026-03-29T01:59', '2026-03-29T00:59'],
    ['Europe/Berlin', '2026-03-29T02:30', '2026-03-29T01:30'],
    ['Europe/Berlin', '2026-03-29T03:00', '2026-03-29T01:00'],
    ['America/New_York', '2026-03-08T02:30', '2026-03-08T07:30'],
    // A whole day.
    ['Pacific/Apia', '2011-12-30T12:00', '2011-12-30T22:00'],
  ])('%s %s is %s', (zone, local, at) => {
    expect(new Date(instantOfWall(utc(local), zone)).toISOString()).toBe(`${at}:00.000Z`);
  });

  it('is before a bound exactly where the local time, moved out of what was skipped, is before its local time', () => {
    const minutes = (from: string, days: number) =>
      fc.integer({ min: 0, max: days * 1440 }).map((minute) => utc(from) + minute * 60_000);
    const near = fc.oneof(
      minutes('2026-03-07T00:00', 3),
      minutes('2026-03-28T00:00', 3),
      minutes('2026-04-03T00:00', 4),
      minutes('2026-10-03T00:00', 2),
      minutes('2026-10-24T00:00', 3),
      minutes('2026-10-31T00:00', 3),
      minutes('2011-12-28T00:00', 5),
      minutes('1985-01-01T00:00', 20_000),
    );
    fc.assert(
      fc.property(
        fc.constantFrom(...ZONES),
        near,
        fc.integer({ min: -4000, max: 4000 }),
        (zone, at, away) => {
          const local = wallBound(at, zone) + away * 60_000;
          const gap = skippedAt(at, zone);
          const moved =
            gap !== null && local >= gap.from && local < gap.to ? local + gap.to - gap.from : local;
          expect(instantOfWall(local, zone) < at).toBe(moved < wallBound(at, zone));
        },
      ),
      { numRuns: 3000 },
    );
  });
});
