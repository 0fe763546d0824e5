// What a frame is made of.

import type { Metric } from '../model/metric.ts';
import type { Painter } from '../model/painter.ts';
import type { Status } from '../status/status.ts';
import type { Figures } from './figures.ts';

/** The latest answer of a store, and why it does not answer now; both null before the first answer. */
export interface Latest<T> {
  readonly answer: T | null;
  readonly trouble: string | null;
}

export interface ViewData {
  /** ms. */
  readonly now: number;
  /** An IANA name. */
  readonly zone: string;
  /** Which installation this is; null where the file does not say. */
  readonly name: string | null;
  /** `spend`, in the currency of the file. */
  readonly spend: Metric;
  /** What the state store says. */
  readonly state: Latest<Status>;
  /** What the audit store says. */
  readonly audit: Latest<Figures>;
}

/** The data of a part of the frame, and how many columns it has. */
export interface Place {
  readonly data: ViewData;
  readonly width: number;
  readonly paint: Painter;
}
