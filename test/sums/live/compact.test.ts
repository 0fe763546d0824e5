import { expect, test } from 'vitest';
import type { ClosedNeeds } from '../../../src/sums/live/closed-needs.ts';
import { compact } from '../../../src/sums/live/compact.ts';
import { closedBucket, openLiveAggregate, setClosed } from '../../../src/sums/live/live-aggregate.ts';
import type { Bucket } from '../../../src/sums/series/buckets.ts';
import { DAY, HOUR, hoursBetween } from '../../../src/sums/series/grid.ts';

const MEASURES = ['calls', 'cost', 'failed'] as const;

function cells(units: number, lacks: readonly number[] = []): Bucket {
  return {
    groups: Int32Array.of(0),
    // Calls, the units and parts of the cost, and failed calls.
    values: Float64Array.of(units, units, 0, units),
    lacks,
  };
}

/** Needs by the day, of everything from the 10th day on. */
function needs(changes: Partial<ClosedNeeds> = {}): ClosedNeeds {
  return {
    name: '',
    spans: [],
    oldest: 10 * DAY,
    isHourly: () => false,
    measuresOf: () => MEASURES,
    ...changes,
  };
}

function aggregate() {
  return openLiveAggregate({ dimensions: [], measures: MEASURES, sketch: null });
}

test('the hours of a day that is over become the day, and its sums are theirs', () => {
  const own = aggregate();
  for (const hour of hoursBetween(12 * DAY, 13 * DAY)) setClosed(own, HOUR, hour, cells(1));
  const changed: string[] = [];
  compact(own, needs(), 13 * DAY, (length, begin) =>
    changed.push(`${length === DAY ? 'day' : 'hour'} ${begin}`),
  );
  expect([...own.hours.keys()]).toEqual([]);
  expect([...(closedBucket(own, DAY, 12 * DAY)?.values ?? [])]).toEqual([24, 24, 0, 24]);
  expect(changed).toHaveLength(25);
});

test('hours stay hours while the day is not over, one is not there, or an edge needs them', () => {
  const own = aggregate();
  for (const hour of hoursBetween(12 * DAY, 15 * DAY)) setClosed(own, HOUR, hour, cells(1));
  own.hours.delete(13 * DAY + 5 * HOUR);
  compact(own, needs({ isHourly: (day) => day === 12 * DAY }), 15 * DAY - HOUR, () => undefined);
  expect(own.days.size).toBe(0);
  expect(own.hours.size).toBe(3 * 24 - 1);
});

test('what is older than all windows is forgotten', () => {
  const own = aggregate();
  setClosed(own, HOUR, 10 * DAY - HOUR, cells(1));
  setClosed(own, DAY, 9 * DAY, cells(1));
  setClosed(own, DAY, 10 * DAY, cells(1));
  compact(own, needs(), 13 * DAY, () => undefined);
  expect([...own.hours.keys(), ...own.days.keys()]).toEqual([10 * DAY]);
});

test('a measure that is not needed any more becomes unknown, and one that was unknown stays so', () => {
  const own = aggregate();
  setClosed(own, DAY, 11 * DAY, cells(1, [1]));
  setClosed(own, DAY, 12 * DAY, cells(1, [2]));
  const changed: number[] = [];
  compact(own, needs({ measuresOf: () => ['calls', 'cost'] }), 13 * DAY, (_, begin) => changed.push(begin));
  expect(own.days.get(11 * DAY)?.lacks).toEqual([1, 2]);
  expect(own.days.get(12 * DAY)?.lacks).toEqual([2]);
  expect(changed).toEqual([11 * DAY]);
});
