// Numbers for group keys, and for the bins of a group's sketch.

import { firstNotBelow } from '../../model/ascending.ts';
import type { GroupKey } from '../../model/series.ts';

/** Dense numbers for group keys, all of which have as many members: sums are found by them. */
export class GroupIndex {
  /** By number. */
  readonly keys: GroupKey[] = [];
  readonly #root: Branch = new Map();

  /** The number of a key, which is the next one where the key is new. Looked up member by member: joined to one text, each would cost half as much again. */
  numberOf(key: GroupKey): number {
    const last = key.length - 1;
    let branch = this.#root;
    for (let i = 0; i < last; i += 1) {
      const member = key[i] as string | null;
      let next = branch.get(member) as Branch | undefined;
      if (next === undefined) {
        next = new Map();
        branch.set(member, next);
      }
      branch = next;
    }
    // The one key without members is found where a last member NULL would be.
    const end = key[last] ?? null;
    const known = branch.get(end) as number | undefined;
    if (known !== undefined) return known;
    const number = this.keys.push(key) - 1;
    branch.set(end, number);
    return number;
  }
}

/** By a key's member: the members that follow it, and at the last one the key's number. */
type Branch = Map<string | null, Branch | number>;

/** The bins of a group's sketch, ascending, and the number of each. */
export interface GroupBins {
  readonly bins: readonly number[];
  readonly numbers: readonly number[];
}

/** Dense numbers for the bins of the sketches of groups: counts are found by them. */
export interface BinIndex {
  /** How many numbers there are. */
  count(): number;
  /** The number of a group's bin, which is the next one where the bin is new. */
  numberOf(group: number, bin: number): number;
  ofGroup(group: number): GroupBins;
}

const NO_BINS: GroupBins = { bins: [], numbers: [] };

export function openBinIndex(): BinIndex {
  const byGroup: { known: Map<number, number>; bins: number[]; numbers: number[] }[] = [];
  let count = 0;
  return {
    count: () => count,
    numberOf(group, bin) {
      const own = byGroup[group] ?? { known: new Map(), bins: [], numbers: [] };
      byGroup[group] = own;
      const known = own.known.get(bin);
      if (known !== undefined) return known;
      const number = count;
      count += 1;
      own.known.set(bin, number);
      const place = firstNotBelow(own.bins, bin);
      own.bins.splice(place, 0, bin);
      own.numbers.splice(place, 0, number);
      return number;
    },
    ofGroup: (group) => byGroup[group] ?? NO_BINS,
  };
}
