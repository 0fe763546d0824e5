import type { App } from '../app.ts';
import type { HealthNote } from '../model/health-note.ts';
import type { HealthNoteType } from '../model/message.ts';

/**
 * A kind of health message about the data: told once a day to the channels of `health` while it is so, by all replicas
 * together, and kept as a gauge.
 */
export interface HealthNoteKind {
  /** The name of the message, and of what the ledger holds of it. */
  readonly type: HealthNoteType;
  /** What /metrics shows of it, whether people are told or not. */
  readonly gauge: {
    readonly name: string;
    readonly help: string;
    readonly labelNames: readonly string[];
  };
  /** Once for each configuration. */
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
  /** Null where nothing is to be told. */
  readonly note: HealthNote | null;
}

export interface GaugeSample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}
