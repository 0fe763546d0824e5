import { expect, test } from 'vitest';
import type { Query } from '../../../src/model/series.ts';
import type { Window } from '../../../src/model/window.ts';
import { comingWindows } from '../../../src/sums/live/prefetch-edges.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const AT = Date.parse('2026-03-10T10:07:00Z');
const MIDNIGHT = Date.parse('2026-03-10T00:00:00Z');

function asking(...windows: Window[]): Query[] {
  return [{ measures: ['calls'], where: {}, groupBy: [], windows }];
}

function coming(now: Window, before: Window): Window | undefined {
  return comingWindows(asking(now), asking(before))[0]?.windows[0];
}

test('a rolling window moves on by what lay between the last two polls', () => {
  expect(coming({ from: AT - HOUR, to: AT }, { from: AT - HOUR - 5 * MINUTE, to: AT - 5 * MINUTE })).toEqual({
    from: AT - HOUR + 5 * MINUTE,
    to: AT + 5 * MINUTE,
  });
});

test('a window of the calendar keeps its beginning, and is left out where it jumped', () => {
  const today = { from: MIDNIGHT, to: AT };
  expect(coming(today, { from: MIDNIGHT, to: AT - MINUTE })).toEqual({ from: MIDNIGHT, to: AT + MINUTE });
  expect(coming(today, { from: MIDNIGHT - 24 * HOUR, to: AT - MINUTE })).toBeUndefined();
});

test('after a first poll the windows are taken to stay', () => {
  const now = { from: AT - HOUR, to: AT };
  expect(comingWindows(asking(now), [])).toEqual(asking(now));
});

test('windows are left out where others were asked, polls are far apart, or the clock went back', () => {
  const now = { from: AT - HOUR, to: AT };
  expect(comingWindows(asking(now), asking(now, now))).toEqual(asking());
  expect(coming(now, { from: AT - 2 * HOUR, to: AT - HOUR })).toBeUndefined();
  expect(coming(now, { from: AT, to: AT + HOUR })).toBeUndefined();
});

test('a window never ends before it begins', () => {
  expect(coming({ from: AT - MINUTE, to: AT }, { from: AT - 3 * MINUTE, to: AT })).toBeUndefined();
});
