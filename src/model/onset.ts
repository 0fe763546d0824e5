// When a rate left its usual level.

/** When and how a rate left its usual level. */
export interface Onset {
  /** ms. */
  readonly at: number;
  /** The median minute of the six hours before, an hour. */
  readonly beforePerHour: number;
  /** The mean since then, an hour. */
  readonly afterPerHour: number;
}
