// The contract of a channel: how a message is rendered and sent, and what may fail.

import type { z } from 'zod';
import type { Message } from '../model/message.ts';
import type { JsonObject } from '../templates/template.ts';
import type { EnvironmentProxies } from './transport/proxy-choice.ts';

/** A delivery as a channel gets it: the same id and body at every attempt. */
export interface Envelope {
  readonly id: string;
  /** The text that `render` returned when the delivery was queued, byte for byte. */
  readonly body: string;
  /** Recipients that have accepted the message already. It is not sent to them again. */
  readonly accepted: readonly string[];
  /**
   * Since when an earlier attempt may have reached the receiver, ms; null or absent if there was none. A channel whose
   * receiver does not drop repeats looks for its own message, from that time on, before it sends again.
   */
  readonly firstTriedAt?: number | null;
  /** The thread that the message belongs to, as it is now; null or absent where the channel has none. */
  readonly thread?: Thread | null;
}

/** The messages about an incident that a channel has got before. Names are those of receipts. */
export interface Thread {
  /** The first message, which this one answers; null where this is the first, or the receiver gave it no name. */
  readonly rootRef: string | null;
  /** Whether no later message has been delivered: only the latest one may say in the first how things are now. */
  readonly isLatest: boolean;
  /** For the first message of a thread: the first one of the incident's thread before; null without one. */
  readonly previousRef: string | null;
}

/** The first message of a thread, as what answers it is composed. */
export interface Root {
  /** The id of its delivery. */
  readonly id: string;
  readonly title: string;
  /** What it would say if it were sent now: all that is known of the incident. */
  readonly now: Message;
}

/** What the receiver answered, in a few words for people: `250 queued as 4F2`, `HTTP 200`. */
export interface Receipt {
  readonly answer: string;
  /** The receiver's own name of the message, by which it can be answered or edited; absent where there is none. */
  readonly ref?: string;
}

/**
 * A way to tell people. `send` resolves when the receiver has taken responsibility, and throws a SendError otherwise. It
 * must stop when `signal` aborts, and never retries: that is up to the outbox. A send may be repeated with the same
 * envelope, and then carries the same id.
 */
export interface Channel {
  readonly name: string;
  readonly type: string;
  /** People get one message for each incident and poll, programs an event for each rule and poll. */
  readonly audience: 'people' | 'programs';
  /** The longest that one attempt may take. */
  readonly timeoutMs: number;
  /** The shortest time between two sends, for receivers that limit the rate; 0 for none. */
  readonly spacingMs: number;
  /** For how long later news of an incident answers its first message, ms; absent for a channel without threads. */
  readonly threadMs?: number;
  /**
   * Pure. The message as this channel's readers see it, without a secret. `id` is the delivery's, and `root` the message that
   * it answers; null or absent where it answers none.
   */
  render(message: Message, id: string, root?: Root | null): string;
  send(envelope: Envelope, signal: AbortSignal): Promise<Receipt>;
  /** Checks the connection without sending a message (`validate --connect`). Throws as `send` does. */
  probe(signal: AbortSignal): Promise<Receipt>;
  close(): Promise<void>;
}

/** How a channel wants to be told. */
export interface ChannelTerms {
  /** Whether people get one message for each incident, or for each rule. */
  readonly byIncident: boolean;
  readonly sendResolved: boolean;
}

/** Where the file says nothing else. */
export const USUAL_TERMS: ChannelTerms = { byIncident: true, sendResolved: true };

/** A member of the registry: the keys of its part of alerts.yaml, and how it is opened. SDKs load inside `open`. */
export interface ChannelType<Options extends { type: string } = { type: string }> {
  readonly type: Options['type'];
  readonly schema: z.ZodType<Options>;
  /** Whether ends of alerts are sent where the file does not say so; absent for yes. */
  readonly sendResolved?: false;
  /** Whether reports can be sent to it: a pager has no use for them; absent for yes. */
  readonly takesReports?: false;
  /** A key that is a template of JSON, and what it can name of a message; absent where there is none. */
  readonly template?: { readonly key: string; values(message: Message, id: string): JsonObject };
  /** Environment variables, by the key that each stands in for where a channel of the file leaves the key out. */
  readonly environment?: Readonly<Record<string, string>>;
  /** `proxies` are those of the environment, for channels that use HTTP. */
  open(name: string, options: Options, proxies?: EnvironmentProxies): Promise<Channel>;
}
