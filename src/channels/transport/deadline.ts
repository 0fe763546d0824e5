// Runs work until a signal aborts or a time limit ends it.

/**
 * Runs `work` with a signal that aborts with `signal` or after `ms`. It has its own timer: a signal of AbortSignal.timeout
 * that only AbortSignal.any refers to may be garbage-collected before it fires.
 */
export async function within<T>(
  ms: number,
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  const abort = (): void => controller.abort(signal.reason);
  const timer = setTimeout(() => controller.abort(new DOMException('timed out', 'TimeoutError')), ms);
  if (signal.aborted) abort();
  signal.addEventListener('abort', abort, { once: true });
  try {
    return await work(controller.signal);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', abort);
  }
}
