// Answers that come within a time limit, or an error that there was none.

import { AppError } from './errors.ts';

/**
 * Asks, and rejects if no answer came within `ms`. A call while an answer is still awaited waits for that one: probes of
 * a store that hangs must not pile up in it.
 */
export function limited<T>(ask: () => Promise<T>, ms: number): () => Promise<T> {
  let asking: Promise<T> | null = null;
  return () => {
    asking ??= ask().finally(() => {
      asking = null;
    });
    return withLimit(asking, ms);
  };
}

/** Rejects with `no_answer` if the answer has not come within `ms`. */
export function withLimit<T>(answer: Promise<T>, ms: number): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(
      () => reject(new AppError('no_answer', `it did not answer within ${ms / 1000} s`)),
      ms,
    );
    answer.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
