// An answer in time, or an error that says there was none.

import { AppError } from '../model/errors.ts';

/**
 * Asks, and rejects where no answer came within `ms`. Who asks while an answer is still awaited waits for that one:
 * probes of a store that hangs must not pile up in it.
 */
export function promptly<T>(ask: () => Promise<T>, ms: number): () => Promise<T> {
  let asking: Promise<T> | null = null;
  return () => {
    asking ??= ask().finally(() => {
      asking = null;
    });
    return inTime(asking, ms);
  };
}

function inTime<T>(answer: Promise<T>, ms: number): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(
      () => reject(new AppError('no_answer', `it did not answer within ${ms / 1000} s`)),
      ms,
    );
    answer.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
