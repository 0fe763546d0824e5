// Remembers at which evaluation times a group held.

import { firstNotBelow } from '../model/ascending.ts';
import type { Reached } from '../model/finding.ts';
import type { Severity } from '../model/rule.ts';
import type { GroupKey } from '../model/series.ts';

/** Unbroken runs of evaluation times by ascending index: run i goes from starts[i] to ends[i], both inclusive. */
interface Runs {
  readonly starts: number[];
  readonly ends: number[];
}

/**
 * Records at which evaluation times, by index, each group reached each severity. Times are kept as runs, so that `for` over
 * 1,440 times is one look-up per group instead of 1,440.
 */
export class HoldLog {
  readonly #runs: Readonly<Record<Severity, Map<string, Runs>>> = {
    info: new Map(),
    warning: new Map(),
    critical: new Map(),
  };
  /**
   * Ids by key. A group's key is the same array at every evaluation time, and making its id costs more than all the rest.
   */
  readonly #ids = new Map<GroupKey, string>();

  /** Records what fires at an evaluation time. Must be called in ascending order of `index`. */
  record(index: number, firing: readonly Reached[]): void {
    for (const { key, steps } of firing) {
      const id = this.#idOf(key);
      for (const { severity } of steps) extend(this.#runs[severity], id, index);
    }
  }

  /** Whether the group reached the severity at each of some evaluation times, given by ascending index. */
  throughout(key: GroupKey, severity: Severity, instants: readonly number[]): boolean {
    const first = instants[0];
    const last = instants.at(-1);
    if (first === undefined || last === undefined) return true;
    const runs = this.#runs[severity].get(this.#idOf(key));
    if (runs === undefined) return false;
    if (covers(runs, first, last)) return true;
    // Consecutive times need one unbroken run. Otherwise the break may lie at a time that is not asked for.
    if (last - first + 1 === instants.length) return false;
    return instants.every((instant) => covers(runs, instant, instant));
  }

  #idOf(key: GroupKey): string {
    let id = this.#ids.get(key);
    if (id === undefined) {
      id = JSON.stringify(key);
      this.#ids.set(key, id);
    }
    return id;
  }
}

function extend(all: Map<string, Runs>, id: string, index: number): void {
  const runs = all.get(id);
  if (runs === undefined) {
    all.set(id, { starts: [index], ends: [index] });
  } else if (runs.ends.at(-1) === index - 1) {
    runs.ends[runs.ends.length - 1] = index;
  } else {
    runs.starts.push(index);
    runs.ends.push(index);
  }
}

function covers({ starts, ends }: Runs, first: number, last: number): boolean {
  const start = starts[firstNotBelow(ends, last)];
  return start !== undefined && start <= first;
}
