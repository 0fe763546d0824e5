// When polls happen.

/** When polls happen. Instants are ms since the epoch. */
export interface Schedule {
  /** Scheduled instants in [from, to), ascending. On a schedule finer than a minute, whole minutes only. */
  instants(from: number, to: number): number[];
  /** All scheduled instants in [from, to), to the second. */
  everyInstant(from: number, to: number): number[];
  /** The newest scheduled instant that is not after `now`, or null when there is none within 366 days. */
  latest(now: number): number | null;
}
