// The groups that a query had, while they are the same.

import type { GroupKey } from '../../model/series.ts';

/** The groups that a query had, from one instant to the next: they seldom change. */
export interface RecentGroups {
  readonly numbers: Int32Array;
  readonly keys: readonly GroupKey[];
}

export const NO_GROUPS: RecentGroups = { numbers: new Int32Array(0), keys: [] };

/** The groups of the first `count` numbers: those of before where they are the same. */
export function sameOrNew(
  recent: RecentGroups,
  numbers: Int32Array,
  count: number,
  allKeys: readonly GroupKey[],
): RecentGroups {
  let same = recent.numbers.length === count ? 0 : -1;
  while (same >= 0 && same < count && recent.numbers[same] === numbers[same]) same += 1;
  if (same === count) return recent;
  const keys = new Array<GroupKey>(count);
  for (let i = 0; i < count; i += 1) keys[i] = allKeys[numbers[i] as number] as GroupKey;
  return { numbers: numbers.slice(0, count), keys };
}
