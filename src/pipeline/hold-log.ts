// At which instants a group held.

import { firstNotBelow } from '../model/ascending.ts';
import type { Reached } from '../model/finding.ts';
import type { Severity } from '../model/rule.ts';
import type { GroupKey } from '../model/series.ts';

/** Unbroken runs of instants by ascending index: run i goes from starts[i] to ends[i], both inclusive. */
interface Runs {
  readonly starts: number[];
  readonly ends: number[];
}

/**
 * At which instants, by index, each group reached each severity. Kept as runs: what a `for` asks ("at every one of
 * these 1,440 instants?") is then one look-up a group instead of 1,440.
 */
export class HoldLog {
  readonly #runs: Readonly<Record<Severity, Map<string, Runs>>> = {
    info: new Map(),
    warning: new Map(),
    critical: new Map(),
  };
  /** A group's key is the same array at every instant, and writing it as text costs more than all the rest. */
  readonly #ids = new Map<GroupKey, string>();

  /** Notes what fires at an instant; instants come by ascending index. */
  record(index: number, firing: readonly Reached[]): void {
    for (const { key, steps } of firing) {
      const id = this.#idOf(key);
      for (const { severity } of steps) extend(this.#runs[severity], id, index);
    }
  }

  /** Whether the group reached the severity at each of the instants, which ascend. */
  throughout(key: GroupKey, severity: Severity, instants: readonly number[]): boolean {
    const first = instants[0];
    const last = instants.at(-1);
    if (first === undefined || last === undefined) return true;
    const runs = this.#runs[severity].get(this.#idOf(key));
    if (runs === undefined) return false;
    if (covers(runs, first, last)) return true;
    // Instants of other moments may lie between these; only then is a run that breaks off no proof.
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
