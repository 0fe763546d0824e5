import { setImmediate as breathe } from 'node:timers/promises';
import { AppError } from '../model/errors.ts';
import type { Rule } from '../model/rule.ts';
import { type Assignment, assess, momentOf, type Outcome } from '../pipeline/assess.ts';
import type { AuditStore } from '../stores/audit-store.ts';
import { FIRST_CHUNK, nextChunk } from './chunk.ts';
import { type Deciding, openDecider, type Replayed } from './decider.ts';
import type { Grid } from './grid.ts';

/** What is replayed: rules over the instants of a grid, with nothing said before the first of them. */
export interface ReplayParts extends Deciding {
  readonly store: AuditStore;
  readonly rules: readonly Rule[];
  readonly grid: Grid;
}

export interface ReplayListener {
  /** Called for every instant and rule: instants ascend, and rules stand in the order given. */
  judged(replayed: Replayed): void;
  progressed?(done: number, total: number): void;
}

/** How a replay ended: by rule name, why a rule could not be judged. */
export interface ReplayEnd {
  readonly failed: ReadonlyMap<string, AppError>;
}

/**
 * The very judgements and decisions of a worker, for every instant of the grid as if each had been polled in its
 * time, sending nothing and writing nothing. Rows are read a chunk of instants at a time, one grouped read for all
 * rules. A rule that cannot be judged is left out from there on. Throws the store's AppError when nothing can be
 * read, and AppError `stopped` when it was told to stop.
 */
export async function replay(
  parts: ReplayParts,
  listener: ReplayListener,
  options: { readonly stopping?: AbortSignal; readonly chunk?: number } = {},
): Promise<ReplayEnd> {
  const { grid } = parts;
  const { replayed } = grid;
  const failed = new Map<string, AppError>();
  const decideAt = openDecider(parts);
  let size = options.chunk ?? FIRST_CHUNK;
  for (let from = 0; from < replayed.length; ) {
    // Signals and the progress bar have their turn between two chunks.
    await breathe();
    if (options.stopping?.aborted) throw new AppError('stopped', 'stopped before the end');
    const instants = replayed.slice(from, from + size);
    const rules = parts.rules.filter(({ name }) => !failed.has(name));
    const assignments = rules.map((rule) => ({
      rule,
      moments: instants.map((at) => momentOf(rule, at, grid)),
    }));
    const outcomes = await outcomesOf(parts, assignments);
    if (instants.length > 1 && outcomes.some(({ error }) => error?.code === 'store_timeout')) {
      size = Math.ceil(instants.length / 4);
      continue;
    }
    for (const { rule, error } of outcomes) if (error !== null) failed.set(rule.name, error);
    for (const i of instants.keys()) {
      for (const [r, { rule, evaluations, error }] of outcomes.entries()) {
        const moment = assignments[r]?.moments[i];
        const evaluation = evaluations[i];
        if (error !== null || moment === undefined || evaluation === undefined) continue;
        listener.judged(decideAt(rule, moment, evaluation));
      }
    }
    from += instants.length;
    listener.progressed?.(from, replayed.length);
    size = options.chunk ?? nextChunk(grid.stepMs, outcomes);
  }
  return { failed };
}

/** A store that takes too long over all reads together is one that takes too long over each. */
async function outcomesOf(
  { store, zone }: ReplayParts,
  assignments: readonly Assignment[],
): Promise<readonly Outcome[]> {
  const last = assignments[0]?.moments.at(-1)?.at ?? 0;
  try {
    return (await assess(store, zone, assignments, last)).outcomes;
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'store_timeout') throw error;
    return assignments.map(({ rule }) => ({ rule, evaluations: [], error }));
  }
}
