// Windows and dedupe periods, rolling and calendar.

import { type JudgedAsOf, judgedAsOf } from './judged-as-of.ts';
import { dayStart, daysBefore, hourStart, localDay } from './local-time.ts';

/** A half-open span of time [from, to), instants in ms since the epoch. */
export interface Window {
  readonly from: number;
  readonly to: number;
}

/** How often the same alert is notified: once per calendar period, once per period of its window, or once until it no longer holds. */
export type DedupePeriod = 'day' | 'hour' | 'week' | 'month' | 'window' | 'episode';

/** How a dedupe period is named in the ledger: `day/2026-11-20T00:00:00Z`. */
export type PeriodKey = `${DedupePeriod}/${string}`;

/** The words that `window` takes. */
export const CALENDAR_WINDOWS = ['today', 'yesterday', 'this_week', 'this_month'] as const;
export type CalendarWord = (typeof CALENDAR_WINDOWS)[number] | 'this_quarter' | 'this_year';

/** A window as written in alerts.yaml; `text` is how it is shown to people. */
export type WindowSpec = RollingWindow | CalendarWindow;

export interface RollingWindow {
  readonly kind: 'rolling';
  readonly ms: number;
  readonly text: string;
}

/** What a `window` can say; the period of a budget can be another one. */
export type WrittenWindow =
  | RollingWindow
  | (CalendarWindow & { readonly word: (typeof CALENDAR_WINDOWS)[number]; readonly starts?: never });

export interface CalendarWindow {
  readonly kind: 'calendar';
  readonly word: CalendarWord;
  /** The day of the month on which months, quarters and years begin, 1 to 28; absent for the first. */
  readonly starts?: number;
  readonly text: string;
}

/** A dedupe period that is the same for all rules. */
export type CalendarPeriod = Exclude<DedupePeriod, 'window' | 'episode'>;

/** A window as written in alerts.yaml: a calendar word or a duration above 0; null for anything else. */
export function parseWindow(text: string): WrittenWindow | null {
  const word = CALENDAR_WINDOWS.find((candidate) => candidate === text);
  if (word !== undefined) return { kind: 'calendar', word, text };
  const ms = parseDuration(text);
  return ms === null || ms === 0 ? null : { kind: 'rolling', ms, text };
}

/** Whether a `window` could say it. */
export function isWritten(spec: WindowSpec): spec is WrittenWindow {
  return (
    spec.kind === 'rolling' ||
    (spec.starts === undefined && CALENDAR_WINDOWS.some((word) => word === spec.word))
  );
}

/**
 * The window of an instant. A rolling one is [at − w, at). A calendar one is the one that holds the instant just before
 * `at`, so that midnight still belongs to the day that ends: `today` is then that whole day.
 */
export function windowAt(spec: WindowSpec, at: number, zone: string): Window {
  if (spec.kind === 'rolling') return { from: at - spec.ms, to: at };
  const [first, next] = daysOf(spec, localDay(at - 1, zone));
  return { from: dayStart(first, zone), to: spec.word === 'yesterday' ? dayStart(next, zone) : at };
}

/** The whole days, weeks, months or years to which a calendar window of an instant belongs, up to their end. */
export function wholePeriod(spec: Omit<CalendarWindow, 'kind' | 'text'>, at: number, zone: string): Window {
  const [first, next] = daysOf(spec, localDay(at - 1, zone));
  return { from: dayStart(first, zone), to: dayStart(next, zone) };
}

/** The window of a rule at an evaluation time. */
export function windowOfRule(
  rule: JudgedAsOf & { readonly window: WindowSpec },
  at: number,
  zone: string,
): Window {
  return windowAt(rule.window, judgedAsOf(rule, at), zone);
}

/** From the first beginning to the last end of some windows, at least one. */
export function hullOf(windows: readonly Window[]): Window {
  return windows.reduce((hull, { from, to }) => ({
    from: Math.min(hull.from, from),
    to: Math.max(hull.to, to),
  }));
}

/** Each window once. */
export function distinctWindows(windows: readonly Window[]): Window[] {
  return [...new Map(windows.map((window) => [`${window.from}/${window.to}`, window])).values()];
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

const TODAY: WindowSpec = { kind: 'calendar', word: 'today', text: 'today' };

/** Where the dedupe period of an instant begins. Like a calendar window, it is the period of the instant just before. */
export function periodStart(period: CalendarPeriod, at: number, zone: string): number {
  return period === 'hour' ? hourStart(at - 1, zone) : wholePeriod({ word: WORDS[period] }, at, zone).from;
}

/** When the period of an instant ends, ms. An instant that ends a period still belongs to it. */
export function periodEnd(period: CalendarPeriod, at: number, zone: string): number {
  return period === 'hour' ? hourEnd(at - 1, zone) : wholePeriod({ word: WORDS[period] }, at, zone).to;
}

const WORDS = { day: 'today', week: 'this_week', month: 'this_month' } as const;

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

/** What decides how often a rule's alerts are notified. */
interface Deduped extends JudgedAsOf {
  readonly dedupe: DedupePeriod;
  readonly window: WindowSpec;
}

/** The dedupe period of an instant for a rule's alerts; null with `episode`, whose beginning only the ledger knows. */
export function dedupeKey(rule: Deduped, at: number, zone: string): PeriodKey | null {
  if (rule.dedupe === 'episode') return null;
  if (rule.dedupe !== 'window') return periodKey(rule.dedupe, at, zone);
  return `window/${isoInstant(windowOfRule(rule, at, zone).from)}`;
}

/** When the dedupe period of an instant ends, ms; with `episode` a day later, as nobody can know. */
export function dedupeEnd(rule: Deduped, at: number, zone: string): number {
  const { dedupe, window, delayMs } = rule;
  if (dedupe !== 'window' && dedupe !== 'episode') return periodEnd(dedupe, at, zone);
  if (dedupe === 'episode' || window.kind === 'rolling') return at + UNITS.d;
  return wholePeriod(window, judgedAsOf(rule, at), zone).to + delayMs;
}

/** The dedupe period in which alerts go out together: groups that have limits of their own share it, and so do episodes. */
export function periodTogether(period: string): string {
  const [kind = '', from = ''] = period.split('/');
  return kind === 'episode' ? kind : `${kind}/${from}`;
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

/** The first day of the period that holds a day, and the first one after it. */
function daysOf(
  { word, starts = 1 }: Pick<CalendarWindow, 'word' | 'starts'>,
  day: number,
): [first: number, next: number] {
  switch (word) {
    case 'today':
      return [day, day + 1];
    case 'yesterday':
      return [day - 1, day];
    case 'this_week':
      return [mondayOf(day), mondayOf(day) + 7];
    case 'this_month':
      return monthsOf(day, 1, starts);
    case 'this_quarter':
      return monthsOf(day, 3, starts);
    case 'this_year':
      return monthsOf(day, 12, starts);
  }
}

/** Months, counted from January, that begin on the day `starts` of the month. */
function monthsOf(day: number, months: number, starts: number): [first: number, next: number] {
  const date = new Date((day - starts + 1) * UNITS.d);
  const month = date.getUTCMonth();
  const beginning = (of: number): number => Date.UTC(date.getUTCFullYear(), of, starts) / UNITS.d;
  const first = month - (month % months);
  return [beginning(first), beginning(first + months)];
}
