// An hour by the minute, some minutes of which were read anew.

import type { StoredBuckets } from './buckets.ts';
import { MINUTES } from './grid.ts';

/** Minutes [from, to) that come from the same hour's buckets. */
interface Run {
  readonly source: StoredBuckets;
  readonly from: number;
  to: number;
}

/** An hour by the minute: the minutes (0 to 59) that `isOlder` says from `older`, the others from `newer`. */
export function spliced(
  older: StoredBuckets,
  newer: StoredBuckets,
  isOlder: (minute: number) => boolean,
  width: number,
): StoredBuckets {
  // Most minutes stay as they are, so runs of them are copied at once.
  const runs: Run[] = [];
  for (let minute = 0; minute < MINUTES; minute += 1) {
    const source = isOlder(minute) ? older : newer;
    const last = runs.at(-1);
    if (last?.source === source) last.to = minute + 1;
    else runs.push({ source, from: minute, to: minute + 1 });
  }
  const startIn = ({ starts }: StoredBuckets, minute: number): number => starts[minute] as number;
  const rows = runs.reduce(
    (sum, { source, from, to }) => sum + startIn(source, to) - startIn(source, from),
    0,
  );
  const starts = new Int32Array(MINUTES + 1);
  const groups = new Int32Array(rows);
  const values = new Float64Array(rows * width);
  const origins: object[] = [];
  let end = 0;
  for (const { source, from, to } of runs) {
    const [first, last] = [startIn(source, from), startIn(source, to)];
    groups.set(source.groups.subarray(first, last), end);
    values.set(source.values.subarray(first * width, last * width), end * width);
    for (let minute = from; minute < to; minute += 1) {
      origins[minute] = source.origins?.[minute] as object;
      starts[minute + 1] = end + startIn(source, minute + 1) - first;
    }
    end += last - first;
  }
  const lacks = runs.some(({ source }) => source === older) ? [...older.lacks, ...newer.lacks] : newer.lacks;
  return { starts, groups, values, origins, lacks: [...new Set(lacks)] };
}
