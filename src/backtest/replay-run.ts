// A replay under way.

import { AppError } from '../model/errors.ts';
import type { Rule } from '../model/rule.ts';
import type { Evaluation, EvaluationTime } from '../pipeline/evaluate.ts';
import type { AuditStore } from '../stores/audit-store.ts';
import type { Grid } from './grid.ts';

/** A replay under way: its input, and what it calls. */
export interface ReplayRun {
  readonly store: AuditStore;
  readonly rules: readonly Rule[];
  readonly zone: string;
  readonly grid: Grid;
  /** By rule name, why it could not be judged. It is left out from then on. */
  readonly failed: Map<string, AppError>;
  readonly stopping: AbortSignal | null;
  /** Called with every evaluation. The instants of a rule ascend; those of several rules may come in any order. */
  judged(rule: Rule, time: EvaluationTime, evaluation: Evaluation): void;
  /** Called with the number of replayed instants that have been judged. */
  progressed(done: number): void;
}

/** Throws AppError `stopped` when the replay should stop. */
export function throwIfStopped({ stopping }: ReplayRun): void {
  if (stopping?.aborted) throw new AppError('stopped', 'stopped before the end');
}
