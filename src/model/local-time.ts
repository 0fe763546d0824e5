// Local days and hours in a zone, change of clocks included.

import { Temporal } from 'temporal-polyfill';

const DAY = 86_400_000;

/** Whether a name is that of a time zone. */
export function isZone(name: string): boolean {
  if (!/^[A-Za-z]/.test(name)) return false;
  try {
    return Temporal.Instant.fromEpochMilliseconds(0).toZonedDateTimeISO(name).timeZoneId !== '';
  } catch {
    return false;
  }
}

/** Days since 1970-01-01 of the local calendar date at an instant. */
export function localDay(at: number, zone: string): number {
  return Math.floor((at + offsetAt(at, zone)) / DAY);
}

/** The first instant of a local calendar date. Where midnight is skipped, that is the end of the gap. */
export function dayStart(day: number, zone: string): number {
  return steadyInstant(day * DAY, zone) ?? plainDate(day).toZonedDateTime(zone).epochMilliseconds;
}

/**
 * The instant of the same local time `days` whole days before. Of a local time that is skipped or comes twice, the later
 * instant.
 */
export function daysBefore(at: number, days: number, zone: string): number {
  return (
    steadyInstant(at + offsetAt(at, zone) - days * DAY, zone) ??
    Temporal.Instant.fromEpochMilliseconds(at)
      .toZonedDateTimeISO(zone)
      .toPlainDateTime()
      .subtract({ days })
      .toZonedDateTime(zone, { disambiguation: 'later' }).epochMilliseconds
  );
}

/** The beginning of an instant's local clock hour. A change of clocks begins an hour too, so that hours never overlap. */
export function hourStart(at: number, zone: string): number {
  const { offset, from } = spanAt(at, zone);
  return Math.max(from, at - modulo(at + offset, 3_600_000));
}

/** A span in which a zone's offset from UTC (ms) does not change: [from, to), infinite on a side without a change. */
interface Span {
  readonly from: number;
  readonly to: number;
  readonly offset: number;
}

/**
 * A cache of spans, by zone. Windows are cut hundreds of thousands of times in a backtest, and Temporal needs tens of
 * microseconds per look-up. A zone has a few spans a year, so the cache is as small as the history in question.
 */
const spans = new Map<string, Span[]>();

/** Since when the offset from UTC is what it is at an instant; minus infinity where it never changed. */
export function steadySince(at: number, zone: string): number {
  return spanAt(at, zone).from;
}

/** The offset of local time from UTC at an instant, ms. */
export function offsetAt(at: number, zone: string): number {
  return spanAt(at, zone).offset;
}

function spanAt(at: number, zone: string): Span {
  let known = spans.get(zone);
  if (known === undefined) {
    known = [];
    spans.set(zone, known);
  }
  for (let i = 0; i < known.length; i += 1) {
    const span = known[i] as Span;
    if (at < span.from || at >= span.to) continue;
    // Move the span in use to the front: consecutive look-ups are mostly about the same season.
    if (i > 0) {
      known[i] = known[0] as Span;
      known[0] = span;
    }
    return span;
  }
  const span = lookUp(at, zone);
  known.unshift(span);
  return span;
}

function lookUp(at: number, zone: string): Span {
  const local = Temporal.Instant.fromEpochMilliseconds(at).toZonedDateTimeISO(zone);
  // "previous" means strictly before, and a change at exactly this instant begins its span.
  const previous = local.add({ milliseconds: 1 }).getTimeZoneTransition('previous');
  const next = local.getTimeZoneTransition('next');
  return {
    from: previous?.epochMilliseconds ?? Number.NEGATIVE_INFINITY,
    to: next?.epochMilliseconds ?? Number.POSITIVE_INFINITY,
    offset: local.offsetNanoseconds / 1e6,
  };
}

/**
 * The instant of a local time, which is given as if it were UTC. Null where clocks change within a day of it. Elsewhere the
 * local time comes exactly once, and simple arithmetic is right.
 */
function steadyInstant(local: number, zone: string): number | null {
  const { from, to, offset } = spanAt(local, zone);
  const at = local - offset;
  return from + DAY <= at && at + DAY <= to ? at : null;
}

function plainDate(day: number): Temporal.PlainDate {
  return new Temporal.PlainDate(1970, 1, 1).add({ days: day });
}

function modulo(value: number, divisor: number): number {
  return ((value % divisor) + divisor) % divisor;
}
