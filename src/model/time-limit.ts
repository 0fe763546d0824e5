// Puts a time limit on an answer.

import { AppError } from './errors.ts';

/**
 * Wraps a question: its call rejects if no answer came within `ms`. While an answer is outstanding, further calls wait for
 * the same one, so that probes do not pile up in a store that hangs.
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
