import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CellRead, Query } from '../../../src/model/series.ts';
import type { Window } from '../../../src/model/window.ts';
import { planReads, unionOf } from '../../../src/sums/direct/plan.ts';
import { queriesArbitrary, windowsArbitrary } from '../random-rows.ts';

const query = (changes: Partial<Query> = {}): Query => ({
  measures: ['calls'],
  where: {},
  groupBy: ['service'],
  windows: [{ from: 0, to: 10 }],
  ...changes,
});

describe('a plan', () => {
  it('reads each row once for rules that group and filter alike, cut at the edges of their windows', () => {
    const { reads, readsOf } = planReads([
      query({ windows: [{ from: 5, to: 20 }] }),
      query({ windows: [{ from: 0, to: 10 }] }),
      query({ windows: [{ from: 30, to: 40 }] }),
    ]);
    expect(readsOf).toEqual([[0], [0], [0]]);
    expect(reads).toEqual([
      {
        measures: ['calls'],
        where: {},
        groupBy: ['service'],
        edges: [0, 5, 10, 20, 30, 40],
        ranges: [
          { from: 0, to: 20 },
          { from: 30, to: 40 },
        ],
      },
    ]);
  });

  it('reads no measure of a time in which no window wants it', () => {
    const { reads, readsOf } = planReads([
      query({ windows: [{ from: 0, to: 100 }] }),
      query({ measures: ['cost', 'calls'], windows: [{ from: 60, to: 70 }] }),
      query({ measures: ['failed', 'calls'], windows: [{ from: 90, to: 100 }] }),
    ]);
    expect(reads.map(({ measures, edges, ranges }) => ({ measures, edges, ranges }))).toEqual([
      {
        measures: ['calls'],
        edges: [0, 60, 70, 90],
        ranges: [
          { from: 0, to: 60 },
          { from: 70, to: 90 },
        ],
      },
      { measures: ['calls', 'cost'], edges: [60, 70], ranges: [{ from: 60, to: 70 }] },
      { measures: ['calls', 'failed'], edges: [90, 100], ranges: [{ from: 90, to: 100 }] },
    ]);
    expect(readsOf).toEqual([[0, 1, 2], [1], [2]]);
  });

  it('takes a filter for the same in whatever order its dimensions stand', () => {
    const [a, b] = [{ in: ['a'] }, { notIn: [null] }];
    const { reads } = planReads([
      query({ where: { model: a, user: b } }),
      query({ where: { user: b, model: a } }),
    ]);
    expect(reads).toHaveLength(1);
  });

  it.each([
    ['groups', query({ groupBy: ['model'] })],
    ['order of the groups', query({ groupBy: ['service', 'model'] })],
    ['filter', query({ where: { service: { in: ['a'] } } })],
    ['sense of the filter', query({ where: { service: { notIn: ['a'] } } })],
    ['NULL in the filter', query({ where: { service: { in: [null] } } })],
    ['sketches', query({ measures: ['latency_sketch', 'calls'] })],
  ])('reads apart what differs in its %s', (_, other) => {
    const all = [
      query(),
      query({ groupBy: ['model', 'service'] }),
      query({ where: { service: { in: ['null'] } } }),
    ];
    const { reads, readsOf } = planReads([...all, other]);
    expect(reads).toHaveLength(4);
    expect(readsOf).toEqual([[0], [1], [2], [3]]);
  });

  it('has every window of every query between edges and inside the ranges of its reads', () => {
    fc.assert(
      fc.property(queriesArbitrary, (queries) => {
        const { reads, readsOf } = planReads(queries);
        queries.forEach((one, i) => {
          const own = readsOf[i]?.map((place) => reads[place] as CellRead) ?? [];
          for (const read of own) {
            expect(read.groupBy).toEqual(one.groupBy);
            expect(read.where).toEqual(one.where);
            expect(read.measures).toEqual(expect.arrayContaining([...one.measures]));
          }
          const edges = own.flatMap((read) => read.edges);
          const union = unionOf(own.flatMap(({ ranges }) => ranges));
          for (const { from, to } of one.windows) {
            if (from >= to) continue;
            expect(edges).toEqual(expect.arrayContaining([from, to]));
            expect(union.some((range) => range.from <= from && to <= range.to)).toBe(true);
          }
          const total = (spans: readonly Window[]) => spans.reduce((sum, { from, to }) => sum + to - from, 0);
          expect(total(union)).toBe(total(own.flatMap(({ ranges }) => ranges)));
        });
        for (const { edges, ranges } of reads) {
          expect(edges).toEqual([...new Set(edges)].sort((a, b) => a - b));
          expect(edges).toEqual(expect.arrayContaining(ranges.flatMap(({ from, to }) => [from, to])));
        }
      }),
    );
  });
});

describe('a union of windows', () => {
  it('holds exactly the instants that any of them holds, without overlaps, ascending and apart', () => {
    fc.assert(
      fc.property(windowsArbitrary, (windows) => {
        const union = unionOf(windows);
        const holds = (spans: typeof windows, at: number) =>
          spans.some(({ from, to }) => from <= at && at < to);
        for (let at = -1; at <= 21; at += 1) expect(holds(union, at)).toBe(holds(windows, at));
        union.forEach(({ from, to }, i) => {
          expect(from).toBeLessThan(to);
          expect(from).toBeGreaterThan(union[i - 1]?.to ?? Number.NEGATIVE_INFINITY);
        });
      }),
    );
  });
});
