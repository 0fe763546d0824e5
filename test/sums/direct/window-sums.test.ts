import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Measure } from '../../../src/model/measure.ts';
import { type CellRead, type Query, type Series, seriesOfCells } from '../../../src/model/series.ts';
import { planReads } from '../../../src/sums/direct/plan.ts';
import { groupedCells, seriesOf } from '../../../src/sums/direct/window-sums.ts';
import { groupsIn, sortedGroupsIn } from '../../support/series-cells.ts';
import { answerTo, groupsOf, queriesArbitrary, type Row, rowsArbitrary } from '../random-rows.ts';

/** The answer as plain code sums it, window by window. */
function summedPlainly(query: Query, rows: readonly Row[]): Series {
  const byWindow = query.windows.map((window) => groupsOf(query, rows, window));
  const keys = new Map(byWindow.flat().map(({ key }) => [JSON.stringify(key), key]));
  return seriesOfCells(
    [...keys].map(([id, key]) => ({
      key,
      cells: byWindow.map((groups) => groups.find((group) => JSON.stringify(group.key) === id)?.cell ?? null),
    })),
  );
}

describe('a series', () => {
  it('is what plain sums of the rows give, whatever windows and queries share the read', () => {
    fc.assert(
      fc.property(queriesArbitrary, rowsArbitrary, (queries, rows) => {
        const { reads, readsOf } = planReads(queries);
        queries.forEach((query, i) => {
          const answers = (readsOf[i] ?? []).map((place) => {
            const read = reads[place] as CellRead;
            return { read, cells: answerTo(read, rows) };
          });
          const series = seriesOf(query, groupedCells(answers));
          const plain = summedPlainly(query, rows);
          expect(sortedGroupsIn(series, query)).toEqual(sortedGroupsIn(plain, query));
          series.keys.forEach((_, group) => {
            query.windows.forEach((_, window) => {
              const cell = series.cell(group, window);
              expect(series.has(group, window)).toBe(cell !== null);
              for (const [measure, sum] of Object.entries(cell?.sums ?? {})) {
                expect(series.estimate(group, window, measure as Measure)).toBeCloseTo(Number(sum) / 1e12, 9);
              }
            });
          });
        });
      }),
      { numRuns: 500 },
    );
  });

  const windows = [
    { from: 0, to: 10 },
    { from: 10, to: 20 },
  ];
  const query: Query = { measures: ['calls'], where: {}, groupBy: ['service'], windows };
  const row: Row = { at: 10, service: 'a', user: null, cost: 0n, bucket: 0 };

  it('counts a row at an edge in the window that begins there, and distinguishes no rows from no spend', () => {
    const [read] = planReads([query]).reads;
    if (read === undefined) throw new Error('no read');
    const cells = answerTo({ ...read, measures: ['cost'] }, [row]);
    const series = seriesOf({ ...query, measures: ['cost'] }, groupedCells([{ read, cells }]));
    const [group] = groupsIn(series, query);
    expect(group?.cells).toEqual([null, { sums: { cost: 0n }, sketches: {} }]);
  });

  it('refuses a read that is not cut at the edges of its windows', () => {
    const [read] = planReads([query]).reads;
    if (read === undefined) throw new Error('no read');
    const cells = groupedCells([{ read, cells: [] }]);
    expect(() => seriesOf({ ...query, windows: [{ from: 1, to: 10 }] }, cells)).toThrow(RangeError);
  });
});
