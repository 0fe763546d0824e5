import type { Channel, Envelope, Root } from '../../src/channels/channel.ts';
import type { SendError } from '../../src/model/errors.ts';
import type { Message } from '../../src/model/message.ts';
import type { Rule } from '../../src/model/rule.ts';
import { createDeliverer } from '../../src/pipeline/deliver.ts';
import { type PollReport, poll } from '../../src/pipeline/poll.ts';
import type { Undelivered } from '../../src/pipeline/undelivered.ts';
import { DAY, type PollWorld } from './poll-world.ts';

export interface Sent extends Envelope {
  readonly message: Message;
  readonly root: Root | null;
}

/** A channel with threads for people, which keeps what it gets. */
export interface Chat {
  readonly channel: Channel;
  readonly sent: readonly Sent[];
  /** Thrown by the next sends, one each. */
  readonly failures: SendError[];
  /** Whether nothing arrives; every attempt fails in a way that passes. */
  isDown: boolean;
  /** How often a send was tried. */
  tries: number;
  /** What the first message of each thread shows now, by its name. */
  roots(): Map<string, Message>;
}

export interface ChatOptions {
  readonly name?: string;
  readonly threadMs?: number;
  readonly down?: SendError;
}

export function openChat({ name = 'people', threadMs = DAY, down }: ChatOptions = {}): Chat {
  const sent: Sent[] = [];
  const failures: SendError[] = [];
  const channel: Channel = {
    name,
    type: 'recorder',
    audience: 'people',
    timeoutMs: 1_000,
    spacingMs: 0,
    threadMs,
    render: (message, _, root = null) => JSON.stringify({ message, root }),
    async send(envelope) {
      chat.tries += 1;
      const failure = failures.shift() ?? (chat.isDown ? down : undefined);
      if (failure !== undefined) throw failure;
      sent.push({ ...envelope, ...(JSON.parse(envelope.body) as Pick<Sent, 'message' | 'root'>) });
      return { answer: 'ok', ref: `name of ${sent.length}` };
    },
    probe: async () => ({ answer: 'ok' }),
    close: async () => undefined,
  };
  const chat: Chat = {
    channel,
    sent,
    failures,
    isDown: false,
    tries: 0,
    roots() {
      const roots = new Map<string, Message>();
      sent.forEach(({ message, root, thread }, i) => {
        const answered = thread?.rootRef ?? null;
        if (answered === null) roots.set(`name of ${i + 1}`, message);
        else if (thread?.isLatest === true && root !== null) roots.set(answered, root.now);
      });
      return roots;
    },
  };
  return chat;
}

const asUndelivered = ({ original }: Pick<Undelivered, 'original'>): Message => ({
  ...original,
  title: `[UNDELIVERED] ${original.title}`,
});

/** Polls rules that tell chats and sends what is due, as of instants that the test names. */
export function chatWorld(
  world: PollWorld,
  chats: readonly Chat[],
  { sendResolved = true, intervalMs = 0, state = world.state, composeReport = asUndelivered } = {},
) {
  const channels = new Map(chats.map(({ channel }) => [channel.name, channel]));
  const incidents = {
    by: 'service' as const,
    intervalMs,
    terms: new Map([...channels.keys()].map((name) => [name, { byIncident: true, sendResolved }])),
  };
  let now = 0;
  const deliverer = createDeliverer({
    outbox: world.state,
    channels: [...channels.values()],
    healthChannels: [],
    leaseToken: null,
    now: () => now,
    random: () => 0.5,
    composeReport,
    onReport: () => undefined,
  });
  return {
    async tell(
      rules: readonly Rule[],
      at: number,
      options: { readonly onlyLatest?: boolean } = {},
    ): Promise<PollReport> {
      const report = await poll(world.parts(rules, { channels, incidents, state }), at, () => at, options);
      if (report.error !== null) throw report.error;
      return report;
    },
    /** Sends what is due, as one worker that lives all the time. */
    deliver(at: number): Promise<void> {
      now = at;
      return deliverer.deliverDue();
    },
  };
}
