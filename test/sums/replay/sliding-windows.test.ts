import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CallColumns } from '../../../src/model/call-columns.ts';
import { ONE } from '../../../src/model/money.ts';
import type { Query, Series } from '../../../src/model/series.ts';
import type { Window } from '../../../src/model/window.ts';
import { openSlidingWindows, type SlidingWindows } from '../../../src/sums/replay/sliding-windows.ts';
import { openStepGrid } from '../../../src/sums/replay/step-grid.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const START = Date.parse('2026-03-01T00:00:00Z');
const GRID = openStepGrid(START, MINUTE, []);

/** A call a minute, for so long that parts must be carried many times over. */
const MINUTES = 20_000;
const costs = Array.from(
  { length: MINUTES },
  (_, i) => (i % 1_000 < 960 ? 1n : -1n) * (ONE - BigInt(1 + (i % 9))),
);

/** One user after the other has a call, of more and more of them: of many, few have one in a step. */
function userOf(minute: number, users: number): number {
  return minute % Math.min(users, 1 + Math.floor(minute / 1_500));
}

function columnsOf(from: number, to: number, users = 1): CallColumns {
  const own = costs.slice(from, to);
  const values = Array.from({ length: users }, (_, user) => `user ${user}`);
  return {
    length: own.length,
    segments: Int32Array.from(own, (_, i) => i),
    dimensions: new Map([
      ['user', { values, places: Int32Array.from(own, (_, i) => userOf(from + i, users)) }],
    ]),
    sums: new Map([
      ['calls', { units: Float64Array.from(own, () => 1), parts: null }],
      [
        'cost',
        {
          units: Float64Array.from(own, (cost) => Number(cost / ONE)),
          parts: Float64Array.from(own, (cost) => Number(cost % ONE)),
        },
      ],
    ]),
    bins: new Map(),
  };
}

function queryOf(...windows: Window[]): Query {
  return { measures: ['cost', 'calls'], where: {}, groupBy: [], windows };
}

function queryByUser(...windows: Window[]): Query {
  return { ...queryOf(...windows), groupBy: ['user'] };
}

/** Takes minutes [from, to) in stretches of some length. */
function takeAll(slide: SlidingWindows, to: number, length: number, users = 1): void {
  for (let from = 0; from < to; from += length) {
    const end = Math.min(to, from + length);
    slide.take(slide.wanted(minutes(from, end), false), columnsOf(from, end, users));
  }
}

function windowOf(from: number, to: number): Window {
  return { from: START + from * MINUTE, to: START + to * MINUTE };
}

const exactly = (from: number, to: number): bigint | undefined =>
  from >= to ? undefined : costs.slice(from, to).reduce((sum, cost) => sum + cost, 0n);

/** By user, what each of them with a call had. */
function exactlyByUser(from: number, to: number, users: number): Record<string, bigint> {
  const sums: Record<string, bigint> = {};
  for (let i = from; i < to; i += 1) {
    const user = `user ${userOf(i, users)}`;
    sums[user] = (sums[user] ?? 0n) + (costs[i] as bigint);
  }
  return sums;
}

function sumsIn(series: Series | null | undefined, window: number): Record<string, bigint> {
  const sums = (series?.keys ?? []).map(([user], group) => [user, series?.cell(group, window)?.sums.cost]);
  return Object.fromEntries(sums.filter(([, sum]) => sum !== undefined));
}

describe('sliding sums', () => {
  it('are exact to the last digit after any number of steps, forward and an hour back, of few and of many groups', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 9_000 }),
        fc.constantFrom(3, 977, 5_000, MINUTES),
        fc.constantFrom(1, 2, 7, 14),
        fc.array(fc.integer({ min: -60, max: 2_500 }), { minLength: 2, maxLength: 12 }),
        (length, stretch, users, moves) => {
          const slide = openSlidingWindows([[queryByUser(windowOf(0, length), windowOf(0, 1))]], GRID);
          takeAll(slide, MINUTES, stretch, users);
          let at = length;
          for (const move of [0, ...moves]) {
            at = Math.max(length, Math.min(MINUTES, at + move));
            const asked = queryByUser(windowOf(at - length, at), windowOf(at - 1, at));
            const [series] = slide.answer(0, [asked]);
            const exact = exactlyByUser(at - length, at, users);
            expect(sumsIn(series, 0)).toEqual(exact);
            expect(sumsIn(series, 1)).toEqual(exactlyByUser(at - 1, at, users));
            const together = series?.estimates?.(0, ['cost', 'calls']) ?? [];
            for (const [group, [user]] of (series?.keys ?? []).entries()) {
              const cost = Number(exact[String(user)]) / Number(ONE);
              const calls = Number(series?.cell(group, 0)?.sums.calls) / Number(ONE);
              expect(series?.estimate(group, 0, 'cost')).toBeCloseTo(cost, 6);
              expect(together[group]).toBeCloseTo(cost + calls, 6);
            }
            slide.forget();
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  it.each([1n, -1n])('are exact where thousands of calls fall into one step (%s)', (sign) => {
    const calls = 30_000;
    const slide = openSlidingWindows([[queryOf(windowOf(0, 1))]], GRID);
    slide.take(slide.wanted(minutes(0, 1), false), {
      length: calls,
      segments: new Int32Array(calls),
      dimensions: new Map(),
      sums: new Map([
        ['calls', { units: new Float64Array(calls).fill(1), parts: null }],
        [
          'cost',
          {
            units: new Float64Array(calls),
            parts: new Float64Array(calls).fill(Number(sign * (ONE - 1n))),
          },
        ],
      ]),
      bins: new Map(),
    });
    const [series] = slide.answer(0, [queryOf(windowOf(0, 1))]);
    expect(series?.cell(0, 0)?.sums.cost).toBe(sign * BigInt(calls) * (ONE - 1n));
  });

  it('share an edge where two windows meet, and separate again', () => {
    const asked = [[queryOf(windowOf(0, 10))], [queryOf(windowOf(0, 100))], [queryOf(windowOf(0, 100))]];
    const slide = openSlidingWindows(asked, GRID);
    takeAll(slide, 1_000, 300);
    for (const at of [100, 130, 200, 900]) {
      const windows = [windowOf(at - 10, at), windowOf(Math.floor(at / 130) * 120, at), windowOf(90, at)];
      const sums = windows.map((window, i) => slide.answer(i, [queryOf(window)])[0]?.cell(0, 0)?.sums.cost);
      expect(sums).toEqual(
        windows.map(({ from, to }) => exactly((from - START) / MINUTE, (to - START) / MINUTE)),
      );
      slide.forget();
    }
  });

  it('keep an end where it is while others move on to where it was, and from where it is', () => {
    const rowOf = (at: number) =>
      queryByUser(windowOf(at - 30, at - 20), windowOf(at - 20, at - 10), windowOf(at - 10, at));
    const slide = openSlidingWindows([[rowOf(30)], [rowOf(30)]], GRID);
    takeAll(slide, MINUTES, 300, 7);
    for (let at = 30; at < MINUTES; at += 10) {
      const both = [0, 1].map((asker) => slide.answer(asker, [rowOf(at)])[0]);
      for (const series of both) {
        for (const [window, from] of [at - 30, at - 20, at - 10].entries()) {
          expect(sumsIn(series, window)).toEqual(exactlyByUser(from, from + 10, 7));
        }
      }
    }
  });

  it('hold no more than what lies in windows, and little behind them', () => {
    const asked = [queryOf(windowOf(0, 60))];
    const slide = openSlidingWindows([asked, asked], GRID);
    takeAll(slide, MINUTES, 500);
    const before = slide.size();
    for (const asker of [0, 1]) slide.answer(asker, asked);
    slide.forget();
    // The other is left out from there on.
    slide.answer(0, [queryOf(windowOf(MINUTES - 60, MINUTES))]);
    slide.forget();
    expect(slide.size()).toBeLessThan(before / 8);
    // An hour back is still there, a week is not.
    const back = slide.answer(0, [queryOf(windowOf(MINUTES - 120, MINUTES - 60))]);
    expect(back[0]?.cell(0, 0)?.sums.cost).toBe(exactly(MINUTES - 120, MINUTES - 60));
    expect(slide.answer(0, [queryOf(windowOf(60, 120))])).toEqual([null]);
  });

  it('store the totals of all groups no more often than the calls between are worth', () => {
    const sizeOf = (stretch: number): number => {
      const slide = openSlidingWindows([[queryByUser(windowOf(0, 60))]], GRID);
      takeAll(slide, MINUTES, stretch, 14);
      return slide.size();
    };
    expect(sizeOf(3)).toBeLessThan(2 * sizeOf(977));
  });

  it('do not answer windows that end between two steps, or later than the calls added', () => {
    const slide = openSlidingWindows([[queryOf(windowOf(0, 60))]], GRID);
    takeAll(slide, 600, 600);
    expect(slide.answer(0, [queryOf({ from: START, to: START + HOUR + 1 })])).toEqual([null]);
    expect(slide.answer(0, [queryOf(windowOf(550, 610))])).toEqual([null]);
    expect(slide.answer(0, [queryOf(windowOf(560, 600))])[0]?.keys).toEqual([[]]);
  });

  it('have no group in a window without time, or without calls', () => {
    const slide = openSlidingWindows([[queryOf(windowOf(0, 60))]], GRID);
    slide.take(slide.wanted(minutes(0, 120), false), columnsOf(0, 30));
    expect(slide.answer(0, [queryOf(windowOf(20, 20))])[0]?.keys).toEqual([]);
    expect(slide.answer(0, [queryOf(windowOf(21, 20))])[0]?.keys).toEqual([]);
    expect(slide.answer(0, [queryOf(windowOf(30, 90))])[0]?.keys).toEqual([]);
  });
});

function minutes(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, i) => START + (from + i) * MINUTE);
}
