// Local days and hours in a zone, change of clocks included.

import { Temporal } from 'temporal-polyfill';

const DAY = 86_400_000;

/** Days since 1970-01-01 of the local calendar date at an instant. */
export function localDay(at: number, zone: string): number {
  return Math.floor((at + offsetAt(at, zone)) / DAY);
}

/** The first instant of a local calendar date; where midnight is skipped, the end of the gap. */
export function dayStart(day: number, zone: string): number {
  return steadyInstant(day * DAY, zone) ?? plainDate(day).toZonedDateTime(zone).epochMilliseconds;
}

/** The instant of the same local time `days` whole days before; a local time that is skipped or comes twice means the later instant. */
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

/** Where the local clock hour of an instant begins; a change of clocks begins one too, so that hours never overlap. */
export function hourStart(at: number, zone: string): number {
  const { offset, from } = spanAt(at, zone);
  return Math.max(from, at - modulo(at + offset, 3_600_000));
}

/** A time in which a zone's offset from UTC (ms) does not change: [from, to), endless on either side where nothing changes. */
interface Span {
  readonly from: number;
  readonly to: number;
  readonly offset: number;
}

/**
 * Spans that were looked up, by zone. Windows are cut hundreds of thousands of times in a backtest and Temporal
 * needs tens of microseconds a look, so each span is asked for once. A zone has a few spans a year: the cache is
 * as small as the history that is looked at.
 */
const spans = new Map<string, Span[]>();

function offsetAt(at: number, zone: string): number {
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
    // The span in use moves to the front: consecutive questions are about the same season.
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
  // "previous" means strictly before, and a change at the very instant begins its span.
  const previous = local.add({ milliseconds: 1 }).getTimeZoneTransition('previous');
  const next = local.getTimeZoneTransition('next');
  return {
    from: previous?.epochMilliseconds ?? Number.NEGATIVE_INFINITY,
    to: next?.epochMilliseconds ?? Number.POSITIVE_INFINITY,
    offset: local.offsetNanoseconds / 1e6,
  };
}

/**
 * The instant of a local time, which is given as if it were UTC. Null where clocks change within a day: elsewhere it comes
 * once, and no arithmetic can be wrong about it.
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
