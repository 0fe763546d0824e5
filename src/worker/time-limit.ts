// A question with a time limit, asked once at a time.

import { AppError } from '../model/errors.ts';

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

function withLimit<T>(answer: Promise<T>, ms: number): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(
      () => reject(new AppError('no_answer', `it did not answer within ${ms / 1000} s`)),
      ms,
    );
    answer.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
