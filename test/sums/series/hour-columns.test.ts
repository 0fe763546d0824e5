import { describe, expect, it } from 'vitest';
import { HourColumns } from '../../../src/sums/series/hour-columns.ts';
import { layoutOf } from '../../../src/sums/series/layout.ts';

const HOUR = 3_600_000;
const layout = layoutOf(['cost', 'calls']);
const units = layout.columnOf.get('cost')?.units ?? 0;

/** Hours whose only measure is the cost: by hour, the cost of each group. */
function world(costs: Map<number, number[]>) {
  const rows = (hour: number) => costs.get(hour) ?? null;
  return new HourColumns(
    {
      layout,
      groupCount: () => 2,
      partsOf: rows,
      rowsOf: (hour) => ({
        forEach(take) {
          rows(hour)?.forEach((cost, group) => {
            const values = new Float64Array(layout.width);
            values[units] = cost;
            take(group, values, 0);
          });
        },
      }),
    },
    ['cost'],
  );
}

describe('the sums of single hours', () => {
  it('move along with time, and a group keeps its past while new hours come', () => {
    const costs = new Map([0, 1, 2, 3].map((i) => [i * HOUR, [i, 10 * i]]));
    const hours = world(costs);
    expect(hours.moveTo({ from: 0, to: 3 * HOUR })).toBe(true);
    expect([...hours.of(1, 'cost')]).toEqual([0, 10, 20]);
    const past = hours.past(1);
    expect(hours.moveTo({ from: HOUR, to: 4 * HOUR })).toBe(true);
    expect([...hours.of(1, 'cost')]).toEqual([10, 20, 30]);
    expect(hours.past(1)).toBe(past);
  });

  it('of an hour that changes give that group another past, and no other group', () => {
    const costs = new Map([0, 1].map((i) => [i * HOUR, [5, 7]]));
    const hours = world(costs);
    hours.moveTo({ from: 0, to: 2 * HOUR });
    const [first, second] = [hours.past(0), hours.past(1)];
    costs.set(HOUR, [5, 8]);
    hours.moveTo({ from: 0, to: 2 * HOUR });
    expect([...hours.of(1, 'cost')]).toEqual([7, 8]);
    expect(hours.past(0)).toBe(first);
    expect(hours.past(1)).not.toBe(second);
  });

  it('are not there where an hour is not known', () => {
    const hours = world(new Map([[0, [1, 2]]]));
    expect(hours.moveTo({ from: 0, to: 2 * HOUR })).toBe(false);
  });

  it('go back where the clock was set back', () => {
    const costs = new Map([0, 1, 2, 3].map((i) => [i * HOUR, [i, i]]));
    const hours = world(costs);
    hours.moveTo({ from: 2 * HOUR, to: 4 * HOUR });
    hours.moveTo({ from: 0, to: 2 * HOUR });
    expect([...hours.of(0, 'cost')]).toEqual([0, 1]);
  });
});
