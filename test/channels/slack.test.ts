import { afterEach, describe, expect, test } from 'vitest';
import type { Channel, Envelope } from '../../src/channels/channel.ts';
import { renderSlack } from '../../src/channels/slack/blocks.ts';
import { slack } from '../../src/channels/slack/slack.ts';
import { type SlackCall, startSlackReceiver } from '../../src/demo/slack-receiver.ts';
import { hostileMessage, sampleAlert, sampleNews } from './sample-messages.ts';
import { SAMPLES } from './samples.ts';
import { faultsForSlack, type SlackBlock } from './slack-limits.ts';

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
const never = new AbortController().signal;
const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup();
});

const refusing = (error: string) => ({ status: 200, body: JSON.stringify({ ok: false, error }) });
const alert = sampleNews([sampleAlert()]);

function envelope(channel: Channel, id: string): Envelope {
  return { id, body: channel.render(alert, id), accepted: [] };
}

async function open(
  options: Parameters<typeof startSlackReceiver>[0] = {},
  as: 'bot' | 'webhook' = 'bot',
  more: Readonly<Record<string, unknown>> = {},
) {
  const server = await startSlackReceiver(options);
  cleanups.push(server.close);
  const keys =
    as === 'bot'
      ? { token: 'xoxb-1', channel: '#llm-spend', api_url: server.apiUrl.replace(/\/$/, '') }
      : { webhook_url: server.webhookUrl };
  const channel = await slack.open('oncall', slack.schema.parse({ type: 'slack', ...keys, ...more }));
  const send = (changes: Pick<Envelope, 'firstTriedAt'> = {}) =>
    channel.send({ ...envelope(channel, 'dlv_7'), ...changes }, never);
  return { server, channel, send };
}

function posted(calls: readonly SlackCall[]): readonly SlackCall[] {
  return calls.filter(({ method }) => method === 'chat.postMessage' || method === 'webhook');
}

describe('a post', () => {
  test('goes to the channel with token, text and blocks', async () => {
    const { server, send } = await open();
    await send();
    expect(server.calls).toMatchObject([
      { method: 'chat.postMessage', token: 'xoxb-1', args: { channel: '#llm-spend', text: alert.title } },
    ]);
    expect(server.posts[0]?.blocks).toContainEqual(expect.objectContaining({ type: 'header' }));
  });

  test.each([...Object.entries(SAMPLES), ['hostile', hostileMessage()] as const])(
    '%s keeps within the limits of Slack',
    (_, message) => {
      const { text, blocks } = renderSlack(message, 'dlv_1');
      expect(text).not.toBe('');
      expect(faultsForSlack(blocks as unknown as SlackBlock[])).toEqual([]);
    },
  );

  test('with a title and tables beyond any limit is cut, not refused', () => {
    const long = '&'.repeat(80);
    const parts = Array.from({ length: 5 }, (_, i) => ({
      key: `${i}${long}`,
      value: sampleAlert().finding.value,
    }));
    const message = sampleNews(
      Array.from({ length: 30 }, (_, i) =>
        sampleAlert({ key: [`${long}${i}`], breakdown: { model: parts, user: parts, endpoint: parts } }),
      ),
      { message: 'x'.repeat(10_000) },
    );
    const { blocks } = renderSlack(message, 'dlv_1');
    expect(faultsForSlack(blocks as unknown as SlackBlock[])).toEqual([]);
  });

  test.each(['bot', 'webhook'] as const)(
    'whose blocks are refused is made once more in plain text (%s)',
    async (as) => {
      const refused = as === 'bot' ? refusing('invalid_blocks') : { status: 400, body: 'invalid_blocks' };
      const { server, send } = await open(
        { respond: ({ args }) => (args.blocks === undefined ? undefined : refused) },
        as,
      );
      expect((await send()).answer).toContain('plain text');
      expect(posted(server.calls)).toHaveLength(2);
      expect(server.posts).toMatchObject([
        { text: expect.stringContaining('$312.46 in 1h (limit $100.00)') },
      ]);
    },
  );

  test('whose blocks and text are both refused is not made a third time', async () => {
    const { server, send } = await open({ respond: () => refusing('invalid_blocks') });
    await expect(send()).rejects.toMatchObject({ kind: 'final' });
    expect(server.calls).toHaveLength(2);
  });
});

describe('a failure', () => {
  test.each([
    ['ratelimited', 'passing'],
    ['internal_error', 'passing'],
    ['service_unavailable', 'passing'],
    ['a_word_nobody_knows', 'passing'],
    ['invalid_auth', 'person'],
    ['channel_not_found', 'person'],
    ['not_in_channel', 'person'],
    ['is_archived', 'person'],
    ['msg_too_long', 'final'],
    ['no_text', 'final'],
  ] as const)('called %s is %s', async (error, kind) => {
    const { send } = await open({ respond: () => refusing(error) });
    await expect(send()).rejects.toMatchObject({ kind, message: `Slack refused: ${error}` });
  });

  test.each([
    [429, { 'retry-after': '7' }, { kind: 'passing', reason: 'rate_limited', retryAfterMs: 7000 }],
    [429, {}, { kind: 'passing', reason: 'rate_limited', retryAfterMs: null }],
    [500, {}, { kind: 'passing', reason: 'server' }],
    [403, {}, { kind: 'person' }],
  ] as const)('with HTTP %i and %j is told apart', async (status, headers, failure) => {
    const { send, server } = await open({ respond: () => ({ status, headers }) });
    await expect(send()).rejects.toMatchObject(failure);
    expect(server.calls).toHaveLength(1);
  });

  test.each([
    ['bot', 302],
    ['bot', 307],
    ['webhook', 302],
    ['webhook', 307],
  ] as const)('by a redirect of a %s (%i) passes, and nobody is told elsewhere', async (as, status) => {
    const elsewhere = await startSlackReceiver();
    cleanups.push(elsewhere.close);
    const location = as === 'bot' ? `${elsewhere.apiUrl}chat.postMessage` : elsewhere.webhookUrl;
    const { send, server } = await open({ respond: () => ({ status, headers: { location } }) }, as);
    await expect(send()).rejects.toMatchObject({ kind: 'passing' });
    expect(server.calls).toHaveLength(1);
    expect(elsewhere.calls).toEqual([]);
  });

  test('of an answer that is not from Slack passes and does not repeat the page', async () => {
    const { send } = await open({
      respond: () => ({ status: 200, body: '<html>a proxy says hello</html>' }),
    });
    await expect(send()).rejects.toMatchObject({
      kind: 'passing',
      message: expect.not.stringContaining('html'),
    });
  });

  test.each([
    [404, 'no_service', 'person'],
    [403, 'action_prohibited', 'person'],
    [410, 'channel_is_archived', 'person'],
    [400, 'no_text', 'final'],
    [500, 'rollup_error', 'passing'],
    [404, 'Cannot POST /services/T00000000/B00000000/SeCrEtPaRtOfThePath', 'person'],
  ] as const)(
    'of an incoming webhook with HTTP %i %s is %3$s and keeps its path secret',
    async (status, body, kind) => {
      const { send } = await open({ respond: () => ({ status, body }) }, 'webhook');
      const error = await send().catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ name: 'SendError', kind });
      expect(String(error)).not.toContain('SeCrEt');
    },
  );
});

describe('a repeat', () => {
  const MINUTES_AGO = Date.now() - 120_000;

  test('is not made when the first attempt has arrived after all', async () => {
    const { server, send } = await open({
      keep: true,
      respond: ({ method }, n) => (method === 'chat.postMessage' && n === 1 ? 'drop' : undefined),
    });
    await expect(send()).rejects.toMatchObject({ kind: 'passing' });
    expect((await send({ firstTriedAt: MINUTES_AGO })).answer).toContain('already');
    expect(server.posts).toHaveLength(1);
    expect(server.calls).toContainEqual(
      expect.objectContaining({
        method: 'conversations.history',
        args: expect.objectContaining({ channel: 'C0DEMO0001' }),
      }),
    );
  });

  test('is made when the channel does not hold the message', async () => {
    const { server, send } = await open();
    await send({ firstTriedAt: MINUTES_AGO });
    expect(server.posts).toHaveLength(1);
  });

  test('is not made when the message is in the channel of an id, behind many others', async () => {
    const { server, channel, send } = await open({}, 'bot', { channel: 'C0DEMO0001' });
    await send();
    for (let i = 0; i < 45; i += 1) await channel.send(envelope(channel, `other-${i}`), never);
    expect((await send({ firstTriedAt: MINUTES_AGO })).answer).toContain('already');
    expect(server.posts).toHaveLength(46);
  });

  test('asks for no more of the past than the message can lie in', async () => {
    let now = Date.now();
    const { server, send } = await open({ now: () => now });
    await send();
    now += 3 * DAY;
    await send({ firstTriedAt: now - MINUTE });
    expect(server.posts).toHaveLength(2);
  });

  test.each([
    ['ahead, as one in another zone', 14 * 60 * MINUTE],
    ['behind', -14 * 60 * MINUTE],
  ])('is not made by a clock that is %s', async (_, ahead) => {
    const { server, send } = await open();
    await send();
    expect((await send({ firstTriedAt: Date.now() + ahead })).answer).toContain('already');
    expect(server.posts).toHaveLength(1);
  });

  test.each(['missing_scope', 'channel_not_found', 'unknown_method'])(
    'is made when the channel may not be read (%s)',
    async (error) => {
      const { server, send } = await open({
        respond: ({ method }) => (method.startsWith('conversations') ? refusing(error) : undefined),
      });
      await send({ firstTriedAt: MINUTES_AGO });
      expect(server.posts).toHaveLength(1);
    },
  );

  test('waits when Slack cannot say whether it is needed', async () => {
    const { server, send } = await open({
      respond: ({ method }) => (method.startsWith('conversations') ? { status: 503 } : undefined),
    });
    await expect(send({ firstTriedAt: MINUTES_AGO })).rejects.toMatchObject({ kind: 'passing' });
    expect(server.posts).toEqual([]);
  });
});
