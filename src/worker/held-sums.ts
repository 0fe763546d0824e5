// The sums of a worker, opened when the state store can first be reached.

import type { App } from '../app.ts';
import type { Observer } from './observer.ts';
import { openWorkerSums, type WorkerSums } from './worker-sums.ts';

export interface HeldSums {
  open(): Promise<WorkerSums>;
  /** The next ones begin with what is kept in the state database. */
  forget(): void;
}

/** Null where the file switches sums off. */
export function heldSums(app: App, observer: Observer): HeldSums | null {
  if (app.config.audit.rollup === 'off') return null;
  let sums: WorkerSums | null = null;
  return {
    async open() {
      const state = await app.state();
      sums ??= openWorkerSums(app.config, app.store, state, observer);
      return sums;
    },
    forget() {
      sums = null;
    },
  };
}
