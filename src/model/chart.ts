// Chart: what a picture of an alert shows.

import type { Onset } from './onset.ts';
import type { Severity } from './rule.ts';
import type { Window } from './window.ts';

/** A value on the axis of values, as it is labelled. */
export interface ChartLevel {
  readonly value: number;
  readonly label: string;
}

/**
 * A picture of an alert before it is drawn: plain JSON, because it is stored with the message. Instants in ms. A drawing
 * adds nothing to it, so that the same chart gives the same picture everywhere.
 */
export interface Chart {
  /** The alert's group and what is shown: `search: spend in 1h`. May hold anything that an audit store holds. */
  readonly title: string;
  /** The same without a name of the store, for drawings whose font lacks its letters. */
  readonly plainTitle: string;
  /** The IANA zone of the axis of time. */
  readonly zone: string;
  /** By ascending instant: the value of the window that ends there; null where there was none. */
  readonly points: readonly (readonly [at: number, value: number | null])[];
  /** The value of the last point, for people. */
  readonly last: string;
  /** Some values and how they are written, ascending: the ticks of the axis of values. */
  readonly ticks: readonly ChartLevel[];
  /** The limits that are as good as any other time, worst last; empty for rules that compare with a usual value. */
  readonly limits: readonly (ChartLevel & { readonly severity: Severity })[];
  /** The usual values at the end of the window, for rules that compare with them; null on a side that is open. */
  readonly usual: {
    readonly low: number | null;
    readonly mean: number;
    readonly high: number | null;
    readonly label: string;
  } | null;
  /** When the rate left its usual level, and how it is written; null where that is not known. */
  readonly onset: (Pick<Onset, 'at'> & { readonly label: string }) | null;
  readonly window: Window;
  /** What the picture shows, in words, for those who do not see it. */
  readonly alt: string;
}
