// The windows whose values make the picture of an alert.

import { daysBefore } from '../model/local-time.ts';
import { type Rule, windowOf } from '../model/rule.ts';
import { type Window, type WindowSpec, windowAt } from '../model/window.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
/** A picture of a rule on `yesterday` has a point a day. */
const DAYS_SHOWN = 28;
const MOST_DAYS = 140;

/** An instant of a picture, and the window that ends there. */
export interface ChartWindow {
  readonly at: number;
  readonly window: Window;
}

/**
 * The instants of the picture of a window that fires, ascending, up to its end. Each shows the rule's own window as of then,
 * so that its value can be compared with the limit. About 140 instants, over a day for short windows and weeks for long
 * ones; a week or month that is under way is shown from its beginning, because no more of it may be kept.
 */
export function chartWindows(rule: Rule, fired: Window, zone: string): ChartWindow[] {
  const window = windowOf(rule, fired);
  const { to } = fired;
  return instantsOf(window, fired, zone).map((at) => ({
    at,
    window: at === to ? fired : windowAt(window, at, zone),
  }));
}

function instantsOf(spec: WindowSpec, { from, to }: Window, zone: string): number[] {
  if (spec.kind === 'rolling') {
    const { span, step } = spanOf(spec.ms);
    return backFrom(to, span, step);
  }
  switch (spec.word) {
    case 'yesterday':
      return Array.from({ length: DAYS_SHOWN }, (_, i) => daysBefore(to, DAYS_SHOWN - 1 - i, zone));
    case 'today':
      return backFrom(to, 2 * DAY, 20 * MINUTE);
    case 'this_week':
      return backFrom(to, to - from, HOUR);
    case 'this_month':
    case 'this_quarter':
    case 'this_year':
      // Days that are over are kept as days of UTC.
      return [...daysBetween(from, to), to];
  }
}

/** How far back a picture of a rolling window goes, and its step. */
function spanOf(windowMs: number): { span: number; step: number } {
  if (windowMs <= 6 * HOUR) return { span: DAY, step: 10 * MINUTE };
  if (windowMs <= DAY) return { span: 3 * DAY, step: 30 * MINUTE };
  if (windowMs <= 7 * DAY) return { span: 14 * DAY, step: 3 * HOUR };
  return { span: 28 * DAY, step: 6 * HOUR };
}

function backFrom(to: number, span: number, step: number): number[] {
  const count = Math.floor(span / step) + 1;
  return Array.from({ length: count }, (_, i) => to - (count - 1 - i) * step);
}

/** Of a year, every third day: a picture shows no more. */
function daysBetween(from: number, to: number): number[] {
  const first = Math.floor(from / DAY) * DAY + DAY;
  const step = DAY * Math.ceil((to - from) / (MOST_DAYS * DAY));
  return Array.from({ length: Math.max(0, Math.ceil((to - first) / step)) }, (_, i) => first + i * step);
}
