import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Query } from '../../../src/model/series.ts';
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
  it('serves rules that group and filter alike with one read, cut at the edges of all their windows', () => {
    const { reads, readOf } = planReads([
      query({ measures: ['cost', 'calls'], windows: [{ from: 5, to: 20 }] }),
      query({ windows: [{ from: 0, to: 10 }] }),
      query({ windows: [{ from: 30, to: 40 }] }),
    ]);
    expect(readOf).toEqual([0, 0, 0]);
    expect(reads).toEqual([
      {
        measures: ['cost', 'calls'],
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
    const { reads, readOf } = planReads([...all, other]);
    expect(reads).toHaveLength(4);
    expect(readOf).toEqual([0, 1, 2, 3]);
  });

  it('has every window of every query between edges and inside the ranges of its read', () => {
    fc.assert(
      fc.property(queriesArbitrary, (queries) => {
        const { reads, readOf } = planReads(queries);
        queries.forEach((one, i) => {
          const read = reads[readOf[i] as number];
          expect(read?.groupBy).toEqual(one.groupBy);
          expect(read?.where).toEqual(one.where);
          expect(read?.measures).toEqual(expect.arrayContaining([...one.measures]));
          for (const { from, to } of one.windows) {
            expect(read?.edges).toEqual(expect.arrayContaining([from, to]));
            if (from < to)
              expect(read?.ranges.some((range) => range.from <= from && to <= range.to)).toBe(true);
          }
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
