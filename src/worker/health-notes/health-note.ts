// The contract of a kind of health message about the data, sent once a day.

import type { App } from '../../app.ts';
import type { HealthNote } from '../../model/health-note.ts';
import type { HealthNoteType } from '../../model/message.ts';

/**
 * A kind of health message about the data. While its condition holds, all replicas together send it once a day to the
 * channels of `health`. A gauge shows it too.
 */
export interface HealthNoteKind {
  /** The type of the message, and its key in the ledger. */
  readonly type: HealthNoteType;
  /** The gauge in /metrics, which is shown whether people are told or not. */
  readonly gauge: {
    readonly name: string;
    readonly help: string;
    readonly labelNames: readonly string[];
  };
  /** Called once for each configuration. */
  open(app: App): HealthLook;
}

/**
 * Looks at the store, at most once an hour after a poll as of `at`. It must cost the store next to nothing. A failure
 * is logged, and it is asked again an hour later.
 */
export type HealthLook = (at: number) => Promise<Noticed>;

export interface Noticed {
  /** All samples of the gauge. */
  readonly samples: readonly GaugeSample[];
  /** Null if there is nothing to tell. */
  readonly note: HealthNote | null;
}

export interface GaugeSample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}
