// Keeps the groups that a chart may show: the worst ones so far.

import type { GroupKey } from '../model/series.ts';

/** The points of one group, by column of the chart; null where it had no value. */
export interface TrackedGroup<Point> {
  readonly key: GroupKey;
  /** The first column with known points. A group that was dropped and came back lost its earlier ones. */
  readonly since: number;
  /** The badness of its worst point. */
  badness: number;
  readonly points: (Point | null)[];
}

/** Groups by badness. */
export interface TrackedGroups<Point> {
  /** Notes a point of this badness in a column of a group; null where the group is too mild to be kept. */
  track(key: GroupKey, badness: number, column: number): TrackedGroup<Point> | null;
  worstFirst(): readonly TrackedGroup<Point>[];
}

/** Groups kept. Beyond this number, the milder half is dropped. */
const TRACKED = 200;

/** Keeps the worst groups of a rule, so that memory does not grow with the number of its groups. */
export function openTrackedGroups<Point>(columns: number): TrackedGroups<Point> {
  const groups = new Map<string, TrackedGroup<Point>>();
  /** A replay passes the same key objects at every instant, so a group's name is made once for each of them. */
  const byKey = new Map<GroupKey, TrackedGroup<Point>>();
  /** The badness of the worst group that was dropped. */
  let droppedBadness = Number.NEGATIVE_INFINITY;

  const dropMilderHalf = (): void => {
    const mildestFirst = [...groups].sort(([, a], [, b]) => a.badness - b.badness);
    for (const [name, { badness }] of mildestFirst.slice(0, TRACKED / 2)) {
      groups.delete(name);
      droppedBadness = Math.max(droppedBadness, badness);
    }
    byKey.clear();
  };

  const groupOf = (key: GroupKey, badness: number, column: number): TrackedGroup<Point> => {
    const name = JSON.stringify(key);
    const known = groups.get(name);
    if (known !== undefined) return known;
    if (groups.size >= TRACKED) dropMilderHalf();
    const since = droppedBadness === Number.NEGATIVE_INFINITY ? 0 : column;
    const group = { key, since, badness, points: new Array<Point | null>(columns).fill(null) };
    groups.set(name, group);
    return group;
  };

  return {
    track(key, badness, column) {
      let group = byKey.get(key);
      if (group === undefined) {
        // A group this mild would soon be dropped again.
        if (groups.size >= TRACKED / 2 && badness < droppedBadness) return null;
        group = groupOf(key, badness, column);
        byKey.set(key, group);
      }
      group.badness = Math.max(group.badness, badness);
      return group;
    },
    worstFirst: () => [...groups.values()].sort((a, b) => b.badness - a.badness),
  };
}
