// A local stand-in for Slack's Web API.

import { type HttpReply, type ReceivedRequest, startHttpReceiver } from './http-receiver.ts';
import { type SharedFile, slackFiles } from './slack-files.ts';

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
  /** The content of the channel: the arguments of each accepted post. */
  readonly posts: readonly Readonly<Record<string, unknown>>[];
  /** The channel as its readers see it now: edits are made. */
  readonly shown: () => readonly Readonly<Record<string, unknown>>[];
  /** The files that were shared. */
  readonly files: readonly SharedFile[];
  close(): Promise<void>;
}

const CHANNEL = 'llm-spend';
/** Slack may return fewer messages than were asked for, with a cursor for the rest. */
const MOST_IN_PAGE = 20;

interface Kept {
  args: Readonly<Record<string, unknown>>;
  readonly channelId: string;
  /** Slack's clock: seconds, with a fraction that makes it the message's id within its channel. */
  readonly ts: string;
}

interface Workspace {
  readonly channels: string[];
  readonly kept: Kept[];
  now(): number;
}

/** As much of Slack as a bot needs that posts and looks for its own posts. */
export async function startSlackReceiver(
  options: {
    readonly onPost?: (post: Readonly<Record<string, unknown>>) => void;
    readonly onEdit?: (post: Readonly<Record<string, unknown>>) => void;
    /** Answers in place of Slack; undefined leaves the answer to it. */
    readonly respond?: (call: SlackCall, attempt: number) => HttpReply | undefined;
    /** Whether a post whose answer `respond` withholds is stored all the same, as when the sender crashes before it. */
    readonly keep?: boolean;
    /** Slack's clock, ms. */
    now?(): number;
  } = {},
): Promise<SlackReceiver> {
  const calls: SlackCall[] = [];
  const posts: Record<string, unknown>[] = [];
  const workspace: Workspace = { channels: [CHANNEL], kept: [], now: options.now ?? Date.now };
  const take = (args: Readonly<Record<string, unknown>>): void => {
    posts.push({ ...args });
    keep(workspace, args);
    options.onPost?.(args);
  };
  const files: SharedFile[] = [];
  const uploads = slackFiles((file) => files.push(file));
  let base = '';
  const server = await startHttpReceiver((request) => {
    const taken = uploads.take(request);
    if (taken !== null) return taken;
    const call = callOf(request);
    calls.push(call);
    const scripted = options.respond?.(call, calls.length);
    const isPost = call.method === 'chat.postMessage' || call.method === 'webhook';
    const isRefused = isPost && isOfNoThread(call.args, workspace);
    if (
      isPost &&
      !isRefused &&
      (scripted === undefined || (options.keep === true && typeof scripted === 'string'))
    )
      take(call.args);
    if (scripted !== undefined) return scripted;
    if (call.method === 'webhook') return { status: 200, body: 'ok' };
    if (call.method === 'chat.update') options.onEdit?.(call.args);
    if (isRefused) return json({ ok: false, error: 'thread_not_found' });
    return json(uploads.answer(call, base) ?? answerOf(call, workspace));
  });
  base = `http://127.0.0.1:${server.port}`;
  return {
    apiUrl: `${base}/api/`,
    webhookUrl: `${base}/services/T00000000/B00000000/SeCrEtPaRtOfThePath`,
    calls,
    posts,
    shown: () => workspace.kept.map(({ args, ts }) => ({ ...args, ts })),
    files,
    close: server.close,
  };
}

function answerOf({ method, args }: SlackCall, workspace: Workspace): Record<string, unknown> {
  switch (method) {
    case 'chat.postMessage': {
      const last = workspace.kept.at(-1);
      return { ok: true, channel: last?.channelId, ts: last?.ts };
    }
    case 'auth.test':
      return { ok: true, team: 'Demo', user: 'spendwatch' };
    case 'conversations.list':
      return { ok: true, channels: workspace.channels.map((name, i) => ({ id: channelId(i), name })) };
    case 'chat.update':
      return update(workspace, args);
    case 'chat.getPermalink':
      return { ok: true, permalink: `https://demo.slack.com/archives/${args.channel}/p${args.message_ts}` };
    case 'conversations.history':
      return history(workspace, args, (one) => isInChannel(one));
    case 'conversations.replies':
      if (!workspace.kept.some(({ ts }) => ts === args.ts)) return { ok: false, error: 'thread_not_found' };
      return history(
        workspace,
        args,
        ({ ts, args: { thread_ts } }) => ts === args.ts || thread_ts === args.ts,
      );
    default:
      return { ok: false, error: 'unknown_method' };
  }
}

function keep({ channels, kept, now }: Workspace, args: Readonly<Record<string, unknown>>): void {
  const name = String(args.channel ?? CHANNEL).replace(/^#/, '');
  const isId = channels.some((_, i) => channelId(i) === name);
  if (!isId && !channels.includes(name)) channels.push(name);
  const number = String(kept.length).padStart(6, '0');
  kept.push({
    args,
    channelId: isId ? name : channelId(channels.indexOf(name)),
    ts: `${Math.floor(now() / 1000)}.${number}`,
  });
}

/** A reply stays in its thread, unless it is shown in the channel too. */
function isInChannel({ args: { thread_ts, reply_broadcast } }: Kept): boolean {
  return thread_ts === undefined || String(reply_broadcast) === 'true';
}

function isOfNoThread({ thread_ts }: SlackCall['args'], { kept }: Workspace): boolean {
  return thread_ts !== undefined && !kept.some(({ ts }) => ts === thread_ts);
}

function update(
  { kept }: Workspace,
  { ts, channel, ...content }: SlackCall['args'],
): Record<string, unknown> {
  const found = kept.find((one) => one.ts === ts && one.channelId === channel);
  if (found === undefined) return { ok: false, error: 'message_not_found' };
  found.args = { ...found.args, ...content };
  return { ok: true, channel, ts };
}

/**
 * Accepts channel ids only, returns messages from `oldest` (seconds) on, newest first, with metadata only when asked for it.
 */
function history(
  { channels, kept }: Workspace,
  { channel, oldest = 0, limit = MOST_IN_PAGE, cursor = 0, include_all_metadata: all }: SlackCall['args'],
  isWanted: (one: Kept) => boolean,
): Record<string, unknown> {
  if (!channels.some((_, i) => channelId(i) === channel)) return { ok: false, error: 'channel_not_found' };
  const found = kept
    .filter((one) => one.channelId === channel && Number(one.ts) > Number(oldest) && isWanted(one))
    .reverse()
    .map(({ args, ts }) => ({
      ...args,
      type: 'message',
      ts,
      ...shownMetadata(args, String(all) === 'true'),
    }));
  const end = Number(cursor) + Math.min(Number(limit), MOST_IN_PAGE);
  const hasMore = found.length > end;
  return {
    ok: true,
    messages: found.slice(Number(cursor), end),
    has_more: hasMore,
    ...(hasMore ? { response_metadata: { next_cursor: String(end) } } : {}),
  };
}

function shownMetadata({ metadata }: SlackCall['args'], isAll: boolean): Record<string, unknown> {
  if (metadata === undefined || isAll) return {};
  return { metadata: { event_type: (metadata as { event_type: unknown }).event_type } };
}

function channelId(index: number): string {
  return `C0DEMO${String(index + 1).padStart(4, '0')}`;
}

/** Parses arguments from a form whose members may be JSON, or from JSON. */
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
  return name === 'blocks' || name === 'metadata' || name === 'files' ? JSON.parse(value) : value;
}

function json(value: object): HttpReply {
  return { status: 200, headers: { 'content-type': 'application/json' }, body: JSON.stringify(value) };
}
