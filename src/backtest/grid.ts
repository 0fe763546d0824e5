// The instants of a replay.

import { firstNotBelow } from '../model/ascending.ts';
import type { Schedule } from '../model/schedule.ts';

/** The instants to replay, and those before them at which `for` looks back. */
export interface Grid extends Pick<Schedule, 'instants'> {
  /** Ascending, in [from, to). */
  readonly replayed: readonly number[];
  /** The shortest distance between two instants. */
  readonly stepMs: number;
}

/** Every `stepMs` from `from` until before `to`. The same steps extend `lookBackMs` before `from`, for rules with `for`. */
export function steppedGrid(from: number, to: number, stepMs: number, lookBackMs: number): Grid {
  const all: number[] = [];
  for (let at = from - Math.floor(lookBackMs / stepMs) * stepMs; at < to; at += stepMs) all.push(at);
  return gridOf(all, from);
}

/** The scheduled instants in [from, to). */
export function scheduledGrid(
  schedule: Pick<Schedule, 'instants'>,
  from: number,
  to: number,
  lookBackMs: number,
): Grid {
  return gridOf(schedule.instants(from - lookBackMs, to), from);
}

/** Built once, because ranges of instants are looked up many times. */
function gridOf(all: readonly number[], from: number): Grid {
  let stepMs = Number.POSITIVE_INFINITY;
  for (let i = 1; i < all.length; i += 1)
    stepMs = Math.min(stepMs, (all[i] as number) - (all[i - 1] as number));
  return {
    stepMs,
    replayed: all.slice(firstNotBelow(all, from)),
    instants: (start, end) => all.slice(firstNotBelow(all, start), firstNotBelow(all, end)),
  };
}
