// The rows of an aggregate as a query numbers them.

import type { GroupKey, Where } from '../../model/series.ts';
import { holdsFor } from '../series/filter.ts';
import { type GroupBins, GroupIndex, openBinIndex } from '../series/group-index.ts';
import type { LiveAggregate } from './live-aggregate.ts';

/** Numbers the rows of a view: one for each group, or for each bin of each group. */
export interface ViewRows {
  readonly groups: readonly GroupKey[];
  /** How many rows there are. */
  readonly count: number;
  /** The row of each key of the aggregate, -1 where the filter leaves it out. */
  groupOf: Int32Array;
  /** Numbers the groups that are new in the aggregate. */
  follow(): void;
  numberOf(key: GroupKey): number;
  binsOf(group: number): GroupBins;
}

export function rowsOf(aggregate: LiveAggregate, groupBy: readonly string[], where: Where): ViewRows {
  const places = groupBy.map((name) => aggregate.dimensions.indexOf(name));
  const filters = Object.entries(where).map(([name, condition]) => ({
    place: aggregate.dimensions.indexOf(name),
    holds: holdsFor(condition),
  }));
  const groups = new GroupIndex();
  const bins = openBinIndex();
  const rowOfKey = (key: GroupKey): number => {
    if (!filters.every(({ place, holds }) => holds(key[place] ?? null))) return -1;
    const group = groups.numberOf(places.map((place) => key[place] ?? null));
    // The bin is the last member of the key of an aggregate that has bins.
    return aggregate.sketch === null ? group : bins.numberOf(group, Number(key.at(-1)));
  };
  let known = 0;
  const rows: ViewRows = {
    groups: groups.keys,
    get count() {
      return aggregate.sketch === null ? groups.keys.length : bins.count();
    },
    groupOf: new Int32Array(64),
    follow() {
      const { keys } = aggregate.groups;
      if (rows.groupOf.length < keys.length) {
        const grown = new Int32Array(keys.length * 2);
        grown.set(rows.groupOf);
        rows.groupOf = grown;
      }
      for (; known < keys.length; known += 1) rows.groupOf[known] = rowOfKey(keys[known] as GroupKey);
    },
    numberOf: (key) => groups.numberOf(key),
    binsOf: (group) => bins.ofGroup(group),
  };
  return rows;
}
