// Schedule: what the core knows of cron.

/** When polls happen. Instants are ms since the epoch. */
export interface Schedule {
  /** Scheduled instants in [from, to), ascending; whole minutes stand for those of a schedule finer than a minute. */
  instants(from: number, to: number): number[];
  /** The same, to the second. */
  everyInstant(from: number, to: number): number[];
  /** The newest scheduled instant that is not after `now`, or null when there is none within 366 days. */
  latest(now: number): number | null;
}
