// Chart: what a picture of a message shows.

import type { Severity } from './rule.ts';
import type { Window } from './window.ts';

/** A value and how it is written. */
export interface ChartLevel {
  readonly value: number;
  readonly label: string;
}

/**
 * A picture of an alert before it is drawn: plain JSON, because it is stored with the message. Instants in ms. A drawing
 * adds nothing to it, so that the same chart gives the same picture everywhere.
 */
export interface Chart {
  /** The alert's group, and what is shown of it: `service search: spend in 1h`. It may hold any name of the store. */
  readonly title: string;
  /** The same without names, for a font that lacks their letters. */
  readonly plainTitle: string;
  /** The IANA zone of the axis of time. */
  readonly zone: string;
  /** By ascending instant: the value of the window that ends there; null where there was none. */
  readonly points: readonly (readonly [at: number, value: number | null])[];
  /** How the last value is written. */
  readonly last: string;
  /** The ticks of the axis of values, ascending; the first and the last are its ends. */
  readonly ticks: readonly ChartLevel[];
  /** Limits that are the same at any time. */
  readonly limits: readonly (ChartLevel & { readonly severity: Severity })[];
  /** The usual values of the window that fires; null on a side where no value is too much. */
  readonly usual: {
    readonly low: number | null;
    readonly mean: number;
    readonly high: number | null;
    readonly label: string;
  } | null;
  /** When the rate left its usual level; null where that is not known. */
  readonly onset: number | null;
  /** The window that fires. */
  readonly window: Window;
  /** What the picture shows, in words. */
  readonly alt: string;
}

/** A picture of a report before it is drawn: a bar for each day, and a line of the period before. Plain JSON, as Chart. */
export interface DaysChart {
  readonly kind: 'days';
  readonly title: string;
  readonly plainTitle: string;
  /** By ascending day. Each has the day of the period before that stands in its place; null where there is none. */
  readonly days: readonly {
    readonly label: string;
    readonly value: number | null;
    readonly before: number | null;
  }[];
  /** What the bars are, and their sum: `23 Nov to 29 Nov: $1,234.56`. */
  readonly now: string;
  /** What the line is, and its sum; null where there is no line. */
  readonly before: string | null;
  readonly ticks: readonly ChartLevel[];
  readonly alt: string;
}

/** The picture of a message. */
export type MessageChart = Chart | DaysChart;
