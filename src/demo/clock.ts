// A clock that can hurry.

export interface DemoClock {
  /** ms. */
  now(): number;
  /** From now on it goes `times` as fast as others. */
  hurry(times: number): void;
}

export function openDemoClock(): DemoClock {
  let times = 1;
  let from = { real: performance.now(), shown: Date.now() };
  const now = (): number => Math.round(from.shown + times * (performance.now() - from.real));
  return {
    now,
    hurry(faster) {
      from = { real: performance.now(), shown: now() };
      times = faster;
    },
  };
}
