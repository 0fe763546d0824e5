// Replays past instants into evaluations and notifications.

import type { AppError } from '../model/errors.ts';
import type { Rule } from '../model/rule.ts';
import type { AuditStore } from '../stores/audit-store.ts';
import { FIRST_CHUNK } from './chunk.ts';
import { type Deciding, openDecider, type Replayed } from './decider.ts';
import { replayDirectly } from './direct-replay.ts';
import type { Grid } from './grid.ts';
import type { ReplayRun } from './replay-run.ts';
import { replaySliding } from './sliding-replay.ts';

/** The input of a replay: rules over the instants of a grid. Nothing was notified before the first of them. */
export interface ReplayParts extends Deciding {
  readonly store: AuditStore;
  readonly rules: readonly Rule[];
  readonly grid: Grid;
}

export interface ReplayListener {
  /**
   * Called for every rule at every instant. The instants of a rule ascend; rules come in any order. Observed values are
   * valid until this returns.
   */
  judged(replayed: Replayed): void;
  progressed?(done: number, total: number): void;
}

/** How a replay ended: by rule name, why a rule could not be judged. */
export interface ReplayEnd {
  readonly failed: ReadonlyMap<string, AppError>;
}

/**
 * Judges and decides at every instant of the grid as a worker would have; sends and writes nothing. A rule that cannot be
 * judged is left out from then on. Throws the store's AppError when nothing can be read, and AppError `stopped` when it
 * should stop.
 */
export async function replay(
  parts: ReplayParts,
  listener: ReplayListener,
  options: { readonly stopping?: AbortSignal; readonly chunk?: number } = {},
): Promise<ReplayEnd> {
  const { store, rules, zone, grid } = parts;
  const failed = new Map<string, AppError>();
  const decideAt = openDecider(parts);
  const run: ReplayRun = {
    store,
    rules,
    zone,
    grid,
    failed,
    stopping: options.stopping ?? null,
    judged: (rule, time, evaluation) => listener.judged(decideAt(rule, time, evaluation)),
    progressed: (done) => listener.progressed?.(done, grid.replayed.length),
  };
  const { length } = grid.replayed;
  let done = 0;
  // A few instants are one direct read, in which the store adds up long windows.
  if (options.chunk === undefined && length > FIRST_CHUNK) {
    for (let known = -1; done < length && known < failed.size; ) {
      known = failed.size;
      done = await replaySliding(run, done);
      // Where one rule could not be read, a direct chunk finds out which, and the others can slide on.
      const to = Math.min(length, done + FIRST_CHUNK);
      await replayDirectly(run, { from: done, to });
      done = to;
    }
  }
  await replayDirectly(run, { from: done, to: length }, options.chunk);
  return { failed };
}
