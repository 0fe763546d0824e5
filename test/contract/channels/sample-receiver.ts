/** What a receiver does with a message in place of taking it. */
export type Fault = 'busy' | 'refuses us' | 'refuses the message' | 'hangs';

/**
 * The receiver that a channel type brings to the contract suite: a local server that plays each fault. A new type adds
 * one file to this folder, named as the type, that exports `start`.
 */
export interface SampleReceiver {
  /** The keys of alerts.yaml that lead to it. */
  readonly keys: Readonly<Record<string, unknown>>;
  /** The id by which a receiver drops a repeat, of each message taken. */
  ids(): Promise<string[]>;
  /** Each message taken, as it came. */
  taken(): string[];
  /** The secrets in `keys`, and what else the receiver's answers repeat that must not be shown. */
  readonly secrets: readonly string[];
  /** What is read of a message taken, of which `body` was stored with the delivery. */
  read(message: string, body: string): Promise<ReadByPeople | ReadByPrograms>;
  close(): Promise<void>;
}

export interface ReadByPeople {
  readonly by: 'people';
  /** All text that is shown. */
  readonly text: string;
  /** The part of it in which markup would be obeyed. */
  readonly markup: string;
  /** The names of the headers that it came with. */
  readonly headers: readonly string[];
}

export interface ReadByPrograms {
  readonly by: 'programs';
  /** The service of each alert. */
  readonly services: readonly string[];
}

/** Starts a receiver that takes every message, or answers all of them with `fault`. */
export type StartReceiver = (fault: Fault | null) => Promise<SampleReceiver>;
