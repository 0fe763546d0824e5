// The contract: Channel and ChannelType, with their failure policy.

import type { z } from 'zod';
import type { Message } from '../model/message.ts';
import type { EnvironmentProxies } from './transport/proxy-choice.ts';

/** What a delivery is to a channel: an id that is stable over retries, and the body as `render` made it. */
export interface Envelope {
  readonly id: string;
  /** The text that `render` returned when the delivery was queued, byte for byte. */
  readonly body: string;
  /** Recipients that have accepted already and are not sent to again; empty at the first attempt. */
  readonly accepted: readonly string[];
  /**
   * When an earlier attempt may have reached the far end (ms): a channel whose receivers cannot drop repeats looks
   * for its own message from then on before it sends again. Null or absent where none can have been made.
   */
  readonly firstTriedAt?: number | null;
}

/** What the far end answered, in a few words for people (`250 queued as 4F2`, `HTTP 200`). */
export interface Receipt {
  readonly answer: string;
}

/**
 * A way to tell people. `send` resolves when the far end has taken responsibility and throws a SendError
 * otherwise; it must stop when `signal` aborts and never retries by itself: the ladder is the outbox's.
 * A send may be repeated with the same envelope, and then carries the same id.
 */
export interface Channel {
  readonly name: string;
  readonly type: string;
  /** The longest that one attempt may take. */
  readonly timeoutMs: number;
  /** The shortest time between two sends, for services that limit the rate. */
  readonly spacingMs: number;
  /** Pure: the message as this channel's readers see it, with no secret in it. `id` is the delivery's. */
  render(message: Message, id: string): string;
  send(envelope: Envelope, signal: AbortSignal): Promise<Receipt>;
  /** Opens and greets the far end without sending a message (`validate --connect`); throws as `send` does. */
  probe(signal: AbortSignal): Promise<Receipt>;
  close(): Promise<void>;
}

/** A member of the registry: the schema of its part of alerts.yaml, and how it is opened. SDKs load inside `open`. */
export interface ChannelType<Options extends { type: string } = { type: string }> {
  readonly type: Options['type'];
  readonly schema: z.ZodType<Options>;
  /** Environment variables, by the key that each stands in for where a channel of the file leaves the key out. */
  readonly environment?: Readonly<Record<string, string>>;
  /** `proxies` are the environment's, for channels that go by HTTP. */
  open(name: string, options: Options, proxies?: EnvironmentProxies): Promise<Channel>;
}
