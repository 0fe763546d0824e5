import { type HttpReply, type ReceivedRequest, startHttpReceiver } from './http-receiver.ts';

/** A call of the Web API, or (method `webhook`) a post to the incoming webhook. */
export interface SlackCall {
  readonly method: string;
  readonly token: string | null;
  readonly args: Readonly<Record<string, unknown>>;
}

export interface SlackReceiver {
  readonly apiUrl: string;
  readonly webhookUrl: string;
  readonly calls: readonly SlackCall[];
  /** What stands in the channel: the arguments of each post that was taken. */
  readonly posts: readonly Readonly<Record<string, unknown>>[];
  close(): Promise<void>;
}

const CHANNEL = { id: 'C0DEMO0001', name: 'llm-spend' };

/** As much of Slack as a bot that posts and looks for its own posts can tell apart from Slack. */
export async function startSlackReceiver(
  options: {
    readonly onPost?: (post: Readonly<Record<string, unknown>>) => void;
    /** Answers in Slack's place; undefined leaves the answer to it. */
    readonly respond?: (call: SlackCall, attempt: number) => HttpReply | undefined;
    /** What becomes of a post before the answer of `respond`: taken all the same, as in a crash of the sender. */
    readonly keep?: boolean;
  } = {},
): Promise<SlackReceiver> {
  const calls: SlackCall[] = [];
  const posts: Record<string, unknown>[] = [];
  const take = (args: Readonly<Record<string, unknown>>): void => {
    posts.push({ ...args });
    options.onPost?.(args);
  };
  const server = await startHttpReceiver((request) => {
    const call = callOf(request);
    calls.push(call);
    const scripted = options.respond?.(call, calls.length);
    const isPost = call.method === 'chat.postMessage' || call.method === 'webhook';
    if (isPost && (scripted === undefined || options.keep === true)) take(call.args);
    if (scripted !== undefined) return scripted;
    return call.method === 'webhook' ? { status: 200, body: 'ok' } : json(answerOf(call, posts));
  });
  const base = `http://127.0.0.1:${server.port}`;
  return {
    apiUrl: `${base}/api/`,
    webhookUrl: `${base}/services/T00000000/B00000000/SeCrEtPaRtOfThePath`,
    calls,
    posts,
    close: server.close,
  };
}

function answerOf({ method }: SlackCall, posts: readonly object[]): Record<string, unknown> {
  const ts = `${Math.floor(Date.now() / 1000)}.${String(posts.length).padStart(6, '0')}`;
  switch (method) {
    case 'chat.postMessage':
      return { ok: true, channel: CHANNEL.id, ts };
    case 'auth.test':
      return { ok: true, team: 'Demo', user: 'spendwatch' };
    case 'conversations.list':
      return { ok: true, channels: [CHANNEL] };
    case 'conversations.history':
      return { ok: true, messages: [...posts].reverse(), has_more: false };
    default:
      return { ok: false, error: 'unknown_method' };
  }
}

/** Arguments come as a form whose members may be JSON, or as JSON. */
function callOf({ path, headers, body }: ReceivedRequest): SlackCall {
  const token = headers.authorization?.replace(/^Bearer /, '') ?? null;
  const method = path.startsWith('/api/') ? path.slice('/api/'.length) : 'webhook';
  if (headers['content-type']?.startsWith('application/json') === true) {
    return { method, token, args: JSON.parse(body) as Record<string, unknown> };
  }
  const form = [...new URLSearchParams(body)].map(([name, value]) => [name, parsed(name, value)]);
  return { method, token, args: Object.fromEntries(form) as Record<string, unknown> };
}

function parsed(name: string, value: string): unknown {
  return name === 'blocks' || name === 'metadata' ? JSON.parse(value) : value;
}

function json(value: object): HttpReply {
  return { status: 200, headers: { 'content-type': 'application/json' }, body: JSON.stringify(value) };
}
