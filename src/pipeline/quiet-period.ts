// How long a receiver has asked not to be called (Retry-After).

/** A receiver's request to wait before the next call. It holds for every message to that channel. */
export interface QuietPeriod {
  /** For how much longer it holds, ms. A clock that was set back ends it. */
  remainingMs(): number;
  /** Its end, ms of the worker's clock. */
  until(): number;
  /** Holds for at least `ms` from now. */
  extend(ms: number): void;
}

export function openQuietPeriod(now: () => number): QuietPeriod {
  let from = 0;
  let until = Number.NEGATIVE_INFINITY;
  const remainingMs = (): number => (now() < from ? 0 : Math.max(0, until - now()));
  return {
    remainingMs,
    until: () => until,
    extend(ms) {
      until = now() + Math.max(remainingMs(), ms);
      from = now();
    },
  };
}
