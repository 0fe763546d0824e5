import { describe, expect, it } from 'vitest';
import type { HoursBack } from '../../../src/model/series.ts';
import { HourColumns } from '../../../src/sums/series/hour-columns.ts';
import { layoutOf } from '../../../src/sums/series/layout.ts';

const HOUR = 3_600_000;
const layout = layoutOf(['cost', 'calls']);
const units = layout.columnOf.get('cost')?.units ?? 0;
const calls = layout.columnOf.get('calls')?.units ?? 0;

/** To be counted up when an hour changes. */
let version = 0;

/** Hours whose only measure is the cost: by hour, the cost of each group. */
function world(costs: Map<number, number[]>) {
  const rows = (hour: number) => costs.get(hour) ?? null;
  return new HourColumns({
    layout,
    version: () => version,
    isClosed: () => true,
    groupCount: () => 2,
    partsOf: rows,
    rowsOf: (hour) => ({
      forEach(take) {
        rows(hour)?.forEach((cost, group) => {
          const values = new Float64Array(layout.width);
          values[units] = cost;
          values[calls] = 1;
          take(group, values, 0);
        });
      },
    }),
  });
}

/** The hours [from, to) of the cost. */
const span = (from: number, to: number): HoursBack => ({
  to: to * HOUR,
  counts: [{ measure: 'cost', count: to - from }],
});

describe('the sums of single hours', () => {
  it('move along with time, and a group keeps its past while new hours come', () => {
    const costs = new Map([0, 1, 2, 3].map((i) => [i * HOUR, [i, 10 * i]]));
    const hours = world(costs);
    expect(hours.moveTo(span(0, 3))).toBe(true);
    expect([...hours.of(1, 'cost')]).toEqual([0, 10, 20]);
    const past = hours.past(1);
    expect(hours.moveTo(span(1, 4))).toBe(true);
    expect([...hours.of(1, 'cost')]).toEqual([10, 20, 30]);
    expect(hours.past(1)).toBe(past);
  });

  it('of an hour that changes give that group another past, and no other group', () => {
    const costs = new Map([0, 1].map((i) => [i * HOUR, [5, 7]]));
    const hours = world(costs);
    hours.moveTo(span(0, 2));
    const [first, second] = [hours.past(0), hours.past(1)];
    costs.set(HOUR, [5, 8]);
    version += 1;
    hours.moveTo(span(0, 2));
    expect([...hours.of(1, 'cost')]).toEqual([7, 8]);
    expect(hours.past(0)).toBe(first);
    expect(hours.past(1)).not.toBe(second);
  });

  it('are not there where an hour is not known', () => {
    const hours = world(new Map([[0, [1, 2]]]));
    expect(hours.moveTo(span(0, 2))).toBe(false);
  });

  it('go back where the clock was set back', () => {
    const costs = new Map([0, 1, 2, 3].map((i) => [i * HOUR, [i, i]]));
    const hours = world(costs);
    hours.moveTo(span(2, 4));
    hours.moveTo(span(0, 2));
    expect([...hours.of(0, 'cost')]).toEqual([0, 1]);
  });

  it('may be fewer of one measure than of another', () => {
    const hours = world(new Map([0, 1, 2, 3].map((i) => [i * HOUR, [i, i]])));
    const counts = [
      { measure: 'cost', count: 3 },
      { measure: 'calls', count: 1 },
    ] as const;
    for (const to of [3, 4, 3]) {
      hours.moveTo({ to: to * HOUR, counts });
      expect([...hours.of(0, 'cost')]).toEqual([to - 3, to - 2, to - 1]);
      expect([...hours.of(0, 'calls')]).toEqual([1]);
    }
  });
});
