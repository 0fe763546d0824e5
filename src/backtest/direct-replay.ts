// Replays instants in chunks, reading whole windows from the store.

import { setImmediate as breathe } from 'node:timers/promises';
import { AppError } from '../model/errors.ts';
import {
  type Assignment,
  evaluateRules,
  evaluationTimeOf,
  type Outcome,
} from '../pipeline/evaluate-rules.ts';
import { FIRST_CHUNK, nextChunk } from './chunk.ts';
import { type ReplayRun, throwIfStopped } from './replay-run.ts';

/**
 * Replays the instants with indexes [from, to). For each chunk of instants it reads their windows in one grouped read for
 * all rules. A rule that cannot be judged is left out from then on. Throws the store's AppError when nothing can be read,
 * and AppError `stopped`.
 */
export async function replayDirectly(
  run: ReplayRun,
  { from, to }: { readonly from: number; readonly to: number },
  chunk: number | null = null,
): Promise<void> {
  const { replayed, stepMs } = run.grid;
  let size = chunk ?? FIRST_CHUNK;
  for (let done = from; done < to; ) {
    // Lets signals and the progress bar run between chunks.
    await breathe();
    throwIfStopped(run);
    const instants = replayed.slice(done, Math.min(to, done + size));
    const assignments = run.rules
      .filter(({ name }) => !run.failed.has(name))
      .map((rule) => ({ rule, times: instants.map((at) => evaluationTimeOf(rule, at, run.grid)) }));
    const outcomes = await outcomesOf(run, assignments);
    if (instants.length > 1 && outcomes.some(({ error }) => error?.code === 'store_timeout')) {
      size = Math.ceil(instants.length / 4);
      continue;
    }
    for (const { rule, error } of outcomes) if (error !== null) run.failed.set(rule.name, error);
    for (const i of instants.keys()) {
      for (const [r, { rule, evaluations, error }] of outcomes.entries()) {
        const time = assignments[r]?.times[i];
        const evaluation = evaluations[i];
        if (error !== null || time === undefined || evaluation === undefined) continue;
        run.judged(rule, time, evaluation);
      }
    }
    done += instants.length;
    run.progressed(done);
    size = chunk ?? nextChunk(stepMs, outcomes);
  }
}

/** A timeout of the common read counts as the timeout of each rule. */
async function outcomesOf(
  { store, zone }: ReplayRun,
  assignments: readonly Assignment[],
): Promise<readonly Outcome[]> {
  const last = assignments[0]?.times.at(-1)?.at ?? 0;
  try {
    return (await evaluateRules(store, zone, assignments, last)).outcomes;
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'store_timeout') throw error;
    return assignments.map(({ rule }) => ({ rule, evaluations: [], error, isOpen: false }));
  }
}
