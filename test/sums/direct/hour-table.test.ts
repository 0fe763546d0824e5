import { expect, it } from 'vitest';
import { fixedFromNumber } from '../../../src/model/money.ts';
import type { CellRead, Query } from '../../../src/model/series.ts';
import { HourTable, hourParts, partOfHours } from '../../../src/sums/direct/hour-table.ts';

const HOUR = 3_600_000;
const TO = 1_000 * HOUR;
const query: Query = {
  measures: ['cost', 'cost_squares', 'calls'],
  where: {},
  groupBy: ['service'],
  windows: [{ from: TO - HOUR, to: TO }],
  hours: {
    to: TO,
    counts: [
      { measure: 'cost', count: 100 },
      { measure: 'cost_squares', count: 50 },
    ],
  },
};

it('hours are asked for half a day at a time, each measure as far back as it is wanted', () => {
  const parts = Array.from({ length: hourParts([query]) }, (_, part) => partOfHours(query, part));
  expect(parts.map((part) => part?.windows.length)).toEqual([...Array.from({ length: 8 }, () => 12), 4]);
  expect(parts.map((part) => part?.measures)).toEqual([
    ...Array.from({ length: 5 }, () => ['cost', 'cost_squares']),
    ...Array.from({ length: 4 }, () => ['cost']),
  ]);
  const all = parts.flatMap((part) => part?.windows ?? []).map(({ from }) => (TO - from) / HOUR);
  expect(all).toEqual(Array.from({ length: 100 }, (_, i) => i + 1));
  expect(partOfHours(query, 9)).toBeNull();
  expect(partOfHours({ ...query, windows: [] }, 0)?.windows).toHaveLength(12);
});

it('what is read is put where it belongs, once, and what is beyond a measure is left out', () => {
  const table = new HourTable(query.hours ?? { to: 0, counts: [] });
  const edges = [TO - 60 * HOUR, TO - 59 * HOUR, TO - HOUR, TO];
  const read: CellRead = { ...query, edges, ranges: [] };
  const cell = (cost: number) => ({
    sums: { cost: fixedFromNumber(cost), cost_squares: fixedFromNumber(cost ** 2) },
    sketches: {},
  });
  const cells = [
    { segment: 0, key: ['search'], cell: cell(3) },
    { segment: 2, key: ['search'], cell: cell(5) },
  ];
  // Another query, whose hours end elsewhere, may have asked for hours beyond the part.
  for (let part = 0; part < hourParts([query]); part += 1) table.add(read, cells, part);
  const hours = table.sumsOf([['search'], ['chat']]);
  const placesOf = (values: Float64Array) => [...values.entries()].filter(([, value]) => value !== 0);
  expect(placesOf(hours.of(0, 'cost'))).toEqual([
    [40, 3],
    [99, 5],
  ]);
  expect(placesOf(hours.of(0, 'cost_squares'))).toEqual([[49, 25]]);
  expect(placesOf(hours.of(1, 'cost'))).toEqual([]);
});
