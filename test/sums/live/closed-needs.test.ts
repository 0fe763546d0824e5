import { describe, expect, test } from 'vitest';
import type { Query } from '../../../src/model/series.ts';
import { planAggregates } from '../../../src/sums/live/aggregate-plan.ts';
import { type ClosedNeeds, closedNeeds, missingBuckets } from '../../../src/sums/live/closed-needs.ts';
import { type LiveAggregate, openLiveAggregate, setClosed } from '../../../src/sums/live/live-aggregate.ts';
import { DAY, HOUR } from '../../../src/sums/series/grid.ts';

const AT = Date.parse('2026-03-10T10:07:00Z');
const TODAY = Date.parse('2026-03-10T00:00:00Z');

const back = (ms: number, to = AT) => ({ from: to - ms, to });

function asking(windows: Query['windows'], measures: Query['measures'] = ['cost', 'calls']): Query {
  return { measures, where: {}, groupBy: ['user'], windows };
}

/** What queries of one aggregate need, an hour ahead. */
function needsOf(...queries: Query[]): { own: LiveAggregate; needs: ClosedNeeds } {
  const plan = planAggregates(queries);
  const aggregates = new Map(
    [...plan.aggregates].map(([name, aggregate]) => [name, openLiveAggregate(aggregate)]),
  );
  const [[own, needs] = []] = [...closedNeeds(queries, plan, aggregates, AT, HOUR)];
  if (own === undefined || needs === undefined) throw new Error('no aggregate is needed');
  return { own, needs };
}

function missing(...queries: Query[]) {
  const { own, needs } = needsOf(...queries);
  return missingBuckets(own, needs, AT - (AT % HOUR));
}

/** Days before today of which hours are needed. */
function hourlyDays(hours: Iterable<number>): number[] {
  return [...new Set([...hours].map((hour) => (TODAY - Math.floor(hour / DAY) * DAY) / DAY))].sort(
    (a, b) => a - b,
  );
}

describe('the cells that windows need', () => {
  test('are days between the hours at the edges of long windows and those of the last two days', () => {
    const { hours, days } = missing(asking([back(7 * DAY), back(30 * DAY)]));
    expect(hourlyDays(hours)).toEqual([0, 1, 2, 7, 30]);
    // The first of 30 days from 11:00 on, the days of the other edges whole, and today up to 10:00.
    expect(hours.size).toBe(13 + 24 + 2 * 24 + 10);
    expect(days.size).toBe(30 - 5 + 1);
  });

  test('are hours where windows have edges in every day', () => {
    const periods = Array.from({ length: 29 }, (_, k) => back(6 * HOUR, AT - k * DAY));
    expect(missing(asking(periods)).days.size).toBe(0);
    expect(missing(asking([...periods, back(28 * DAY)])).days.size).toBe(0);
  });

  test('are days for a window of the calendar that begins with a day, but its first', () => {
    const { hours, days } = missing(asking([{ from: TODAY - 9 * DAY, to: AT }]));
    expect(hourlyDays(hours)).toEqual([0, 1, 2, 9]);
    expect(days.size).toBe(6);
  });

  test('are hours of a day before a window begins within it', () => {
    const before = needsOf(asking([{ from: TODAY - 20 * DAY - 2 * HOUR, to: AT }])).needs;
    expect(before.isHourly(TODAY - 20 * DAY)).toBe(false);
    const soon = needsOf(asking([{ from: TODAY - 20 * DAY - HOUR + 1, to: AT }])).needs;
    expect(soon.isHourly(TODAY - 20 * DAY)).toBe(true);
    const { hours } = missing(asking([{ from: TODAY - 20 * DAY - HOUR + 1, to: AT }]));
    expect([...hours].filter((hour) => hour < TODAY - 19 * DAY)).toHaveLength(24);
  });

  test('have the measures that some window reaches back for', () => {
    const { needs } = needsOf(asking([back(30 * DAY)]), asking([back(2 * HOUR)], ['failed', 'calls']));
    expect(needs.measuresOf(DAY, TODAY - 20 * DAY)).toEqual(['calls', 'cost']);
    expect(needs.measuresOf(HOUR, TODAY + 8 * HOUR)).toEqual(['calls', 'cost', 'failed']);
    expect(needs.measuresOf(HOUR, TODAY + 7 * HOUR)).toEqual(['calls', 'cost']);
    expect(needs.measuresOf(DAY, TODAY - 31 * DAY)).toEqual([]);
  });

  test('are not missing where a day is there, or can be made of its hours', () => {
    const { own, needs } = needsOf(asking([back(30 * DAY)]));
    const nothing = {
      groups: new Int32Array(0),
      values: new Float64Array(0),
      lacks: [],
    };
    const before = missingBuckets(own, needs, TODAY).days.size;
    setClosed(own, DAY, TODAY - 10 * DAY, nothing);
    for (let hour = 0; hour < 24; hour += 1) setClosed(own, HOUR, TODAY - 12 * DAY + hour * HOUR, nothing);
    setClosed(own, HOUR, TODAY - 14 * DAY, nothing);
    setClosed(own, DAY, TODAY - 16 * DAY, { ...nothing, lacks: [own.measures.indexOf('cost')] });
    const { days } = missingBuckets(own, needs, TODAY);
    expect(days.size).toBe(before - 2);
    expect(days.has(TODAY - 14 * DAY)).toBe(true);
    expect(days.has(TODAY - 16 * DAY)).toBe(true);
  });
});
