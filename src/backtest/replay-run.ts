// One replay under way.

import { AppError } from '../model/errors.ts';
import type { Rule } from '../model/rule.ts';
import type { Evaluation, EvaluationTime } from '../pipeline/evaluate.ts';
import type { AuditStore } from '../stores/audit-store.ts';
import type { Grid } from './grid.ts';

/** One replay under way: what is judged, and what becomes of it. */
export interface ReplayRun {
  readonly store: AuditStore;
  readonly rules: readonly Rule[];
  readonly zone: string;
  readonly grid: Grid;
  /** By rule name, why it could not be judged: it is left out from there on. */
  readonly failed: Map<string, AppError>;
  readonly stopping: AbortSignal | null;
  /** Is told every evaluation. The instants of a rule ascend; how those of several rules mingle is not said. */
  judged(rule: Rule, time: EvaluationTime, evaluation: Evaluation): void;
  /** So many of the replayed instants have been judged. */
  progressed(done: number): void;
}

/** Throws AppError `stopped` when the replay was told to stop. */
export function heedStop({ stopping }: ReplayRun): void {
  if (stopping?.aborted) throw new AppError('stopped', 'stopped before the end');
}
