// Windows and dedupe periods, rolling and calendar.

import { dayStart, daysBefore, hourStart, localDay } from './local-time.ts';

/** A half-open span of time [from, to), instants in ms since the epoch. */
export interface Window {
  readonly from: number;
  readonly to: number;
}

/** How often the same alert is notified: once per calendar period, or once until it no longer holds. */
export type DedupePeriod = 'day' | 'hour' | 'week' | 'month' | 'episode';

/** How a dedupe period is named in the ledger: `day/2026-11-20T00:00:00Z`. */
export type PeriodKey = `${DedupePeriod}/${string}`;

export const CALENDAR_WINDOWS = ['today', 'yesterday', 'this_week', 'this_month'] as const;
const TODAY: WindowSpec = { kind: 'calendar', word: 'today', text: 'today' };
export type CalendarWord = (typeof CALENDAR_WINDOWS)[number];

/** A window as written in alerts.yaml; `text` is how it is shown to people. */
export type WindowSpec =
  | { readonly kind: 'rolling'; readonly ms: number; readonly text: string }
  | { readonly kind: 'calendar'; readonly word: CalendarWord; readonly text: string };

/** Dedupe periods of the calendar. An episode has no fixed period: only the ledger knows its beginning. */
export type CalendarPeriod = Exclude<DedupePeriod, 'episode'>;

/** A window as written in alerts.yaml: a calendar word or a duration above 0; null for anything else. */
export function parseWindow(text: string): WindowSpec | null {
  const word = CALENDAR_WINDOWS.find((candidate) => candidate === text);
  if (word !== undefined) return { kind: 'calendar', word, text };
  const ms = parseDuration(text);
  return ms === null || ms === 0 ? null : { kind: 'rolling', ms, text };
}

/**
 * The window of an instant. A rolling one is [at − w, at). A calendar one is the one that holds the instant just before
 * `at`, so that midnight still belongs to the day that ends: `today` is then that whole day.
 */
export function windowAt(spec: WindowSpec, at: number, zone: string): Window {
  if (spec.kind === 'rolling') return { from: at - spec.ms, to: at };
  const day = localDay(at - 1, zone);
  switch (spec.word) {
    case 'today':
      return { from: dayStart(day, zone), to: at };
    case 'yesterday':
      return { from: dayStart(day - 1, zone), to: dayStart(day, zone) };
    case 'this_week':
      return { from: dayStart(mondayOf(day), zone), to: at };
    case 'this_month':
      return { from: dayStart(firstOfMonth(day), zone), to: at };
  }
}

/** The window of a rule at an evaluation time. */
export function windowOfRule(
  { window, delayMs }: { readonly window: WindowSpec; readonly delayMs: number },
  at: number,
  zone: string,
): Window {
  return windowAt(window, at - delayMs, zone);
}

/** From the first beginning to the last end of some windows, at least one. */
export function hullOf(windows: readonly Window[]): Window {
  return windows.reduce((hull, { from, to }) => ({
    from: Math.min(hull.from, from),
    to: Math.max(hull.to, to),
  }));
}

/** The window at the same local time `days` whole days before `at`: a period of an anomaly's baseline. */
export function windowDaysBefore(spec: WindowSpec, at: number, days: number, zone: string): Window {
  const cut = daysBefore(at, days, zone);
  if (spec.kind === 'rolling') return windowAt(spec, cut, zone);
  // Of a midnight that comes twice, the second lies within its day. The day that ended is meant, because otherwise
  // `yesterday` would overlap with itself.
  const day = localDay(at - 1, zone) - days;
  return windowAt(spec, localDay(cut - 1, zone) === day ? cut : dayStart(day + 1, zone), zone);
}

/** The same window `days` whole local days before. */
export function earlierWindow(spec: WindowSpec, { to }: Window, days: number, zone: string): Window {
  // Seen from its own end, yesterday is a whole `today`.
  const own = spec.kind === 'calendar' && spec.word === 'yesterday' ? TODAY : spec;
  return windowDaysBefore(own, to, days, zone);
}

/** Where the dedupe period of an instant begins. Like a calendar window, it is the period of the instant just before. */
export function periodStart(period: CalendarPeriod, at: number, zone: string): number {
  if (period === 'hour') return hourStart(at - 1, zone);
  const day = localDay(at - 1, zone);
  if (period === 'day') return dayStart(day, zone);
  return dayStart(period === 'week' ? mondayOf(day) : firstOfMonth(day), zone);
}

/** When the period of an instant ends, ms. An instant that ends a period still belongs to it. */
export function periodEnd(period: CalendarPeriod, at: number, zone: string): number {
  if (period === 'hour') return hourEnd(at - 1, zone);
  const day = localDay(at - 1, zone);
  if (period === 'day') return dayStart(day + 1, zone);
  if (period === 'week') return dayStart(mondayOf(day) + 7, zone);
  return dayStart(firstOfMonth(firstOfMonth(day) + 31), zone);
}

/** Where clocks change within an hour, it is shorter or longer; changes are by whole quarters. */
function hourEnd(at: number, zone: string): number {
  let end = hourStart(at, zone);
  do end += UNITS.h / 4;
  while (hourStart(end, zone) !== end);
  return end;
}

/** The ledger's name of an instant's dedupe period: `day/2026-11-20T00:00:00Z`. */
export function periodKey<P extends CalendarPeriod>(period: P, at: number, zone: string): `${P}/${string}` {
  return `${period}/${isoInstant(periodStart(period, at, zone))}`;
}

/** An instant for output: `2026-11-20T02:05:00Z`, with milliseconds only where there are some. */
export function isoInstant(at: number): string {
  return new Date(at).toISOString().replace('.000Z', 'Z');
}

const UNITS = { w: 604_800_000, d: 86_400_000, h: 3_600_000, m: 60_000, s: 1_000 } as const;
const DURATION = /^(?:(\d+)w)?(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?$/;
/** Ten years. Longer durations are typing errors, and instants before them would leave the calendar. */
const LONGEST_MS = 3_660 * UNITS.d;

/** `90s`, `15m`, `1h`, `1h30m`, `24h`, `7d`, `2w` in ms (d = 24 h, w = 7 d); null for anything else or above ten years. */
export function parseDuration(text: string): number | null {
  const match = DURATION.exec(text);
  if (match === null || text === '') return null;
  const ms = Object.values(UNITS).reduce((sum, unit, i) => sum + Number(match[i + 1] ?? 0) * unit, 0);
  return ms <= LONGEST_MS ? ms : null;
}

/** Whether a text has the form of a duration, of any length. `parseDuration` may refuse it only for being too long. */
export function isWrittenDuration(text: string): boolean {
  return text !== '' && DURATION.test(text);
}

export const LONGEST_DURATION = `${LONGEST_MS / UNITS.d}d`;

/** The limits of a positive duration, in words. */
export const DURATION_BOUNDS = `above 0 and at most ${LONGEST_DURATION}`;

/** A duration (ms) as people write it, cut to the second: `1h30m`, `7d`, `0s`. */
export function formatDuration(ms: number): string {
  let rest = Math.floor(ms / 1_000) * 1_000;
  if (rest === 0) return '0s';
  let text = '';
  for (const unit of ['d', 'h', 'm', 's'] as const) {
    const count = Math.floor(rest / UNITS[unit]);
    if (count > 0) text += `${count}${unit}`;
    rest -= count * UNITS[unit];
  }
  return text;
}

/** Day 0, 1970-01-01, was a Thursday. */
function mondayOf(day: number): number {
  return day - ((((day + 3) % 7) + 7) % 7);
}

function firstOfMonth(day: number): number {
  return day - new Date(day * UNITS.d).getUTCDate() + 1;
}
