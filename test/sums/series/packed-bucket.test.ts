import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Bucket } from '../../../src/sums/series/buckets.ts';
import { fixedOf, SCALE } from '../../../src/sums/series/exact.ts';
import { type Column, layoutOf } from '../../../src/sums/series/layout.ts';
import {
  packBucket,
  packBuckets,
  UnpackedRows,
  unpackBucket,
} from '../../../src/sums/series/packed-bucket.ts';

const LAYOUT = layoutOf(['calls', 'cost', 'latency_sum']);

/** A sum in 10^-12, with some decimal places or all of them, small or as large as a sum can be. */
const sum = fc
  .tuple(
    fc.bigInt({ min: -(2n ** 50n), max: 2n ** 50n }),
    fc.bigInt({ min: 0n, max: 10n ** 12n - 1n }),
    fc.nat({ max: 12 }),
    fc.constantFrom(1n, 1_000n, 10n ** 9n, 10n ** 15n),
  )
  .map(([units, parts, places, smaller]) => {
    const step = 10n ** BigInt(12 - places);
    const sign = units < 0n ? -1n : 1n;
    return (units / smaller) * 10n ** 12n + sign * (parts - (parts % step));
  });
const rows = fc.uniqueArray(
  fc.record({ group: fc.nat({ max: 2 ** 31 - 1 }), calls: fc.nat(), cost: sum, latency: sum }),
  { selector: ({ group }) => group, maxLength: 40 },
);

type Row = { group: number; calls: number; cost: bigint; latency: bigint };

function bucketOf(all: readonly Row[], lacks: readonly number[] = []): Bucket {
  const split = (value: bigint): [number, number] => [
    Number(value / BigInt(SCALE)),
    Number(value % BigInt(SCALE)),
  ];
  return {
    groups: Int32Array.from(all, ({ group }) => group),
    values: Float64Array.from(
      all.flatMap(({ calls, cost, latency }) => [calls, ...split(cost), ...split(latency)]),
    ),
    lacks,
  };
}

/** By group, exact. */
function sumsOf({ groups, values }: Bucket): Map<number, bigint[]> {
  return new Map(
    [...groups].map((group, row) => [
      group,
      LAYOUT.columns.map(({ units, parts }: Column) => {
        const at = row * LAYOUT.width;
        return fixedOf(values[at + units] as number, parts === null ? 0 : (values[at + parts] as number));
      }),
    ]),
  );
}

test('a bucket that was packed has the same sums in the same groups, to the last digit', () => {
  fc.assert(
    fc.property(rows, (all) => {
      const bucket = bucketOf(all);
      const again = unpackBucket(packBucket(bucket, LAYOUT), LAYOUT);
      expect(sumsOf(again)).toEqual(sumsOf(bucket));
      expect([...again.groups]).toEqual([...bucket.groups].sort((a, b) => a - b));
      // A negative 0 is not the same as 0 to whoever compares columns.
      expect([...again.values].some((value) => Object.is(value, -0))).toBe(false);
    }),
    { numRuns: 1_000 },
  );
});

test('room that is used again holds the rows of the latest bucket alone', () => {
  const rows = new UnpackedRows();
  const last = bucketOf([{ group: 2, calls: 1, cost: 0n, latency: 0n }]);
  for (const bucket of [bucketOf([{ group: 9, calls: 4, cost: 7n, latency: 8n }]), last]) {
    const packed = packBucket(bucket, LAYOUT);
    const { groups, values } = rows.take(packed, LAYOUT);
    expect([...groups.subarray(0, 1)]).toEqual([...bucket.groups]);
    expect([...values.subarray(0, LAYOUT.width)]).toEqual([...bucket.values]);
  }
});

test('buckets that are packed together are what they are alone', () => {
  const all = [1, 2, 3].map((group) => bucketOf([{ group, calls: group, cost: 5n, latency: 0n }]));
  const packed = packBuckets(all, LAYOUT);
  expect(packed.map((one) => unpackBucket(one, LAYOUT))).toEqual(all);
  expect(new Set(packed.map(({ bytes }) => bytes.buffer)).size).toBe(1);
});

test('sums of a measure that is lacking are not kept, and it is lacking again', () => {
  const bucket = bucketOf([{ group: 7, calls: 3, cost: 5n, latency: 9n }], [1]);
  const packed = packBucket(bucket, LAYOUT);
  expect(packed.lacks).toEqual([1]);
  expect(sumsOf(unpackBucket(packed, LAYOUT)).get(7)?.[1]).toBe(0n);
  expect(unpackBucket(packed, LAYOUT).lacks).toEqual([1]);
});

test('a group takes few bytes: a thousand users with calls, a cost in millionths and no latency', () => {
  const all = Array.from({ length: 1_000 }, (_, group) => ({
    group,
    calls: 1 + (group % 50),
    cost: BigInt(group * 37) * 10n ** 6n,
    latency: 0n,
  }));
  expect(packBucket(bucketOf(all), LAYOUT).bytes.length).toBeLessThan(6_000);
});
