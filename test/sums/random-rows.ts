import fc from 'fast-check';
import type { Measure } from '../../src/model/measure.ts';
import { fixedFromInteger } from '../../src/model/money.ts';
import type { Cell, CellRead, Condition, GroupKey, Query, SegmentCell } from '../../src/model/series.ts';
import type { Window } from '../../src/model/window.ts';

/** A row of an imagined store: what it costs, and the bucket its latency falls into. */
export interface Row {
  readonly at: number;
  readonly service: string | null;
  readonly user: string | null;
  readonly cost: bigint;
  readonly bucket: number;
}

const SERVICES = ['a', 'b', '(none)', null] as const;
const MEASURES: readonly Measure[] = ['calls', 'cost', 'latency_sketch'];

export const rowsArbitrary: fc.Arbitrary<Row[]> = fc.array(
  fc.record({
    at: fc.integer({ min: -2, max: 22 }),
    service: fc.constantFrom(...SERVICES),
    user: fc.constantFrom('u', null),
    cost: fc.bigInt({ min: -(10n ** 14n), max: 10n ** 20n }),
    bucket: fc.integer({ min: -3, max: 3 }),
  }),
  { maxLength: 40 },
);

const windowArbitrary: fc.Arbitrary<Window> = fc
  .tuple(fc.integer({ min: 0, max: 20 }), fc.integer({ min: 0, max: 20 }))
  .map(([a, b]) => ({ from: Math.min(a, b), to: Math.max(a, b) }));

const conditionArbitrary: fc.Arbitrary<Condition> = fc
  .tuple(fc.boolean(), fc.subarray([...SERVICES]))
  .map(([not, list]) => (not ? { notIn: list } : { in: list }));

export const windowsArbitrary = fc.array(windowArbitrary, { maxLength: 6 });

export const queriesArbitrary: fc.Arbitrary<Query[]> = fc.array(
  fc.record({
    measures: fc.subarray([...MEASURES], { minLength: 1 }),
    where: fc
      .option(conditionArbitrary, { nil: null })
      .map((service) => (service === null ? {} : { service })),
    groupBy: fc.subarray(['service', 'user']),
    windows: fc.array(windowArbitrary, { minLength: 1, maxLength: 5 }),
  }),
  { minLength: 1, maxLength: 5 },
);

/** What a store answers to a read, from the rows themselves. */
export function answerTo(read: CellRead, rows: readonly Row[]): SegmentCell[] {
  return read.edges.flatMap((from, segment) => {
    const to = read.edges[segment + 1];
    const inRange = rows.filter((row) => read.ranges.some((range) => isIn(row, range)));
    return to === undefined
      ? []
      : groupsOf(read, inRange, { from, to }).map(({ key, cell }) => ({ segment, key, cell }));
  });
}

/** The groups of a query in one window, straight from the rows. */
export function groupsOf(
  query: Pick<Query, 'measures' | 'where' | 'groupBy'>,
  rows: readonly Row[],
  window: Window,
): { readonly key: GroupKey; readonly cell: Cell }[] {
  const groups = new Map<string, { key: GroupKey; rows: Row[] }>();
  for (const row of rows) {
    if (!isIn(row, window) || !fits(query, row)) continue;
    const key = query.groupBy.map((name) => row[name as 'service' | 'user']);
    const group = groups.get(JSON.stringify(key)) ?? { key, rows: [] };
    group.rows.push(row);
    groups.set(JSON.stringify(key), group);
  }
  return [...groups.values()].map(({ key, rows: own }) => ({ key, cell: cellOf(query.measures, own) }));
}

function cellOf(measures: readonly Measure[], rows: readonly Row[]): Cell {
  const counts = new Map<number, number>();
  for (const { bucket } of rows) counts.set(bucket, (counts.get(bucket) ?? 0) + 1);
  return {
    sums: {
      ...(measures.includes('calls') && { calls: fixedFromInteger(rows.length) }),
      ...(measures.includes('cost') && { cost: rows.reduce((sum, { cost }) => sum + cost, 0n) }),
    },
    sketches: measures.includes('latency_sketch') ? { latency_sketch: counts } : {},
  };
}

function fits({ where }: Pick<Query, 'where'>, row: Row): boolean {
  const condition = where.service;
  if (condition === undefined) return true;
  return 'in' in condition ? condition.in.includes(row.service) : !condition.notIn.includes(row.service);
}

function isIn({ at }: Row, { from, to }: Window): boolean {
  return from <= at && at < to;
}
