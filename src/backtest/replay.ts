// Past instants -> evaluations and news.

import type { AppError } from '../model/errors.ts';
import type { Rule } from '../model/rule.ts';
import type { AuditStore } from '../stores/audit-store.ts';
import { FIRST_CHUNK } from './chunk.ts';
import { type Deciding, openDecider, type Replayed } from './decider.ts';
import { replayDirectly } from './direct-replay.ts';
import type { Grid } from './grid.ts';
import type { ReplayRun } from './replay-run.ts';
import { replaySliding } from './sliding-replay.ts';

/** What is replayed: rules over the instants of a grid, with nothing said before the first of them. */
export interface ReplayParts extends Deciding {
  readonly store: AuditStore;
  readonly rules: readonly Rule[];
  readonly grid: Grid;
}

export interface ReplayListener {
  /** Called for every instant and rule. The instants of a rule ascend; how those of several rules mingle is not said. */
  judged(replayed: Replayed): void;
  progressed?(done: number, total: number): void;
}

/** How a replay ended: by rule name, why a rule could not be judged. */
export interface ReplayEnd {
  readonly failed: ReadonlyMap<string, AppError>;
}

/**
 * The very judgements and decisions of a worker, for every instant of the grid as if each had been polled in its
 * time, sending nothing and writing nothing. What an evaluation observed must be looked at when it is told. A rule that
 * cannot be judged is left out from there on. Throws the store's AppError when nothing can be read, and AppError
 * `stopped` when it was told to stop.
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
  // A few instants are one read for the direct way, which has the store add their long windows up.
  if (options.chunk === undefined && length > FIRST_CHUNK) {
    for (let known = -1; done < length && known < failed.size; ) {
      known = failed.size;
      done = await replaySliding(run, done);
      // Where it was one rule that could not be read, this finds out which, and the others can slide on.
      const to = Math.min(length, done + FIRST_CHUNK);
      await replayDirectly(run, { from: done, to });
      done = to;
    }
  }
  await replayDirectly(run, { from: done, to: length }, options.chunk);
  return { failed };
}
