import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Window } from '../../../src/model/window.ts';
import { viewOf } from '../../../src/sums/live/aggregate-view.ts';
import { mergeMinutes, openLiveAggregate } from '../../../src/sums/live/live-aggregate.ts';
import type { MovingWindow } from '../../../src/sums/live/moving-window.ts';
import { takeMinutes, takePartials } from '../../../src/sums/live/take-lines.ts';
import { fixedOf } from '../../../src/sums/series/exact.ts';
import { HOUR, MINUTE, minuteEdges } from '../../../src/sums/series/grid.ts';
import type { Totals } from '../../../src/sums/series/totals.ts';
import { columnsOf } from '../../support/lines.ts';

const HOURS = 4;
const END = HOURS * HOUR;
const USERS = ['ann', 'bob', 'cat', 'dan'];
/** The view leaves one of them out. */
const WHERE = { user: { notIn: ['cat'] } };
const AGGREGATE = { dimensions: ['user'], measures: ['calls', 'cost'] as const, sketch: null };

/** A call's cost in 10^-12 USD, which may be negative. */
interface Call {
  readonly minute: number;
  readonly user: string;
  readonly cost: bigint;
}

const call: fc.Arbitrary<Call> = fc.record({
  minute: fc.nat({ max: HOURS * 60 - 1 }),
  user: fc.constantFrom(...USERS),
  cost: fc.bigInt({ min: -(10n ** 21n), max: 10n ** 21n }),
});
const calls = fc.array(call, { maxLength: 60 });
const edge = fc.nat({ max: HOURS * 60 }).map((minute) => minute * MINUTE);
const steps = fc.array(
  fc.record({
    /** Windows asked of the same two movers, both of which may move anywhere. */
    windows: fc.array(fc.tuple(edge, edge), { minLength: 1, maxLength: 2 }),
    /** What is read anew before: an hour, of it these minutes or all. */
    reading: fc.option(
      fc.record({
        hour: fc.nat({ max: HOURS - 1 }),
        calls,
        minutes: fc.option(fc.array(fc.nat({ max: 59 }))),
      }),
    ),
    /** The hours before it are taken whole from now on. */
    sealed: fc.option(fc.nat({ max: HOURS })),
  }),
  { minLength: 1, maxLength: 12 },
);

function decimal(cost: bigint): string {
  const size = String(cost < 0n ? -cost : cost).padStart(13, '0');
  return `${cost < 0n ? '-' : ''}${size.slice(0, -12)}.${size.slice(-12)}`;
}

function opened(first: readonly Call[]) {
  const own = openLiveAggregate(AGGREGATE);
  let all: readonly Call[] = first;
  const take = (hour: number, isKept: (minute: number) => boolean): void => {
    const within = all.filter(({ minute }) => Math.floor(minute / 60) === hour);
    const columns = columnsOf(
      ['user'],
      ['calls', 'cost'],
      within.map(({ minute, user, cost }) => ({ segment: minute, key: [user], sums: ['1', decimal(cost)] })),
    );
    takeMinutes([own], columns, minuteEdges(0, END), [hour * HOUR], (at) => isKept(at / MINUTE));
  };
  for (let hour = 0; hour < HOURS; hour += 1) take(hour, () => false);
  return {
    own,
    view: viewOf(own, ['user'], WHERE, AGGREGATE.measures),
    read(hour: number, newer: readonly Call[], minutes: readonly number[] | null): void {
      const isKept = (minute: number): boolean =>
        Math.floor(minute / 60) !== hour || minutes?.includes(minute % 60) === false;
      const within = newer.filter(({ minute }) => Math.floor(minute / 60) === hour && !isKept(minute));
      all = [...all.filter(({ minute }) => isKept(minute)), ...within];
      take(hour, isKept);
      // A whole hour is made of what is known of it, whatever was there before.
      if (own.hours.has(hour * HOUR)) mergeMinutes(own, hour * HOUR);
    },
    sum({ from, to }: Window): string[] {
      const within = all.filter(
        ({ minute, user }) => user !== 'cat' && minute * MINUTE >= from && minute * MINUTE < to,
      );
      const users = [...new Set(within.map(({ user }) => user))].sort();
      return users.map((user) => {
        const theirs = within.filter((one) => one.user === user);
        return `${user} ${theirs.length} ${theirs.reduce((sum, { cost }) => sum + cost, 0n)}`;
      });
    },
  };
}

/** The groups with calls. */
function told(keys: readonly (readonly (string | null)[])[], { values }: Totals): string[] {
  const lines = keys.flatMap((key, group) => {
    const [calls = 0, units = 0, parts = 0] = values.subarray(group * 3, group * 3 + 3);
    const cost = fixedOf(units, parts);
    if (calls === 0) expect(cost).toBe(0n);
    return calls === 0 ? [] : [`${key[0]} ${calls} ${cost}`];
  });
  return lines.sort();
}

it('sums that move along are those of the window, wherever it goes and whatever is read anew, to the last digit', () => {
  fc.assert(
    fc.property(calls, steps, (first, refreshes) => {
      const { own, view, read, sum } = opened(first);
      const movers: MovingWindow[] = [];
      for (const { windows, reading, sealed } of refreshes) {
        own.refreshes += 1;
        if (reading !== null) read(reading.hour, reading.calls, reading.minutes);
        if (sealed !== null) for (let hour = 0; hour < sealed; hour += 1) mergeMinutes(own, hour * HOUR);
        for (const [i, ends] of windows.entries()) {
          const window = { from: Math.min(...ends), to: Math.max(...ends) };
          movers[i] = movers[i]?.isFree(window) === true ? movers[i] : view.open(window);
          const totals = movers[i].totals(window, END);
          expect(totals === null ? null : told(view.groups, totals)).toEqual(sum(window));
        }
      }
    }),
    { numRuns: 1_000 },
  );
});

it('who asks for the same window shares it, until one of them moves on', () => {
  const { own, view } = opened([{ minute: 1, user: 'ann', cost: 1n }]);
  own.refreshes += 1;
  const hour = { from: 0, to: HOUR };
  const mover = view.open(hour);
  expect(view.open({ ...hour })).toBe(mover);
  const totals = mover.totals(hour, END);
  expect(mover.totals({ ...hour }, END)).toBe(totals);
  expect(mover.isFree({ from: 0, to: 2 * HOUR })).toBe(false);
  own.refreshes += 1;
  expect(mover.isFree({ from: 0, to: 2 * HOUR })).toBe(true);
});

it('sums are not known for as long as the window holds buckets without one of their measures', () => {
  const { own, view } = opened([{ minute: 61, user: 'ann', cost: 1n }]);
  const detail = own.minutes.get(HOUR);
  if (detail === undefined) throw new Error('the hour was not read');
  const lacks = [AGGREGATE.measures.indexOf('cost')];
  own.minutes.set(HOUR, { lacks, minutes: detail.minutes.map((minute) => ({ ...minute, lacks })) });
  const window = { from: 0, to: END };
  const [both, count] = [view.open(window), viewOf(own, ['user'], WHERE, ['calls']).open(window)];
  const isKnown = (mover: MovingWindow, from: number, to: number): boolean => {
    own.refreshes += 1;
    return mover.totals({ from: from * MINUTE, to: to * MINUTE }, END) !== null;
  };
  expect(isKnown(both, 0, 59)).toBe(true);
  expect(isKnown(both, 1, 62)).toBe(false);
  expect(isKnown(count, 1, 62)).toBe(true);
  expect(isKnown(both, 2, 63)).toBe(false);
  expect(isKnown(both, 3, 60)).toBe(true);
  expect(isKnown(both, 125, 150)).toBe(true);
  // As a whole hour, too.
  mergeMinutes(own, 0);
  mergeMinutes(own, HOUR);
  expect(isKnown(both, 0, 120)).toBe(false);
  expect(isKnown(count, 0, 120)).toBe(true);
});

it('parts of minutes are taken as they are read for a refresh', () => {
  const { own, view } = opened([
    { minute: 0, user: 'ann', cost: 1n },
    { minute: 1, user: 'ann', cost: 2n },
    { minute: 2, user: 'bob', cost: 4n },
  ]);
  let mover: MovingWindow | null = null;
  for (const [begin, calls] of [
    [20_000, 1],
    [40_000, 0],
    [50_000, 1],
  ] as const) {
    own.refreshes += 1;
    own.partials.clear();
    const lines = calls === 0 ? [] : [{ segment: 0, key: ['ann'], sums: ['1', decimal(1n)] }];
    const partial = { from: begin, to: MINUTE };
    takePartials([own], columnsOf(['user'], ['calls', 'cost'], lines), [begin, MINUTE], () => [partial]);
    mover ??= view.open({ from: begin, to: 3 * MINUTE });
    const totals = mover.totals({ from: begin, to: 3 * MINUTE }, END);
    expect(totals === null ? null : told(view.groups, totals)).toEqual([
      `ann ${1 + calls} ${2 + calls}`,
      'bob 1 4',
    ]);
  }
  own.refreshes += 1;
  own.partials.clear();
  expect(mover?.totals({ from: 55_000, to: 3 * MINUTE }, END)).toBeNull();
});
