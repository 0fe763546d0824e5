import type { TestContext } from 'vitest';
import type { ChannelType, Envelope, Root } from '../../src/channels/channel.ts';
import { type HttpReply, type ReceivedRequest, startHttpReceiver } from '../../src/demo/http-receiver.ts';
import type { Message } from '../../src/model/message.ts';
import { sampleAlert, sampleNews } from '../channels/sample-messages.ts';
import type { Fault, SampleReceiver } from '../contract/channels/sample-receiver.ts';

/** How a provider answers. A GET is a question: nothing is posted by it. */
export interface Provider {
  accept(request: ReceivedRequest, count: number): HttpReply;
  /** The answer to a GET. */
  describe?(request: ReceivedRequest): HttpReply;
  readonly faults: Readonly<Record<Exclude<Fault, 'hangs'>, HttpReply>>;
}

export interface PostingReceiver extends Pick<SampleReceiver, 'ids' | 'taken' | 'close'> {
  readonly base: string;
  /** Every request, with those that were refused. */
  readonly requests: readonly ReceivedRequest[];
}

/** A local server that takes POSTs as a provider does, or answers all of them with `fault`. */
export async function startPostingReceiver(
  provider: Provider,
  fault: Fault | null,
): Promise<PostingReceiver> {
  const requests: ReceivedRequest[] = [];
  const posts: ReceivedRequest[] = [];
  const server = await startHttpReceiver((request) => {
    requests.push(request);
    if (fault === 'hangs') return 'hang';
    if (fault !== null) return provider.faults[fault];
    if (request.method === 'GET') return provider.describe?.(request) ?? { status: 405 };
    posts.push(request);
    return provider.accept(request, posts.length);
  });
  return {
    base: `http://127.0.0.1:${server.port}`,
    requests,
    ids: () => Promise.resolve(posts.map(({ headers }) => headers['webhook-id'] ?? '')),
    taken: () => posts.map(({ body }) => body),
    close: server.close,
  };
}

export function json(
  status: number,
  value: unknown,
  headers: Readonly<Record<string, string>> = {},
): HttpReply {
  return { status, headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(value) };
}

const NO_FAULTS: Provider['faults'] = {
  busy: 'drop',
  'refuses us': 'drop',
  'refuses the message': 'drop',
};

/** Sends one message on a channel of this type to a server that answers with `reply`. */
export function sender<Options extends { type: string }>(
  type: ChannelType<Options>,
  keys: (base: string) => object,
) {
  return async (
    context: TestContext,
    reply: HttpReply | Provider['accept'],
    {
      message = ALERT,
      root = null,
      ...changes
    }: Partial<Envelope> & {
      readonly message?: Message;
      readonly root?: Root | null;
    } = {},
  ) => {
    const accept = typeof reply === 'function' ? reply : () => reply;
    const server = await startPostingReceiver(
      { accept, describe: () => accept(ASKED, 0), faults: NO_FAULTS },
      null,
    );
    context.onTestFinished(server.close);
    const channel = await type.open('oncall', type.schema.parse({ type: type.type, ...keys(server.base) }));
    context.onTestFinished(channel.close);
    const id = 'dlv_7';
    const envelope = { id, body: channel.render(message, id, root), accepted: [], ...changes };
    const never = new AbortController().signal;
    return {
      server,
      channel,
      send: () => channel.send(envelope, never),
      probe: () => channel.probe(never),
      /** The body of the last request. */
      body: () => JSON.parse(server.requests.at(-1)?.body ?? '') as Record<string, unknown>,
    };
  };
}

const ALERT = sampleNews([sampleAlert()]);
const ASKED: ReceivedRequest = { method: 'GET', path: '', headers: {}, body: '', bytes: Buffer.alloc(0) };
