// Parses values into the same JavaScript values for both drivers.

import { AppError } from '../model/errors.ts';

/** The type ids of values that the drivers parse differently. */
const INT8 = 20;
const DATE = 1082;
const TIMESTAMP = 1114;
const TIMESTAMPTZ = 1184;
const NUMERIC = 1700;

const asText = (text: string): string => text;

/** Parsers for text from the server: the same for both drivers, and independent of the local zone. */
export const PARSERS: Readonly<Record<number, (text: string) => unknown>> = {
  [INT8]: asText,
  [NUMERIC]: asText,
  [DATE]: asText,
  [TIMESTAMP]: asText,
  [TIMESTAMPTZ]: instantOf,
};

/** The furthest instants that a Date can hold, ms. */
const FURTHEST = 8.64e15;

/**
 * Parses `2026-11-20 02:05:00.123456+00` as a Date, without microseconds. An instant beyond the range of Date becomes the
 * nearest one in it. Throws for another style, because comparisons with an invalid Date would all be false.
 */
function instantOf(text: string): Date {
  if (text === 'infinity') return new Date(FURTHEST);
  if (text === '-infinity') return new Date(-FURTHEST);
  const match = /^(\d{4,})-(\d\d)-(\d\d) (\d\d):(\d\d):(\d\d)(?:\.(\d{1,6}))?\+00( BC)?$/.exec(text);
  if (match === null) {
    throw new AppError(
      'store_query_failed',
      `The database wrote an instant in a style that is not ISO: ${text}`,
      {
        hint: 'The session must have DateStyle ISO and TimeZone UTC; check what changes them between here and the server.',
      },
    );
  }
  const [, year, month, day, hour, minute, second, fraction = '', era] = match;
  const instant = new Date(0);
  // Date.UTC would take years before 100 for 19xx, and before Christ there is no year 0.
  instant.setUTCFullYear(era === undefined ? Number(year) : 1 - Number(year), Number(month) - 1, Number(day));
  instant.setUTCHours(
    Number(hour),
    Number(minute),
    Number(second),
    Number(fraction.padEnd(3, '0').slice(0, 3)),
  );
  return Number.isNaN(instant.getTime()) ? new Date(era === undefined ? FURTHEST : -FURTHEST) : instant;
}
