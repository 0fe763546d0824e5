/** When polls happen. Instants are ms since the epoch; a schedule finer than a minute is shown as whole minutes here. */
export interface Schedule {
  /** Scheduled instants in [from, to), ascending. */
  instants(from: number, to: number): number[];
  /** The newest scheduled instant that is not after `now`, or null when there is none within 366 days. */
  latest(now: number): number | null;
}
