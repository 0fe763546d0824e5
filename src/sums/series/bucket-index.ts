// Which number stands for a bucket of a group.

import { firstNotBelow } from '../../model/ascending.ts';

/** The buckets of a group, ascending, and the number that stands for each. */
export interface GroupBuckets {
  readonly buckets: readonly number[];
  readonly ids: readonly number[];
}

/** Which numbers stand for the buckets of groups. */
export interface BucketIndex {
  /** The number of a group's bucket; undefined for one that was not set. */
  get(group: number, bucket: number): number | undefined;
  set(group: number, bucket: number, id: number): void;
  ofGroup(group: number): GroupBuckets;
}

const NO_BUCKETS: GroupBuckets = { buckets: [], ids: [] };

export function openBucketIndex(): BucketIndex {
  const byGroup: { known: Map<number, number>; buckets: number[]; ids: number[] }[] = [];
  return {
    get: (group, bucket) => byGroup[group]?.known.get(bucket),
    set(group, bucket, id) {
      const own = byGroup[group] ?? { known: new Map(), buckets: [], ids: [] };
      byGroup[group] = own;
      own.known.set(bucket, id);
      const place = firstNotBelow(own.buckets, bucket);
      own.buckets.splice(place, 0, bucket);
      own.ids.splice(place, 0, id);
    },
    ofGroup: (group) => byGroup[group] ?? NO_BUCKETS,
  };
}
